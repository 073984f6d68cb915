import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sqtheory.compress import Report, Verification, beside, read_report
from sqtheory.compress.report import signed
from sqtheory.exceptions import CheckpointError, InputRefused
from sqtheory.orders.applied import Order
from tests.compress.material import INDEX, RECIPES, SECOND, SQ, applied, archive, one_file, sharded, verified
from tests.files.checkpoints.handmade import often
from tests.nightly import thin

Tensors = dict[str, np.ndarray]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return one_file(tmp_path / "in.safetensors")


@pytest.fixture
def out(source: Path) -> Path:
    path = source.with_name("out.safetensors")
    applied(source, path)
    return path


def changed(out: Path, change: Callable[[Tensors], None]) -> None:
    """The file with other tensors, its metadata as they were."""
    with safe_open(out, framework="np") as reader:
        metadata = reader.metadata()
    tensors = {name: array.copy() for name, array in load_file(out).items()}
    change(tensors)
    save_file(tensors, out, metadata=metadata)


def first(found: Verification) -> tuple[str | None, str]:
    assert found.failures
    return found.failures[0].tensor, found.failures[0].rule


def crowd(t: Tensors) -> None:
    row = t["b.weight"][3]
    group = row[4:8]
    group[np.flatnonzero(group == 0)[0]] = group[np.flatnonzero(group)[0]]


def leave_grid(t: Tensors) -> None:
    w = t["a.weight"]
    w[w != 0] *= np.float32(1.03)


def nudge(t: Tensors) -> None:
    w = t["c.weight"].view("u2")
    w[tuple(np.argwhere(t["c.weight"] != 0)[0])] ^= 1


def swap(t: Tensors) -> None:
    t["a.weight"][[0, 1]] = t["a.weight"][[1, 0]]


def negate(t: Tensors) -> None:
    t["a.weight"][np.nonzero(t["a.weight"] == 0)[0][0]] *= -1


def spoil(t: Tensors) -> None:
    t["a.weight"][2, 3] = np.nan


CHANGES: dict[str, tuple[Callable[[Tensors], None], str | None, str]] = {
    "a group": (crowd, "b.weight", r"pattern is broken: group (3, 1) has 3 entries that are not 0, nm(2, 4) keeps 2"),
    "the grid": (leave_grid, "a.weight", "off the grid of mxfp(e2m1)"),
    "a bit": (nudge, "c.weight", "off the grid"),
    "rows": (swap, "a.weight", "SHA-256"),
    "signs": (negate, "a.weight", "SHA-256"),
    "a number": (spoil, "a.weight", ""),
    "zeros": (lambda t: t["a.weight"].fill(0), "a.weight", "2048 entries are 0"),
    "what is left alone": (lambda t: t["lm_head.weight"].fill(1), "lm_head.weight", "SHA-256"),
    "a type": (lambda t: t.update({"b.weight": t["b.weight"].astype("f4")}), "b.weight", "is F32 of shape (32, 64)"),
    "a shape": (lambda t: t.update({"b.weight": t["b.weight"].reshape(64, 32)}), "b.weight", "of shape (64, 32)"),
    "one too many": (lambda t: t.update(more=np.ones(2)), "more", "the report does not have it"),
    "one missing": (lambda t: t.pop("ids"), "ids", "is missing"),
}


@pytest.mark.parametrize(("change", "tensor", "rule"), CHANGES.values(), ids=CHANGES)
def test_every_change_is_caught_without_the_source(
    out: Path, change: Callable[[Tensors], None], tensor: str, rule: str
) -> None:
    assert verified(out).failures == ()
    changed(out, change)
    name, said = first(verified(out))
    assert name == tensor and rule in said


def test_swapped_tensors_are_caught(out: Path) -> None:
    def exchange(t: Tensors) -> None:
        t["lm_head.weight"], t["b.weight"] = t["b.weight"], t["lm_head.weight"]

    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(load_file(out)["lm_head.weight"], load_file(out)["b.weight"])
    changed(out, exchange)
    assert {f.tensor for f in verified(out).failures} >= {"lm_head.weight", "b.weight"}


