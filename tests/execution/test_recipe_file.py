"""Recipe files: what they say, and what is said of those that say something else."""

from dataclasses import fields
from pathlib import Path

import pytest

from sqtheory.exceptions import InputRefused
from sqtheory.execution import recipe_file
from sqtheory.execution.recipe_file import KEYS, read_rules
from sqtheory.execution.rules import RecipeRule, Rules
from sqtheory.orders.applied import Order


def written(folder: Path, text: str) -> Path:
    path = folder / "r.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_its_rules_in_one_spelling(tmp_path: Path) -> None:
    text = """
    # a comment
    [[rule]]
    targets = "re:.*q_proj.weight"
    mask = "2:4"
    format = "int4:b32"
    order = "qs"
    [[rule]]
    targets = ["a", "b"]
    ignore = ["b"]
    leave = true
    [[rule]]
    format = "mxfp4"
    frozen_scale = true
    """
    rules = read_rules(written(tmp_path, text))
    first = RecipeRule(("re:.*q_proj.weight",), mask="nm(2, 4)", format="int(4, block=32)", order=Order.qs)
    last = RecipeRule(format="mxfp(e2m1)", frozen_scale=True)
    assert rules == Rules((first, RecipeRule(("a", "b"), ("b",), leave=True), last))
    assert rules.source == str(tmp_path / "r.toml") and last.mask == "nm(1, 1)"


def test_the_hash_is_of_what_is_said_and_not_of_how(tmp_path: Path) -> None:
    one = read_rules(written(tmp_path, '[[rule]]\nmask = "2:4"\nformat = "int4"'))
    same = read_rules(written(tmp_path, '# again\n[[rule]]\nformat = "int(4)"\nmask = "nm(2, 4)"'))
    other = read_rules(written(tmp_path, '[[rule]]\nmask = "2:4"\nformat = "int8"'))
    assert one.sha256 == same.sha256 != other.sha256 and len(one.sha256) == 64


def test_every_field_of_a_rule_has_a_key() -> None:
    assert set(KEYS) == {each.name for each in fields(RecipeRule)}


WRONG = {
    "no TOML": ("[[rule]\n", "not TOML: "),
    "twice": ('[[rule]]\nmask="2:4"\nmask="1:4"', "not TOML: "),
    "unknown at the top": ('[[rules]]\nformat="int4"', "unknown key 'rules': did you mean 'rule'?"),
    "unknown in a rule": (
        '[[rule]]\nformat="int4"\n[[rule]]\nformt="int4"',
        "rule 2: unknown key 'formt': did you mean 'format'?",
    ),
    "unknown and far": (
        "[[rule]]\nzzz=1",
        "rule 1: unknown key 'zzz': known are targets, ignore, mask, format, order, frozen_scale, axis, leave",
    ),
    "no table": ("rule = 3", "rules are tables, written [[rule]]"),
    "one table": ('[rule]\nformat="int4"', "rules are tables, written [[rule]]"),
    "nothing": ("", "holds no rule"),
    "no format": ('[[rule]]\nmask="2:4"', "rule 1: format is missing: a rule has a format, or leave = true"),
    "a format that is none": (
        '[[rule]]\nformat="mxfp44"',
        "rule 1: format: unknown operator 'mxfp44': did you mean 'mxfp4'? at character 1 of 'mxfp44'",
    ),
    "a mask that is none": ('[[rule]]\nformat="int4"\nmask="int4"', "rule 1: mask: int(4) is not a mask"),
    "an order that is none": ('[[rule]]\nformat="int4"\norder="QS"', "rule 1: order is one of sq, qs, gain, got 'QS'"),
    "no text": ("[[rule]]\nformat=4", "rule 1: format is a text, got 4"),
    "no axis": ('[[rule]]\nformat="int4"\naxis=true', "rule 1: axis is the number of an axis, or axes as --axis takes"),
    "an axis that is none": ('[[rule]]\nformat="int4"\naxis="x"', "rule 1: "),
    "no flag": ('[[rule]]\nleave="yes"', "rule 1: leave is true or false, got 'yes'"),
    "no names": ('[[rule]]\nformat="int4"\ntargets=[1]', "rule 1: targets is a name or re:PATTERN, or a list of them"),
    "no name": ('[[rule]]\nformat="int4"\ntargets=[]', "rule 1: targets is a name or re:PATTERN, or a list of them"),
    "no expression": ('[[rule]]\nformat="int4"\ntargets="re:("', "rule 1: 're:(' is not a regular expression"),
    "left alone, but": (
        '[[rule]]\nleave=true\nmask="2:4"',
        "rule 1: a rule that leaves tensors alone has targets and ignore, and nothing else",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_by_file_rule_and_key(tmp_path: Path, name: str) -> None:
    text, said = WRONG[name]
    path = written(tmp_path, text)
    with pytest.raises(ValueError) as refusal:
        read_rules(path)
    assert not isinstance(refusal.value, InputRefused)
    assert str(refusal.value).startswith(f"{path}: {said}")


def test_what_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputRefused, match=r"none.toml: cannot be opened: No such file"):
        read_rules(tmp_path / "none.toml")
    path = tmp_path / "r.toml"
    path.write_bytes(b"\xff[[rule]]")
    with pytest.raises(ValueError, match=r"r.toml: not TOML: 'utf-8' codec"):
        read_rules(path)
    monkeypatch.setattr(recipe_file, "LARGEST", 8)
    with pytest.raises(ValueError, match="has at most 8 bytes"):
        read_rules(path)
