"""A recipe file through every verb that takes one."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import sqtheory as sq
from sqtheory import compress
from sqtheory.cli import main
from sqtheory.execution.recipe_file import read_rules
from sqtheory.files.statistics import SCHEMA
from tests.api.material import parsed, printed, weights

RECIPE = """
[[rule]]
targets = "a.weight"
mask = "2:4"
format = "mxfp4"
order = "qs"
[[rule]]
targets = "b.weight"
leave = true
[[rule]]
mask = "top(0.5, score=random(rng))"
format = "int4:b32"
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "r.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def test_order_has_a_table_for_each_rule(tmp_path: Path, recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = weights(tmp_path)
    result = sq.order(path, recipe=recipe)
    text = printed(capsys, "order", path, "--recipe", recipe)
    assert str(result) == text
    assert "rule 1: nm(2, 4) with mxfp(e2m1)" in text and "rule 3: top(0.5, score=random(rng)) with int(4" in text
    assert text.endswith("Rule 2 leaves 1 tensor alone.")
    content = parsed(capsys, "order", path, "--recipe", recipe)
    assert content == json.loads(json.dumps(result.to_dict()))
    assert [(one["name"], one["rule"]) for one in content["tensors"]] == [("a.weight", 1), ("c.weight", 3)]
    assert {one["name"]: one["reason"] for one in content["skipped"]}["b.weight"] == "rule 2"
    assert len(content["recipe"]["sha256"]) == 64 and content["recipe"]["rules"][1]["leave"]
    alone = sq.order(path, "2:4", "mxfp4", targets="a.weight")
    assert alone.rows[0].order.errors == result.rows[0].order.errors