def sealed(content: dict[str, Any]) -> str:
    """A report under a hash of its own, as only somebody who means it writes one."""
    return signed(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def tampered(out: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(beside(out).read_text())
    change(content)
    beside(out).write_text(sealed(content))


def of(which: int, **fields: Any) -> Callable[[Report], Report]:
    """A report that says something else of one of its tensors."""

    def lie(report: Report) -> Report:
        tensors = [*report.tensors]
        tensors[which] = replace(tensors[which], **fields)
        return replace(report, tensors=tuple(tensors))

    return lie


def of_left(which: int, **fields: Any) -> Callable[[Report], Report]:
    """A report that says something else of a tensor that is left alone."""

    def lie(report: Report) -> Report:
        left = [*report.left_alone]
        left[which] = replace(left[which], **fields)
        return replace(report, left_alone=tuple(left))

    return lie


LIES: dict[str, tuple[Callable[[Report], Report], str | None, str]] = {
    **{
        name: (of(0, **{name: 1.5}), "a.weight", f"{name} is")
        for name in ("x_norm", "e_s", "e_q", "e_sq", "e_qs", "e_sq_dense", "e_gain", "error")
    },
    "a little": (lambda r: of(0, e_qs=r.tensors[0].e_qs * (1 + 1e-7))(r), "a.weight", "e_qs is"),
    "infinity": (of(0, x_norm=np.inf), "a.weight", "x_norm is"),
    "rounded": (of(0, rounded=7), "a.weight", "rounded is 0, the report says 7"),
    "zeros": (of(0, zeros=7), "a.weight", "the report says 7"),
    "patterns": (of(0, patterns=()), "a.weight", "patterns is ('2:4',"),
    "open": (of(0, open="x"), "a.weight", "open is"),
    "winner": (of(0, winner="qs"), "a.weight", "winner is sq"),
    "theorem": (of(2, theorem=None), "c.weight", "theorem is prune_first_dominates"),
    "failed": (of(0, failed=("zero",)), "a.weight", "failed is ()"),
    "on_grid": (of(0, on_grid=False), "a.weight", "on_grid is True"),
    "bits": (of(0, bits=1), "a.weight", "bits is None"),
    "bits_in_file": (of(0, bits_in_file=1), "a.weight", "bits_in_file is 65536"),
    "source": (lambda r: replace(r, source={"in.safetensors": "0" * 64}), None, "metadata sqtheory.source_sha256"),
    "copied": (lambda r: replace(r, copied={"more": "0" * 64}), None, "the file more is missing"),
    "headers": (lambda r: replace(r, headers={".": "0" * 64}), None, "has not the recorded SHA-256"),
    "no headers": (lambda r: replace(r, headers={}), None, "has not the recorded SHA-256"),
    "order": (lambda r: replace(r, recipe=replace(r.recipe, order=Order.qs)), None, "metadata sqtheory.recipe"),
    "version": (lambda r: replace(r, version="2"), None, "metadata sqtheory.version"),
    "reason": (of_left(0, reason="normalization"), "embed_tokens.weight", "by the source it is 'embedding'"),
    "type": (of_left(0, dtype="F16"), "embed_tokens.weight", "the report says F16"),
    "reversed": (lambda r: replace(r, tensors=r.tensors[::-1]), None, "in another order"),
}


@thin(2)
@pytest.mark.parametrize(("lie", "tensor", "rule"), LIES.values(), ids=LIES)
def test_a_report_that_lies_is_caught_by_its_source(
    source: Path, out: Path, lie: Callable[[Report], Report], tensor: str | None, rule: str
) -> None:
    """It does not contradict itself, and its hash is its own: the source tells."""
    beside(out).write_text(lie(read_report(beside(out))).to_json())
    name, said = first(verified(out, source))
    assert name == tensor and rule in said


CONTRADICTIONS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "bound": (lambda c: c["tensors"][1].update(bound=1.5), r"tensors\[1\].bound is 1.5, not"),
    "slack": (lambda c: c["tensors"][0].update(slack=1e-9), r"tensors\[0\].slack is 1e-09, not"),
    "error": (lambda c: c["tensors"][0].update(error=1e-9), r"tensors\[0\].slack is .*, not"),
    "ties": (lambda c: c["recipe"].update(ties="high_index"), "recipe.ties is 'high_index', not 'low_index'"),
    "mask": (lambda c: c["recipe"].update(mask="2:4"), r"recipe.mask is '2:4', not 'nm\(2, 4\)'"),
    "kind": (lambda c: c["tensors"][0].update(error=2), r"tensors\[0\].error is 2, not 2.0"),
}


@pytest.mark.parametrize(("spoil", "rule"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_report_that_contradicts_itself_is_refused(
    out: Path, spoil: Callable[[dict[str, Any]], object], rule: str
) -> None:
    tampered(out, spoil)
    with pytest.raises(CheckpointError, match=f"the report contradicts itself: {rule}"):
        read_report(beside(out))


PARTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "more": (lambda c: c["left_alone"][2].update(more=1), r"left_alone\[2\] is an .*: 'more' is one too many"),
    "less": (lambda c: c["tensors"][0].pop("theorem"), r"tensors\[0\] is an .*: 'theorem' is missing"),
    "no recipe": (lambda c: c.pop("recipe"), "'recipe' is missing"),
    "no list": (lambda c: c.update(tensors={"a": 1}), r"tensors\[0\] is an object with the keys name, .*, got 'a'"),
    "no number": (lambda c: c["recipe"].update(norm="two"), r"recipe\.norm is a number, got 'two'"),
    "no source": (lambda c: c.update(source={}), "source names no file"),
}


@pytest.mark.parametrize(("spoil", "rule"), PARTS.values(), ids=PARTS)
def test_a_report_of_other_parts_is_refused(out: Path, spoil: Callable[[dict[str, Any]], object], rule: str) -> None:
    tampered(out, spoil)
    with pytest.raises(CheckpointError, match=f"not a whole report: {rule}"):
        read_report(beside(out))


def test_a_report_without_a_tensor_or_with_one_twice(source: Path, out: Path) -> None:
    """Neither ends in a traceback: what is missing is named, what stands there twice is refused."""
    text = beside(out).read_text()
    content = json.loads(text)
    for tensors in ([], content["tensors"][1:]):
        beside(out).write_text(sealed({**content, "tensors": tensors}))
        assert "the report does not have it" in {f.rule for f in verified(out, source).failures}
    beside(out).write_text(sealed({**content, "tensors": [content["tensors"][0], *content["tensors"]]}))
    with pytest.raises(CheckpointError, match="a report has every tensor once"):
        read_report(beside(out))
    beside(out).write_text(text)


def test_a_report_that_is_only_laid_out_otherwise_is_another(out: Path) -> None:
    text = beside(out).read_text()
    beside(out).write_text(json.dumps(json.loads(text), indent=2))
    with pytest.raises(CheckpointError, match="its sha256 is not that of its text"):
        read_report(beside(out))
    beside(out).write_text(signed(text.replace('\n "', '\n  "')))
    with pytest.raises(CheckpointError, match="contradicts itself: its text is not laid out as apply does"):
        read_report(beside(out))


def test_values_that_the_recipe_does_not_make_are_caught_even_where_the_report_agrees(source: Path, out: Path) -> None:
    """Rows are exchanged and every hash is made to fit: pattern, grid and hashes hold, the source tells."""
    changed(out, swap)
    sha = hashlib.sha256(load_file(out)["a.weight"].tobytes()).hexdigest()
    front = out.read_bytes()[: 8 + int.from_bytes(out.read_bytes()[:8], "little")]
    lie = replace(of(0, sha256=sha)(read_report(beside(out))), headers={".": hashlib.sha256(front).hexdigest()})
    beside(out).write_text(lie.to_json())
    assert verified(out).failures == ()
    assert first(verified(out, source)) == ("a.weight", "its bytes are not what the recipe makes of the source")


def test_another_source_is_caught(source: Path, out: Path) -> None:
    other = source.with_name("other.safetensors")
    tensors = load_file(source)
    tensors["norm.weight"] = tensors["norm.weight"] + np.float32(1)
    save_file(tensors, other, metadata={"format": "pt"})
    found = verified(out, other)
    assert first(found)[0] is None and "is not the source" in first(found)[1]
    assert [f.rule for f in found.failures if f.tensor == "norm.weight"] == [
        "left alone, but its bytes are not those of the source"
    ]


def test_files_of_a_folder_are_checked(tmp_path: Path) -> None:
    source, out = sharded(tmp_path / "in"), tmp_path / "out"
    applied(source, out)
    (out / "README.md").write_text("what is added later is nobody's fault")
    assert verified(out, source).failures == ()
    (out / "config.json").write_text("{}")
    assert first(verified(out)) == (None, "the file config.json changed after it was copied")
    (out / "config.json").unlink()
    assert first(verified(out)) == (None, "the file config.json is missing")
    (out / "config.json").write_bytes((source / "config.json").read_bytes())
    tensors = load_file(out / SECOND)
    save_file(tensors, out / SECOND, metadata={"format": "pt"})
    assert first(verified(out))[1].startswith(f"{SECOND}: its metadata sqtheory.version")
    (out / INDEX).write_text("{}")
    with pytest.raises(CheckpointError):
        verified(out)


def test_archives_are_checked(tmp_path: Path) -> None:
    source, out = archive(tmp_path / "in.npz"), tmp_path / "out.npz"
    applied(source, out, RECIPES["qs"])
    with np.load(out) as loaded:
        arrays = dict(loaded)
    arrays["f"] = np.asfortranarray(arrays["f"][::-1])
    np.savez_compressed(out, **arrays)
    assert first(verified(out)) == ("f", "its bytes have not the recorded SHA-256: it changed after it was written")


def test_a_rounded_tensor_is_held_to_its_bytes(tmp_path: Path) -> None:
    """Once 16 bits have rounded the values, no theorem puts them on the grid; the source still gives every bit."""
    source, out = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    save_file({"w": np.random.default_rng(0).standard_normal((8, 64)).astype(ml_dtypes.bfloat16)}, source)
    report = applied(source, out, RECIPES["frozen"])
    [one] = report.tensors
    assert one.rounded and not one.on_grid
    found = verified(out, source)
    assert found.failures == () and (found.tensors, found.on_grid, found.recomputed) == (1, 0, 1)


MALFORMED: dict[str, Callable[[dict[str, Any]], object]] = {
    "schema": lambda c: c.update(schema="sqtheory.apply/3"),
    "no recipe": lambda c: c.pop("recipe"),
    "mask": lambda c: c["recipe"].update(mask="__import__('os')"),
    "order": lambda c: c["recipe"].update(order="best"),
    "norm": lambda c: c["recipe"].update(norm=-1),
    "norm in words": lambda c: c["recipe"].update(norm="two"),
    "seed": lambda c: c["recipe"].update(seed=-1),
    "no source": lambda c: c.update(source={}),
    "tensors": lambda c: c.update(tensors={}),
    "zeros": lambda c: c["tensors"][0].update(zeros=True),
    "error": lambda c: c["tensors"][0].update(error="NaN"),
    "shape": lambda c: c["tensors"][0].update(shape=[2.5]),
    "a field": lambda c: c["tensors"][0].pop("sha256"),
    "left alone": lambda c: c["left_alone"][0].pop("reason"),
}


@pytest.mark.parametrize("spoil", MALFORMED.values(), ids=MALFORMED)
def test_a_report_that_is_none_is_refused_in_one_line(out: Path, spoil: Callable[[dict[str, Any]], object]) -> None:
    tampered(out, spoil)
    with pytest.raises(CheckpointError) as caught:
        read_report(beside(out))
    assert str(caught.value).isprintable() and beside(out).name in str(caught.value)


def test_a_missing_report_says_what_wrote_it(out: Path) -> None:
    beside(out).unlink()
    with pytest.raises(CheckpointError, match="the report that apply wrote beside OUT"):
        read_report(beside(out))
    beside(out).write_bytes(b"\xff")
    with pytest.raises(CheckpointError, match="not UTF-8"):
        read_report(beside(out))


def test_a_report_is_read_as_it_was_written(source: Path) -> None:
    for number, recipe in enumerate(RECIPES.values()):
        path = source.with_name(f"{number}.safetensors")
        assert applied(source, path, recipe) == read_report(beside(path))
    assert read_report(beside(path)).recipe != SQ


JUNK = (
    None,
    True,
    -1,
    0,
    2**70,
    1e400,
    "",
    "NaN",
    "nm(2, 4, axis=7)",
    "int(4, per=column)",
    "a" * 5000,
    [],
    [[]],
    {},
    "\0",
)


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the values of a JSON document are."""
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path, *(found for key, value in inside for found in places(value, (*path, key)))]


def test_any_change_of_a_report_is_refused_or_caught(out: Path, source: Path) -> None:
    """Also under a hash of its own every fault is a CheckpointError or a failure; a source may be called otherwise."""
    rng, whole = random.Random(0), beside(out).read_text()
    spots = places(json.loads(whole))[1:]
    refused = failed = 0
    for _ in range(often(150)):
        content = json.loads(whole)
        *path, key = rng.choice(spots)
        holder = content
        for step in path:
            holder = holder[step]
        old, holder[key] = holder[key], rng.choice(JUNK)
        beside(out).write_text(sealed(content))
        try:
            found = verified(out, source)
        except InputRefused as refusal:
            assert str(refusal).isprintable() or path == ["recipe"]
            refused += 1
        else:
            same = type(old) is type(holder[key]) and old == holder[key]
            assert found.failures or same or key == "sha256", (path, key, holder[key])
            failed += bool(found.failures)
    assert refused > 50 and failed > 10


HOSTILE = """
import difflib, os, sys  # difflib: what words a faulty name is near to
from pathlib import Path
import sqtheory.compress, sqtheory.files.checkpoints, sqtheory.cli.verify, sqtheory.execution.workers
import sqtheory.orders.fused, sqtheory.files.inspection
from sqtheory.cli import main
assert main(["verify", "out.safetensors", "--against", "in.safetensors"]) == 0
seen = []
harmful = ("subprocess", "os", "socket", "pickle", "shutil", "import")
def hook(event, arguments):
    if event not in ("os.listdir", "os.scandir") and event.split(".")[0] in harmful:
        seen.append((event, arguments))
    if event == "open" and set(str(arguments[1])) & set("wax+"):
        seen.append((event, arguments))
sys.addaudithook(hook)
for out in sys.argv[1:]:
    print(main(["verify", out]), main(["verify", out, "--against", "in.safetensors"]))
assert not seen, seen
"""


def test_hostile_files_run_nothing_and_write_nothing(source: Path, out: Path) -> None:
    """Verifying raises no audit event of an import, a process, a socket, an unpickling or a file opened for writing."""
    bad = [out.with_name(f"bad{number}.safetensors") for number in range(4)]
    for path in bad:
        path.write_bytes(out.read_bytes())
        beside(path).write_text(beside(out).read_text())
    tampered(bad[0], lambda c: c["recipe"].update(mask="__import__('os').system('touch owned')"))
    tampered(bad[1], lambda c: c.update(copied={"../../owned": "0", "/etc/passwd": "1"}, source={"../x": "0"}))
    tampered(bad[2], lambda c: c["tensors"][0].update(name="../../owned"))
    bad[3].write_bytes(b"\x80\x02cos\nsystem\n(S'touch owned'\ntR.")
    before = sorted(out.parent.rglob("*"))
    command = [sys.executable, "-c", HOSTILE, *(path.name for path in bad)]
    run = subprocess.run(command, cwd=out.parent, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-4:] == ["3 3", "1 1", "1 1", "3 3"]
    assert sorted(out.parent.rglob("*")) == before
