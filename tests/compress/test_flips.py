"""Every bit that apply writes is checked: flipped one by one, in every file of every layout and in its report.

A seventh of the bits of one packed file and of its report here, and every night all bits of all.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory import compress
from sqtheory.compress import Packing, Recipe, Report, beside, read_report
from sqtheory.compress.headers import headers_of
from sqtheory.exceptions import CheckpointError, InputRefused
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.digests import digest, sha256
from tests.compress.material import FIRST, INDEX, SECOND, SQ, applied, verified, weights
from tests.files.checkpoints.handmade import read_all, rewrite
from tests.nightly import NIGHTLY, thin

SMALL = {"a.weight": weights("f4", 1, (2, 32)), "norm.weight": weights("f4", 2, (3,))}
STEP, TINY_STEP = (1, 1) if NIGHTLY else (307, 7)
"""Of so many bits one is flipped."""


def file(path: Path) -> Path:
    save_file(SMALL, path, metadata={"format": "pt"})
    return path


def tiny(path: Path) -> Path:
    save_file({"w": weights("f4", 1, (2, 4)), "n": weights("f4", 2, (1,))}, path)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    save_file({"a.weight": SMALL["a.weight"]}, path / FIRST)
    save_file({"norm.weight": SMALL["norm.weight"]}, path / SECOND)
    (path / INDEX).write_text(json.dumps({"weight_map": {"a.weight": FIRST, "norm.weight": SECOND}}))
    (path / "config.json").write_text('{"a": 1}')
    return path


def model(path: Path) -> Path:
    path.mkdir()
    (path / "config.json").write_text('{"model_type": "x"}')
    return file(path / "model.safetensors")


def stored(path: Path) -> Path:
    np.savez(path, a=SMALL["a.weight"], é=SMALL["norm.weight"])
    return path


def deflated(path: Path) -> Path:
    np.savez_compressed(path, a=SMALL["a.weight"], b=np.arange(40.0))
    return path


def single(path: Path) -> Path:
    np.save(path, SMALL["a.weight"])
    return path


def graph(path: Path) -> Path:
    """An ONNX model with an initializer in raw bytes and one in fields."""
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    ends = [helper.make_tensor_value_info(name, 1, [1, n]) for name, n in (("x", 32), ("y", 2))]
    tensors = [onnx.numpy_helper.from_array(SMALL["a.weight"], "a"), helper.make_tensor("f", 1, (2,), [1.0, 2.0])]
    node = helper.make_node("Gemm", ["x", "a"], ["y"], transB=1)
    path.write_bytes(helper.make_model(helper.make_graph([node], "g", *zip(ends), tensors)).SerializeToString())
    return path


HOW = ("alone", "against", "forged")
CODES, TENSORS = Packing(), Packing("compressed-tensors")
LAYOUTS: dict[str, tuple[str, Callable[[Path], Path], Recipe, Packing | None]] = {
    "tiny": (".safetensors", tiny, SQ, CODES),
    "codes": (".safetensors", file, SQ, CODES),
    "codes under two scales": (".safetensors", file, Recipe("50%", "nvfp4"), CODES),
    "codes of a folder": ("", folder, Recipe("2:4", "int4:b32"), CODES),
    "safetensors": (".safetensors", file, SQ, None),
    "folder": ("", folder, SQ, None),
    "stored": (".npz", stored, SQ, None),
    "deflated": (".npz", deflated, SQ, None),
    "npy": (".npy", single, SQ, None),
    "onnx": (".onnx", graph, SQ, None),
    "compressed-tensors": ("", model, SQ, TENSORS),
    "integers": ("", model, Recipe("2:4", "int4:b32"), TENSORS),
}


@dataclass(frozen=True)
class Written:
    """A checkpoint that was compressed, and its report."""

    source: Path
    out: Path
    report: Report

    @property
    def files(self) -> list[Path]:
        return [self.out] if self.out.is_file() else sorted(path for path in self.out.rglob("*") if path.is_file())

    def caught(self, *, against: bool, forge: bool = False) -> bool:
        """Whether verify refuses what is there, or fails it; ``forge``: even under a report whose hashes all fit."""
        with ExitStack() as stack:
            try:
                there = compress.written(self.out, self.report.packing)
                stack.enter_context(there.source)
                report = forged(there, self.report) if forge else self.report
                original = None
                if against:
                    source = stack.enter_context(open_checkpoint(self.source))
                    original = compress.layout_of(source, self.out, folder=self.source.is_dir(), packing=report.packing)
                return bool(compress.verify(there, report, original).failures)
            except InputRefused as refusal:
                assert str(refusal).isprintable()
                return True


def forged(there: compress.Layout, report: Report) -> Report:
    """The report with the hashes of what is there."""
    held = {info.name: sha256(there.source.stored(info.name)) for info in there.source.tensors}
    others = there.others()
    return replace(
        report,
        headers=headers_of(there, [one.name for one in report.tensors]),
        copied={name: digest(others[name]) for name in report.copied if name in others},
        tensors=tuple(replace(one, sha256=held.get(one.name, one.sha256)) for one in report.tensors),
        left_alone=tuple(replace(one, sha256=held.get(one.name, one.sha256)) for one in report.left_alone),
    )


def written(layout: str, home: Path) -> Written:
    suffix, make, recipe, packing = LAYOUTS[layout]
    source, out = make(home / f"in{suffix}"), home / f"out{suffix if packing is None else ''}"
    report = applied(source, out, recipe, packing=packing)
    assert verified(out).failures == () and verified(out, source).failures == ()
    return Written(source, out, report)


def flips(path: Path, step: int = 1) -> Iterator[int]:
    """Flip one bit after the other, always of the whole file."""
    whole = path.read_bytes()
    for place in range(step // 2, 8 * len(whole), step):
        spoiled = bytearray(whole)
        spoiled[place // 8] ^= 1 << place % 8
        rewrite(path, bytes(spoiled))
        yield place
    rewrite(path, whole)


def same(found: dict[str, Any], arrays: dict[str, Any]) -> bool:
    """How a deflated member is written, as long as it inflates to the same bytes, is the one thing not checked."""
    return found.keys() == arrays.keys() and all(np.array_equal(found[name], arrays[name]) for name in arrays)


def test_every_bit_of_a_packed_file_is_checked(tmp_path: Path) -> None:
    one = written("tiny", tmp_path)
    assert [place for place in flips(one.out, TINY_STEP) if not one.caught(against=False)] == []


def test_every_bit_of_its_report_is_checked(tmp_path: Path) -> None:
    one = written("tiny", tmp_path)
    path, whole, missed = beside(one.out), beside(one.out).read_bytes(), []
    for place in flips(path, TINY_STEP):
        try:
            read_report(path)
        except CheckpointError as refusal:
            assert str(refusal).isprintable()
        else:
            missed.append(place)
    assert missed == [] and path.read_bytes() == whole and read_report(path) == one.report


@thin(2)
@pytest.mark.parametrize(("against", "forge"), [(False, False), (True, False), (True, True)], ids=HOW)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_bits_of_every_layout_are_checked(tmp_path: Path, layout: str, against: bool, forge: bool) -> None:
    """Against the source also where every hash of the report was made to fit, which alone is believed."""
    one = written(layout, tmp_path)
    arrays = read_all(one.out) if layout == "deflated" else {}
    for path in one.files:
        for place in flips(path, STEP):
            caught = one.caught(against=against, forge=forge)
            assert caught or (layout == "deflated" and same(read_all(one.out), arrays)), (path.name, place)


EDITS = {
    "bias": ('"bias":127', '"bias":120', "schema.scales.bias is 120, not 127"),
    "format": ('"name":"e2m1"', '"name":"e2m2"', "schema.format.name is 'e2m2', not 'e2m1'"),
    "operator": ("nm(2, 4) >> ", "nm(3, 4) >> ", "schema.operator is 'nm(3, 4) >>"),
}


@pytest.mark.parametrize(("old", "new", "rule"), EDITS.values(), ids=EDITS)
def test_an_edited_schema_is_caught_by_what_the_recipe_makes(tmp_path: Path, old: str, new: str, rule: str) -> None:
    """With another bias values are 128 times what they were; zeros, pattern and codes stay, and all hashes fit."""
    one = written("tiny", tmp_path)
    before, [old, new] = one.out.read_bytes(), [text.replace('"', '\\"').encode() for text in (old, new)]
    assert before.count(old) == 1 and len(old) == len(new)
    rewrite(one.out, before.replace(old, new))
    assert [failure.tensor for failure in verified(one.out).failures] == [None]
    there = compress.written(one.out, one.report.packing)
    with there.source:
        beside(one.out).write_text(forged(there, one.report).to_json())
    assert verified(one.out).failures == ()
    first, *_ = verified(one.out, one.source).failures
    assert first.tensor == "w" and rule in first.rule