@pytest.mark.parametrize("pack", [False, True])
def test_apply_and_verify_go_by_rules(
    tmp_path: Path, recipe: Path, pack: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = weights(tmp_path), tmp_path / "out.safetensors"
    made = sq.apply(path, out, recipe=recipe, pack=pack, seed=7)
    content = made.to_dict()["recipe"]
    assert [rule["tensors"] for rule in content["rules"]] == [["a.weight"], [], ["c.weight"]]
    assert main(["verify", str(out), "--against", str(path), "--recipe", str(recipe)]) == 0
    assert sq.verify(out, against=path, recipe=recipe).found.recomputed == 2
    again = sq.apply(path, tmp_path / "again.safetensors", recipe=recipe, pack=pack, seed=7, workers=2)
    assert again.to_dict() == made.to_dict()
    text = printed(capsys, "apply", path, out, "--recipe", recipe, "--dry-run", "--force")
    assert "rule 1: nm(2, 4) with mxfp(e2m1), Q→S" in text and "b.weight (rule 2)" in text


def test_values_are_those_of_each_rule(tmp_path: Path, recipe: Path) -> None:
    path, out = weights(tmp_path), tmp_path / "out.safetensors"
    sq.apply(path, out, recipe=recipe)
    x, y = load_file(path), load_file(out)
    np.testing.assert_array_equal(y["a.weight"], sq.parse("mxfp4 >> 2:4")(x["a.weight"]))
    np.testing.assert_array_equal(y["b.weight"], x["b.weight"])
    assert np.count_nonzero(y["c.weight"]) <= 256 and (y["c.weight"] != x["c.weight"]).any()


def test_another_recipe_is_found(tmp_path: Path, recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = weights(tmp_path), tmp_path / "out.safetensors"
    sq.apply(path, out, recipe=recipe)
    other = tmp_path / "other.toml"
    other.write_text(RECIPE.replace("2:4", "1:4"), encoding="utf-8")
    assert main(["verify", str(out), "--recipe", str(other)]) == 1
    assert f"was not made by the recipe {other}, whose SHA-256 is " in capsys.readouterr().err
    sq.apply(path, out, "2:4", "mxfp4", force=True)
    assert "was not made by the recipe" in sq.verify(out, recipe=recipe).failures[0]


def test_a_report_about_another_choice_is_found(tmp_path: Path, recipe: Path) -> None:
    """Rules are held against the source, and the report against its rules: neither is believed alone."""
    path, out = weights(tmp_path), tmp_path / "out.safetensors"
    sq.apply(path, out, recipe=recipe)
    report = compress.read_report(compress.beside(out))
    ruled = report.recipe
    assert isinstance(ruled, compress.RuledRecipe)
    with pytest.raises(ValueError, match=r"no rule of the recipe took the tensor 'c\.weight'"):
        replace(report, recipe=replace(ruled, tensors=(("a.weight",), (), ())))
    with pytest.raises(ValueError, match="two rules took one tensor"):
        replace(ruled, tensors=(("a.weight",), (), ("a.weight",)))
    with pytest.raises(ValueError, match="one that leaves tensors alone has none"):
        replace(ruled, tensors=((), ("b.weight",), ()))
    with pytest.raises(ValueError, match="the SHA-256 of the rules is"):
        replace(ruled, sha256="0" * 64)
    moved = replace(report, recipe=replace(ruled, tensors=(("a.weight", "c.weight"), (), ())))
    compress.beside(out).write_text(moved.to_json(), encoding="utf-8")
    said = [failure.rule for failure in sq.verify(out, against=path).found.failures]
    assert "rule 1 took it, by the source rule 3 takes it" in said


def test_a_page_has_a_section_for_each_rule(tmp_path: Path, recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    weights(tmp_path)
    made = sq.report("in.safetensors", recipe="r.toml", prediction=False)
    assert made.findings.tensors == 2 and "rule 1: nm(2, 4) with mxfp(e2m1)" in made.html
    assert made.findings.rules is not None and made.findings.rules.sha256 in made.html
    assert "sqtheory apply in.safetensors in-recipe.safetensors --recipe r.toml" in made.html
    assert made.to_dict()["command"].startswith("sqtheory report in.safetensors --recipe r.toml")


def test_a_recipe_stands_alone(tmp_path: Path, recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = weights(tmp_path)
    for more in (["--mask", "2:4"], ["--format", "int4"], ["--targets", "a.weight"], ["--ties", "high_index"]):
        assert main(["order", str(path), "--recipe", str(recipe), *more]) == 2
        assert "a recipe says masks, formats, orders and targets itself" in capsys.readouterr().err
    assert main(["apply", str(path), str(tmp_path / "o.safetensors"), "--recipe", str(recipe), "--order", "qs"]) == 2
    assert main(["order", str(path), "--mask", "2:4"]) == 2
    assert "--mask and --format are needed, or --recipe" in capsys.readouterr().err
    assert main(["apply", str(path), str(tmp_path / "o.safetensors")]) == 2
    assert "--format is needed, or --recipe" in capsys.readouterr().err
    assert main(["order", str(path), "--recipe", str(tmp_path / "none.toml")]) == 3
    recipe.write_text("[[rule]]\nformt = 'int4'", encoding="utf-8")
    assert main(["order", str(path), "--recipe", str(recipe)]) == 2
    assert f"{recipe}: rule 1: unknown key 'formt': did you mean 'format'?" in capsys.readouterr().err


def test_rules_that_await_statistics_are_told_them(tmp_path: Path) -> None:
    path, recipe = weights(tmp_path), tmp_path / "w.toml"
    recipe.write_text('[[rule]]\ntargets="a.weight"\nmask="nm(2, 4, score=wanda)"\nformat="int4"', encoding="utf-8")
    with pytest.raises(ValueError, match="awaits"):
        sq.order(path, recipe=recipe)
    with pytest.raises(ValueError, match="awaits"):
        sq.apply(path, tmp_path / "out.safetensors", recipe=recipe)


def test_a_recipe_tells_its_masks_what_they_await(tmp_path: Path) -> None:
    path, recipe, known = weights(tmp_path), tmp_path / "w.toml", tmp_path / "s.safetensors"
    recipe.write_text(
        '[[rule]]\ntargets="a.weight"\nmask="nm(2, 4, score=wanda)"\nformat="int4"\n[[rule]]\nformat="int8"',
        encoding="utf-8",
    )
    save_file({"a.weight.norms": np.arange(1.0, 65.0)}, known, {"schema": SCHEMA})
    result = sq.order(path, recipe=recipe, statistics=known)
    assert [one.format for one in result.pipelines] == ["int(4)", "int(8)"]
    out = tmp_path / "out.safetensors"
    sq.apply(path, out, recipe=recipe, statistics=known)
    assert sq.verify(out, against=path, statistics=known).failures == ()
    with pytest.raises(ValueError, match="no rule"):
        recipe.write_text('[[rule]]\nformat="int8"', encoding="utf-8")
        sq.order(path, recipe=recipe, statistics=known)


def test_an_axis_of_a_rule_is_the_one_that_groups_run_along(tmp_path: Path) -> None:
    path, recipe, out = weights(tmp_path), tmp_path / "a.toml", tmp_path / "out.safetensors"
    recipe.write_text('[[rule]]\ntargets="a.weight"\nmask="2:4"\nformat="int4:b32"\naxis=0', encoding="utf-8")
    sq.apply(path, out, recipe=recipe)
    x, y = load_file(path)["a.weight"], load_file(out)["a.weight"]
    np.testing.assert_array_equal(y, sq.parse("2:4 >> int4:b32")(np.ascontiguousarray(x.T)).T)
    assert sq.verify(out, against=path, recipe=recipe).failures == ()
    [row] = sq.order(path, recipe=recipe).rows
    assert row.view is not None and row.order.errors == sq.order(path, "2:4", "int4:b32", axis="0").rows[0].order.errors


def test_the_recipe_of_the_documentation_is_one(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "notebooks" / "docs" / "checkpoints.md"
    [text] = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    rules = read_rules(path)
    assert [rule.format for rule in rules.rules] == ["", "int(8, block=128, scaling=midpoint)", "mxfp(e2m1)"]


def test_rules_take_experts_and_kernels_and_leave_what_does_not_fit(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    shapes = {
        "mlp.experts.down_proj": (3, 16, 32),
        "conv.weight": (8, 8, 3, 3),
        "odd.weight": (8, 30),
        "x.weight": (8, 64),
    }
    path, recipe, out = tmp_path / "m.safetensors", tmp_path / "r.toml", tmp_path / "out.safetensors"
    save_file({name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}, path)
    recipe.write_text(
        '[[rule]]\ntargets="re:.*experts.*"\nmask="2:4"\nformat="nvfp4"\naxis=1\n'
        '[[rule]]\nmask="2:4"\nformat="MXFP4A16"\norder="qs"',
        encoding="utf-8",
    )
    result = sq.order(path, recipe=recipe, workers=2)
    assert {row.name: row.view is None for row in result.rows} == {
        "conv.weight": False,
        "mlp.experts.down_proj": False,
        "x.weight": True,
    }
    [odd] = [why for info, why in result.chosen.skipped if info.name == "odd.weight"]
    assert odd.startswith("does not fit nm(2, 4)")
    made = sq.apply(path, out, recipe=recipe)
    assert {t.name: t.e_sq for t in made.report.tensors} == {row.name: row.order.errors.sq for row in result.rows}
    assert sq.verify(out, against=path, recipe=recipe).failures == ()
    with pytest.raises(sq.Indivisible, match=r"odd\.weight"):
        sq.order(path, recipe=recipe, strict=True)


def test_a_rule_without_a_mask_says_that_it_prunes_nothing(tmp_path: Path) -> None:
    path, recipe = weights(tmp_path), tmp_path / "q.toml"
    recipe.write_text('[[rule]]\nformat = "int4"\n', encoding="utf-8")
    said = "rule 1: nm(1, 1), which prunes nothing, with int(4)"
    assert said in str(sq.order(path, recipe=recipe))
    assert said in str(sq.apply(path, tmp_path / "out.safetensors", recipe=recipe, dry_run=True))
    assert said in sq.report(path, recipe=recipe).html
