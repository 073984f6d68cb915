"""The first rule that takes a tensor decides."""

import pytest

from sqtheory.exceptions import InputRefused
from sqtheory.execution.rules import RecipeRule, Rules
from sqtheory.files.checkpoints import TensorInfo


def info(name: str, shape: tuple[int, ...] = (4, 8), dtype: str = "F32") -> TensorInfo:
    return TensorInfo(name, dtype, shape, 0)


TENSORS = (info("a.weight"), info("b.weight"), info("a.bias", (4,)), info("embed.weight"), info("n", dtype="I32"))
RULES = Rules(
    (
        RecipeRule(("re:a.*",), ("re:.*bias",), "2:4", "int4"),
        RecipeRule(("b.weight",), leave=True),
        RecipeRule(mask="50%", format="mxfp4"),
        RecipeRule(("embed.weight", "b.weight"), format="int8"),
    ),
    "r.toml",
)


def test_each_tensor_goes_to_the_first_rule_that_takes_it() -> None:
    assert [RULES.choice(one) for one in TENSORS] == [0, 1, None, 3, None]
    taken, skipped = RULES.split(TENSORS)
    assert [one.name for one in taken] == ["a.weight", "embed.weight"]
    assert {one.name: reason for one, reason in skipped} == {
        "b.weight": "rule 2",
        "a.bias": "fewer than two axes",
        "n": "dtype I32",
    }
    assert [[one.name for one in infos] for infos in RULES.by_rule(taken)] == [["a.weight"], [], [], ["embed.weight"]]
    assert RULES.idle(["rule 2", "dtype I32"]) == ["Rule 2 leaves 1 tensor alone."]


def test_a_name_that_is_none_and_rules_that_take_nothing_are_refused() -> None:
    with pytest.raises(InputRefused, match=r"r\.toml: rule 4: no tensor is called 'embed.weight'"):
        RULES.split([one for one in TENSORS if one.name != "embed.weight"])
    with pytest.raises(InputRefused, match=r"the recipe: no rule takes a tensor \(embedding, rule 1\)"):
        Rules((RecipeRule(("a.weight",), leave=True), RecipeRule(format="int4"))).split(
            [info("embed.weight"), info("a.weight")]
        )
    with pytest.raises(ValueError, match=r"r\.toml: holds no rule"):
        Rules((), "r.toml")


def test_a_rule_is_shown_as_it_is_meant() -> None:
    text = RULES.table().text()
    assert "rule  targets" in text and "left alone" in text and "nm(2, 4)" in text
