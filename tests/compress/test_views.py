"""Weights that are no plain matrices: compressed along the axis that their layers sum over, and verified."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory import compress
from sqtheory.alphabet.notation import parse
from sqtheory.compress import Packing, Recipe, Report
from sqtheory.compress.codes import codes_of
from sqtheory.exceptions import CheckpointError, InputRefused
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.packing import PackedCheckpoint, Schema, unpack_file
from sqtheory.files.targets import Targets
from sqtheory.files.views.view import View
from sqtheory.orders.applied import Order
from tests.files.views.checkpoints import LAYERS, save

VIEWS = {
    "conv.weight": View.convolution(4),
    "h.attn.c_attn.weight": View((0,)),
    "h.attn.c_proj.weight": View((0,)),
    "l.weight": View((1,)),
    "m.experts.down_proj": View.experts(inputs=1),
    "m.experts.gate_up_proj": View.experts(inputs=1),
}
RECIPES = (
    Recipe("2:4", "nvfp4"),
    Recipe("50%", "int4:b32", Order.qs),
    Recipe("50%", "int(4)", Order.gain),
    Recipe("2:4", "mxfp4", frozen_scale=True),
    Recipe("nm(2, 4, score=random(rng))", "int(8, per=row)"),
)


def applied(source: Path, out: Path, recipe: Recipe, packing: Packing | None = None) -> Report:
    with open_checkpoint(source) as opened:
        layout = compress.layout_of(opened, out, folder=False, packing=packing)
        plan = compress.plan(layout, recipe, Targets(), "1")
        compress.apply(plan)
    return plan.report


def verified(source: Path, out: Path) -> list[str]:
    report = compress.read_report(compress.beside(out))
    written = compress.written(out, report.packing)
    with written.source, open_checkpoint(source) as opened:
        against = compress.layout_of(opened, out, folder=False, packing=report.packing)
        rules = [compress.verify(written, report, each).failures for each in (None, against)]
    return [f"{failure.tensor}: {failure.rule}" for each in rules for failure in each]


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_every_matrix_is_compressed_by_itself(tmp_path: Path, recipe: Recipe) -> None:
    source, out = save(tmp_path), tmp_path / "out.safetensors"
    report = applied(source, out, recipe)
    before, after = load_file(source), load_file(out)
    for name, view in VIEWS.items():
        x, y = (view.forward(of[name]) for of in (before, after))
        parts = zip(x, y, strict=True) if view.apart else [(x, y)]
        for index, (a, b) in zip(view.indices(before[name].shape), parts, strict=True):
            assert np.array_equal(b, recipe.image(np.ascontiguousarray(a), f"{name}{index}"))
        assert after[name].shape == LAYERS[name]
    assert {one.name: one.view for one in report.tensors} == {
        name: None if view.is_plain(len(LAYERS[name])) else str(view) for name, view in VIEWS.items()
    }
    if recipe.mask == "nm(2, 4)":
        assert all("2:4" in one.patterns for one in report.tensors)
    assert verified(source, out) == []


def test_what_is_said_of_axes_is_in_the_report_and_needs_not_be_said_again(tmp_path: Path) -> None:
    source, out = save(tmp_path), tmp_path / "out.safetensors"
    applied(source, out, Recipe("2:4", "int4:b32", axes=("conv.weight=0", "l.weight=0")))
    content = json.loads(compress.beside(out).read_text())
    assert content["recipe"]["axes"] == ["conv.weight=0", "l.weight=0"]
    said = {one["name"]: one.get("view") for one in content["tensors"]}
    assert (said["conv.weight"], said["l.weight"]) == ("2+3+0", "0")
    x, y = load_file(source)["l.weight"], load_file(out)["l.weight"]
    assert np.array_equal(y.T, Recipe("2:4", "int4:b32").image(np.ascontiguousarray(x.T), "l.weight"))
    assert verified(source, out) == []


def test_a_pattern_that_is_broken_along_the_reduced_axis_is_found(tmp_path: Path) -> None:
    source, out = save(tmp_path), tmp_path / "out.safetensors"
    report = applied(source, out, Recipe("2:4", "int4:b32"))
    written = compress.written(out, None)
    spoiled = {one.name: replace(one, view="0/2") if "experts" in one.name else one for one in report.tensors}
    with written.source:
        wrong = replace(report, tensors=tuple(spoiled.values()))
        seen = replace(wrong, recipe=wrong.recipe.seeing(wrong.views))
        found = compress.verify(written, seen).failures
    broken = [one for one in found if "the pattern is broken: in [0], group" in one.rule]
    assert {one.tensor for one in broken} == {"m.experts.down_proj", "m.experts.gate_up_proj"}


def test_codes_are_of_the_matrices_and_unpack_to_the_tensors(tmp_path: Path) -> None:
    source, out, plain = save(tmp_path), tmp_path / "packed.safetensors", tmp_path / "plain.safetensors"
    applied(source, out, Recipe("2:4", "mxfp4"), Packing())
    assert verified(source, out) == []
    with PackedCheckpoint(out) as packed:
        schema = packed.schemas["m.experts.down_proj"]
        assert (schema.shape, schema.view, schema.tensor) == ((256, 48), "1", (4, 48, 64))
        unpack_file(packed, tmp_path / "unpacked.safetensors")
    applied(source, plain, Recipe("2:4", "mxfp4"))
    one, other = load_file(tmp_path / "unpacked.safetensors"), load_file(plain)
    with open_checkpoint(out) as decoded:
        assert all(np.array_equal(decoded.read(name), other[name]) for name in LAYERS)
    assert all(np.array_equal(one[name], other[name]) and one[name].shape == LAYERS[name] for name in LAYERS)


@pytest.mark.parametrize(
    ("recipe", "layout", "refusal"),
    [
        (
            Recipe("2:4", "nvfp4"),
            "sqtheory",
            "'m.experts.down_proj': it holds 4 matrices with scales or masks of their",
        ),
        (
            Recipe("50%", "mxfp4"),
            "sqtheory",
            "'m.experts.down_proj': it holds 4 matrices with scales or masks of their",
        ),
        (Recipe("2:4", "mxfp4"), "compressed-tensors", "'conv.weight': compressed-tensors lays out matrices .* view 2"),
    ],
)
def test_what_a_layout_cannot_say_is_refused(tmp_path: Path, recipe: Recipe, layout: str, refusal: str) -> None:
    source = save(tmp_path)
    with pytest.raises(InputRefused, match=refusal):
        applied(source, tmp_path / "out", recipe, Packing(layout))  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_codes_that_take_more_than_the_values_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "model.safetensors"
    save_file({"l.weight": np.random.default_rng(0).normal(size=(64, 8)).astype(np.float16)}, source)
    with pytest.raises(InputRefused, match=r"'l.weight': 1536 bytes of codes, .* more than the 1024 that it takes now"):
        applied(source, tmp_path / "out.safetensors", Recipe("1:1", "int8:b2"), Packing())


def test_a_report_of_a_view_that_the_tensor_has_not_is_refused(tmp_path: Path) -> None:
    source, out = save(tmp_path), tmp_path / "out.safetensors"
    report = applied(source, out, Recipe("2:4", "int4:b32"))
    first, *others = report.tensors
    compress.beside(out).write_text(replace(report, tensors=(replace(first, view="4"), *others)).to_json())
    with pytest.raises(CheckpointError, match=r"not a whole report: axis 4 does not exist"):
        compress.read_report(compress.beside(out))


def test_kernels_that_a_mask_does_not_fit_are_left_alone_and_verified(tmp_path: Path) -> None:
    shapes = {"stem.weight": (16, 3, 4, 4), "conv.weight": (16, 8, 3, 3), "pw.weight": (16, 32, 1, 1)}
    source, out = save(tmp_path, shapes), tmp_path / "out.safetensors"
    report = applied(source, out, Recipe("2:4", "int(4, per=row)"))
    [left] = report.left_alone
    assert left.name == "stem.weight" and left.view == "2+3+1"
    assert "3 input channels at each place of the kernel are not a whole number of groups of 4" in left.reason
    assert verified(source, out) == []


@pytest.mark.parametrize(("shape", "error"), [((16, 8, 3, 3), 10.92), ((64, 32, 1, 1), 9.69)])
def test_a_row_of_a_kernel_is_an_output_channel(tmp_path: Path, shape: tuple[int, ...], error: float) -> None:
    errors = []
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
        row, channel = (parse(text) for text in ("int(4, per=row)", "int(4, per=channel)"))
        view = View.convolution(4)
        y = view.back(row(view.forward(x)), shape)  # type: ignore[operator]
        assert np.array_equal(y, channel(x))  # type: ignore[operator]
        errors.append(100 * float(np.linalg.norm(x - y) / np.linalg.norm(x)))
    assert np.mean(errors) == pytest.approx(error, rel=0.02)


def test_arrays_of_every_memory_order_are_seen_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=shape).astype(np.float32) for name, shape in LAYERS.items()}
    fortran = {name: np.asfortranarray(x).astype(">f4", order="F") for name, x in arrays.items()}
    np.savez(tmp_path / "c.npz", **arrays)
    np.savez(tmp_path / "f.npz", **fortran)
    results = []
    for kind in ("c", "f"):
        source, out = tmp_path / f"{kind}.npz", tmp_path / f"{kind}-out.npz"
        applied(source, out, Recipe("2:4", "nvfp4"))
        assert verified(source, out) == []
        with np.load(out) as archive:
            results.append({name: archive[name] for name in LAYERS})
    assert all(np.array_equal(results[0][name], results[1][name]) for name in LAYERS)


@pytest.mark.parametrize(
    "change",
    [
        {"view": "0"},
        {"view": None},
        {"tensor": None},
        {"tensor": [16, 8, 3]},
        {"tensor": [16, -8, 3, -3]},
        {"tensor": [16, 8, 3, 3, 2]},
        {"view": "2+3+9"},
        {"view": "x" * 10000},
    ],
    ids=str,
)
def test_a_schema_of_a_view_that_is_none_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    packed = codes_of(Recipe("2:4", "mxfp4").seeing(VIEWS), np.ones((16, 8, 3, 3), np.float32), "conv.weight")
    content = packed.schema.to_dict()
    assert (content["view"], content["tensor"]) == ("2+3+1", [16, 8, 3, 3])
    assert Schema.from_dict(content) == packed.schema
    with pytest.raises(ValueError, match=r"view|tensor|axes|shape|axis"):
        Schema.from_dict({**content, **change})
