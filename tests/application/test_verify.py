import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sqtheory.application import Verification, beside, read_report
from sqtheory.exceptions import CheckpointError, InputRefused
from tests.application.material import INDEX, RECIPES, SECOND, SQ, applied, archive, one_file, sharded, verified
from tests.checkpoints.handmade import often, rewrite

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
    assert {f.tensor for f in verified(out).failures} == {"lm_head.weight", "b.weight"}


def test_every_flipped_bit_of_the_data_is_caught(out: Path) -> None:
    """In the body of the file; one in its header makes another file of it, or none."""
    whole = out.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    places = np.random.default_rng(0).integers(8 * start, 8 * len(whole), 60)
    for place in places.tolist():
        spoiled = bytearray(whole)
        spoiled[place // 8] ^= 1 << place % 8
        rewrite(out, bytes(spoiled))
        assert verified(out).failures
    rewrite(out, whole)
    assert verified(out).failures == ()


def tampered(out: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(beside(out).read_text())
    change(content)
    beside(out).write_text(json.dumps(content))


LIES: dict[str, tuple[Callable[[dict[str, Any]], object], str | None, str]] = {
    "error": (lambda c: c["tensors"][1].update(error=1.5), "b.weight", "error is"),
    "e_qs": (lambda c: c["tensors"][0].update(e_qs=c["tensors"][0]["e_qs"] * (1 + 1e-7)), "a.weight", "e_qs is"),
    "x_norm": (lambda c: c["tensors"][0].update(x_norm="Infinity"), "a.weight", "x_norm is"),
    "rounded": (lambda c: c["tensors"][0].update(rounded=7), "a.weight", "rounded is 0, the report says 7"),
    "theorem": (lambda c: c["tensors"][2].update(theorem=None), "c.weight", "theorem is prune_first_dominates"),
    "source": (lambda c: c.update(source={"in.safetensors": "0" * 64}), None, "metadata sqtheory.source_sha256"),
    "order": (lambda c: c["recipe"].update(order="qs"), None, "metadata sqtheory.recipe"),
}


@pytest.mark.parametrize(("lie", "tensor", "rule"), LIES.values(), ids=LIES)
def test_a_report_that_lies_is_caught_by_its_source(
    source: Path, out: Path, lie: Callable[[dict[str, Any]], object], tensor: str | None, rule: str
) -> None:
    tampered(out, lie)
    name, said = first(verified(out, source))
    assert name == tensor and rule in said


def test_values_that_the_recipe_does_not_make_are_caught_even_where_the_report_agrees(source: Path, out: Path) -> None:
    """Rows are exchanged and every hash is made to fit: pattern, grid and hashes hold, the source tells."""
    changed(out, swap)
    sha = hashlib.sha256(load_file(out)["a.weight"].tobytes()).hexdigest()
    tampered(out, lambda c: c["tensors"][0].update(sha256=sha))
    assert verified(out).failures == ()
    assert first(verified(out, source)) == ("a.weight", "its bytes are not what the recipe makes of the source")


def test_another_source_is_caught(source: Path, out: Path) -> None:
    other = source.with_name("other.safetensors")
    tensors = load_file(source)
    tensors["norm.weight"] = tensors["norm.weight"] + np.float32(1)
    save_file(tensors, other, metadata={"format": "pt"})
    found = verified(out, other)
    assert first(found)[0] is None and "is not the source" in first(found)[1]
    assert found.failures[-1].tensor == "norm.weight" and "not those of the source" in found.failures[-1].rule


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
    "schema": lambda c: c.update(schema="sqtheory.apply/2"),
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


def test_any_change_of_a_report_is_refused_caught_or_nothing_that_it_claims(out: Path, source: Path) -> None:
    """Every fault of a report is a CheckpointError or a failure; what it alone can know may change."""
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
        text = json.dumps(content)
        beside(out).write_text(text)
        try:
            found = verified(out, source)
        except InputRefused as refusal:
            assert str(refusal).isprintable() or path == ["recipe"]
            refused += 1
        else:
            unknown = key in ("bound", "slack", "reason", "ties") or old == holder[key] or key == "on_grid"
            assert found.failures or unknown or "source" in path or path == ["copied"], (path, key, holder[key])
            failed += bool(found.failures)
    assert refused > 50 and failed > 10


HOSTILE = """
import os, sys
from pathlib import Path
import sqtheory.application, sqtheory.checkpoints, sqtheory.cli.verify, sqtheory.execution.workers
import sqtheory.one_pass, sqtheory.inspection
from sqtheory.cli import main
assert main(["verify", "out.safetensors", "--against", "in.safetensors"]) == 0
seen = []
def hook(event, arguments):
    kinds = ("subprocess", "os", "socket", "pickle", "shutil", "import")
    if event not in ("os.listdir", "os.scandir") and event.split(".")[0] in kinds:
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
