"""Checkpoints of codes: planned, written and verified as those of values are."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory import compress, parse
from sqtheory.alphabet.storage import Index, bits_per_entry
from sqtheory.compress import Packing, Recipe, beside
from sqtheory.compress.codes import codes_of
from sqtheory.exceptions import InputRefused
from sqtheory.files import zoo
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.code_layout import CodeLayout
from sqtheory.files.packing import FOLDERS, ModuleCheckpoint, PackedCheckpoint, unpack
from sqtheory.files.targets import Targets
from sqtheory.orders.applied import ENTRYWISE, Order
from tests.compress.material import MATERIAL, RECIPES, SQ, applied, one_file, sharded, verified, weights
from tests.files.checkpoints.handmade import rewrite
from tests.nightly import thin

CODES, FOLDER = Packing(), Packing("compressed-tensors")


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_codes_stand_for_the_values_of_apply(tmp_path: Path, recipe: Recipe) -> None:
    """Bit for bit where the tensor is F32; those of F16 and BF16 are the same values before they are rounded."""
    source = one_file(tmp_path / "in.safetensors")
    applied(source, tmp_path / "values.safetensors", recipe)
    report = applied(source, tmp_path / "p", recipe, packing=CODES)
    values = load_file(tmp_path / "values.safetensors")
    with PackedCheckpoint(tmp_path / "p") as packed, open_checkpoint(source) as opened:
        assert [*packed.schemas] == [one.name for one in report.tensors]
        for name in packed.schemas:
            x = opened.read(name)
            assert packed.read(name).tobytes() == recipe.image(x, name).tobytes()
        for name, array in values.items():
            if array.dtype == np.float32 and name in packed.schemas:
                assert packed.read(name).tobytes() == array.tobytes()
            if name not in packed.schemas:
                assert b"".join(piece.tobytes() for piece in packed.stored(name)) == array.tobytes()
    found = verified(tmp_path / "p", source)
    assert found.failures == () and found.recomputed == found.on_grid == len(report.tensors) == 3


@pytest.mark.parametrize("kind", MATERIAL)
def test_every_kind_of_checkpoint_is_packed_and_verified(tmp_path: Path, kind: str) -> None:
    suffix, make = MATERIAL[kind]
    source = make(tmp_path / f"in{suffix}")
    report = applied(source, tmp_path / "p.safetensors", packing=CODES, workers=2)
    found = verified(tmp_path / "p.safetensors", source)
    assert found.failures == () and found.left_alone == len(report.left_alone) > 0
    applied(source, tmp_path / "again" / "p.safetensors", packing=CODES)
    for name in ("p.safetensors", "p.safetensors.sqtheory.json"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_one_shard_that_is_called_like_the_packed_file_is_told_apart(tmp_path: Path) -> None:
    source = sharded(tmp_path / "in")
    out = tmp_path / "model-00002-of-00002.safetensors"
    report = applied(source, out, packing=CODES)
    with PackedCheckpoint(out) as packed:
        assert packed.metadata["sqtheory.source_sha256"] == report.source[out.name]
    assert verified(out, source).failures == ()


@thin(4)
@pytest.mark.parametrize("packing", [CODES, FOLDER], ids=["codes", "folder"])
@pytest.mark.parametrize("model", [name for name in zoo.names() if name.endswith("s2of4")])
def test_models_of_the_zoo(model: str, packing: Packing, tmp_path: Path) -> None:
    report = applied(f"zoo:{model}", tmp_path / "p", packing=packing)
    q, mask = parse(SQ.format), parse(SQ.mask) if packing is CODES else None
    for one in report.tensors:
        theory = bits_per_entry(q, one.shape, mask, index=Index.combination)
        assert one.bits == theory * np.prod(one.shape)
        assert 0 <= one.bits_in_file - one.bits < 8 * 3
    found = verified(tmp_path / "p", f"zoo:{model}")
    assert found.failures == () and found.recomputed == len(report.tensors) > 20


LAYERS = {f"model.layers.{i}.proj.weight": weights("f4", i, (24, 96)) for i in range(3)}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    file = tmp_path / "model" / "model.safetensors"
    save_file({**LAYERS, "lm_head.weight": weights("f2", 4), "norm.weight": weights("f4", 5, (64,))}, file)
    return file


@thin(2)
@pytest.mark.parametrize(
    "fmt", ["int4:b32", "int(3, block=8)", "int(5, per=row)", "int(8, per=tensor)", "mxfp4", "nvfp4"]
)
@pytest.mark.parametrize("order", ENTRYWISE)
def test_a_folder_of_compressed_tensors_is_read_back(model: Path, fmt: str, order: Order) -> None:
    """The values of the codes: as they are for integers, rounded to bfloat16 for the others."""
    recipe, out = Recipe("2:4", fmt, order), model.parent.parent / "out"
    report = applied(model, out, recipe, packing=FOLDER)
    with ModuleCheckpoint(out, FOLDERS[CodeLayout.compressed_tensors]) as written:
        assert {info.name: info.shape for info in written.tensors} == {n: a.shape for n, a in load_file(model).items()}
        for name, x in LAYERS.items():
            y = recipe.image(x, name)
            if "fp4" in fmt:
                y = parse("cast(bfloat16)")(y)
            assert written.read(name).tobytes() == y.tobytes()
    found = verified(out, model)
    assert found.failures == () and found.recomputed == found.on_grid == len(report.tensors) == 3


@pytest.mark.parametrize("packing", [CODES, FOLDER], ids=["codes", "folder"])
def test_every_flipped_bit_of_the_data_is_caught(model: Path, packing: Packing) -> None:
    out = model.parent.parent / "out"
    applied(model, out, Recipe("2:4", "int4:b32"), packing=packing)
    file = out if packing is CODES else out / "model.safetensors"
    whole = file.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    places = np.random.default_rng(0).integers(8 * start, 8 * len(whole), 60)
    for place in places.tolist():
        spoiled = bytearray(whole)
        spoiled[place // 8] ^= 1 << place % 8
        rewrite(file, bytes(spoiled))
        try:
            assert verified(out).failures
        except InputRefused:  # the shape of packed integers is among the data
            assert packing is FOLDER
    rewrite(file, whole)
    assert verified(out).failures == ()


def test_codes_that_the_recipe_does_not_make_are_caught_by_the_source(model: Path, tmp_path: Path) -> None:
    """Another model is packed, and its report names this source: only the source tells."""
    other = tmp_path / "other" / "model.safetensors"
    other.parent.mkdir()
    save_file({name: np.negative(array) for name, array in load_file(model).items()}, other)
    right = applied(model, tmp_path / "p", packing=CODES).source
    report = applied(other, tmp_path / "p", packing=CODES, force=True)
    file = (tmp_path / "p").read_bytes()
    lie = file.replace(report.source[model.name].encode(), right[model.name].encode())
    rewrite(tmp_path / "p", lie)
    header = hashlib.sha256(lie[: 8 + int.from_bytes(lie[:8], "little")]).hexdigest()
    beside(tmp_path / "p").write_text(replace(report, source=right, headers={".": header}).to_json())
    assert verified(tmp_path / "p").failures == ()
    rules = {failure.rule for failure in verified(tmp_path / "p", model).failures}
    assert "its bytes are not what the recipe makes of the source" in rules


def test_a_config_that_changes_after_the_plan_is_refused(model: Path, tmp_path: Path) -> None:
    config = model.with_name("config.json")
    config.write_text('{"model_type": "x"}')
    with open_checkpoint(model) as opened:
        layout = compress.layout_of(opened, tmp_path / "out", folder=False, packing=FOLDER)
        plan = compress.plan(layout, Recipe("2:4", "int4:b32"), Targets(), "1")
        config.write_text('{"model_type": "y"}')
        with pytest.raises(InputRefused, match=r"config\.json: changed since it was planned"):
            compress.apply(plan)
    assert not (tmp_path / "out").exists()


def test_a_format_without_zero_is_refused(model: Path, tmp_path: Path) -> None:
    for frozen in (False, True):
        with pytest.raises(InputRefused, match="the pattern of the mask is lost"):
            applied(model, tmp_path / "p", Recipe("2:4", "bcq(2)", frozen_scale=frozen), packing=CODES)
    assert not (tmp_path / "p").exists()


def test_a_layout_has_a_name() -> None:
    with pytest.raises(
        ValueError, match="is one of sqtheory, compressed-tensors, gptq, gptq_v2, awq, gguf, onnx, got 'marlin'"
    ):
        Packing("marlin")
    packed = codes_of(Recipe("50%", "int4:b32"), weights("f4"), "w", Index.bitmap)
    assert packed.schema.mask is not None and packed.schema.mask.index is Index.bitmap
    assert unpack(packed).tobytes() == Recipe("50%", "int4:b32").image(weights("f4"), "w").tobytes()
