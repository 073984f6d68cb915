import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sqtheory import NonFinite, compare, compress, parse
from sqtheory.compress import Recipe, beside
from sqtheory.exceptions import Indivisible, InputRefused
from sqtheory.files.checkpoints import SafetensorsCheckpoint, open_checkpoint
from sqtheory.files.targets import Targets
from sqtheory.orders.applied import ENTRYWISE, Order
from tests.compress.material import (
    FIRST,
    INDEX,
    MATERIAL,
    RECIPES,
    SECOND,
    SQ,
    applied,
    archive,
    one_file,
    sharded,
    verified,
    weights,
)
from tests.files.checkpoints.handmade import read_all, rewrite
from tests.nightly import thin


def content(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


@thin(2)
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize(("suffix", "make"), MATERIAL.values(), ids=MATERIAL)
def test_what_is_written_verifies_and_is_the_same_whatever_the_number_of_workers(
    tmp_path: Path, suffix: str, make: Callable[[Path], Path], recipe: Recipe
) -> None:
    source, out = make(tmp_path / f"in{suffix}"), tmp_path / f"out{suffix}"
    before = content(source)
    report = applied(source, out, recipe)
    assert content(source) == before
    assert verified(out).failures == () and verified(out, source).failures == ()
    again = tmp_path / f"again{suffix}"
    applied(source, again, recipe, workers=3)
    assert content(again) == content(out)
    assert beside(again).read_bytes() == beside(out).read_bytes()
    names = [t.name for t in report.tensors]
    assert names == (["w", "f", "h"] if suffix == ".npz" else ["a.weight", "b.weight", "c.weight"])


@pytest.mark.parametrize("order", ENTRYWISE)
@pytest.mark.parametrize("frozen", [True, False])
def test_the_values_are_those_of_the_definition(tmp_path: Path, order: Order, frozen: bool) -> None:
    """By the operators themselves, outside any loop of the command."""
    source, out = one_file(tmp_path / "in.safetensors"), tmp_path / "out.safetensors"
    report = applied(source, out, Recipe("2:4", "int4:b32", order, frozen_scale=frozen))
    s, q = parse("2:4"), parse("int4:b32")
    old, new = read_all(source), read_all(out)
    for one in report.tensors:
        x = old[one.name]
        best = compare(x, s, q)
        image = (q.frozen(x) if frozen else q)(s(x)) if order is Order.sq else s.apply(q(x), x)
        if order is not Order.gain:
            wanted = image.astype("f2") if one.dtype == "F16" else image
            if one.dtype == "BF16":
                wanted = image.astype(ml_dtypes.bfloat16)
            np.testing.assert_array_equal(new[one.name], wanted.astype("f4"))
        elif one.dtype == "F32":
            kept = new[one.name] != 0
            np.testing.assert_array_equal(new[one.name][kept], q(x)[kept])
            assert one.error == pytest.approx(best.errors.gain, rel=1e-12)
        exact = float(np.linalg.norm((x.astype("f8") - new[one.name]).ravel()))
        assert one.error == pytest.approx(exact, rel=1e-12)
        assert (one.e_s, one.e_q, one.e_sq, one.e_qs) == pytest.approx(
            (best.errors.s, best.errors.q, best.errors.sq, best.errors.qs), rel=1e-12
        )
        assert (one.rounded > 0) == (one.dtype != "F32")
        assert one.zeros == np.count_nonzero(new[one.name] == 0) and "2:4" in one.patterns


def test_a_power_of_two_scale_loses_nothing_in_16_bits(tmp_path: Path) -> None:
    report = applied(one_file(tmp_path / "in.safetensors"), tmp_path / "out.safetensors")
    for one in report.tensors:
        assert one.rounded == 0 and one.on_grid and one.theorem == "prune_first_dominates"
        assert one.error == pytest.approx(one.e_sq, rel=1e-12)


def test_everything_else_of_a_file_stays(tmp_path: Path) -> None:
    source, out = one_file(tmp_path / "in.safetensors"), tmp_path / "out.safetensors"
    report = applied(source, out)
    assert {t.name: t.reason for t in report.left_alone} == {
        **{"lm_head.weight": "head", "embed_tokens.weight": "embedding", "norm.weight": "fewer than two axes"},
        "ids": "dtype I64",
    }
    with SafetensorsCheckpoint(source) as old, SafetensorsCheckpoint(out) as new:
        assert old.tensors == new.tensors
        for one in report.left_alone:
            pieces = [b"".join(p.tobytes() for p in c.stored(one.name)) for c in (old, new)]
            assert pieces[0] == pieces[1]
    with safe_open(out, framework="np") as reader:
        metadata = reader.metadata()
    assert {k: v for k, v in metadata.items() if not k.startswith("sqtheory.")} == {"format": "pt", "é": "\u2028"}
    assert json.loads(metadata["sqtheory.recipe"]) == SQ.to_dict() and metadata["sqtheory.order"] == "sq"
    assert metadata["sqtheory.tie_rule"] == "low_index" and metadata["sqtheory.version"] == "1"
    assert metadata["sqtheory.source_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert str(tmp_path) not in beside(out).read_text() + str(metadata)


def test_everything_else_of_a_folder_stays(tmp_path: Path) -> None:
    source, out = sharded(tmp_path / "in"), tmp_path / "deep" / "out"
    report = applied(source, out)
    old, new = content(source), content(out)
    assert new.keys() == old.keys() - {".git/HEAD"}
    assert {name for name in new if old[name] != new[name]} == {FIRST, SECOND}
    assert report.copied.keys() == {"config.json", "onnx/weights.bin"} and set(report.source) == {FIRST, SECOND, INDEX}
    assert not [p for p in tmp_path.rglob("*") if ".partial" in p.name]


def test_a_folder_of_one_file_becomes_a_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    one_file(tmp_path / "in" / "model.safetensors")
    (tmp_path / "in" / "config.json").write_text("{}")
    applied(tmp_path / "in", tmp_path / "out")
    assert content(tmp_path / "out").keys() == {"model.safetensors", "config.json"}
    assert verified(tmp_path / "out", tmp_path / "in").failures == ()


def test_an_archive_keeps_headers_orders_and_compression(tmp_path: Path) -> None:
    source, out = archive(tmp_path / "in.npz"), tmp_path / "out.npz"
    applied(source, out)
    with np.load(source) as old, np.load(out) as new, zipfile.ZipFile(source) as a, zipfile.ZipFile(out) as b:
        assert out.stat().st_size < source.stat().st_size and b.testzip() is None
        for first, second in zip(a.infolist(), b.infolist(), strict=True):
            kept = ("filename", "date_time", "compress_type", "external_attr", "file_size")
            assert [getattr(first, k) for k in kept] == [getattr(second, k) for k in kept]
            head = [z.read(first.filename)[:128] for z in (a, b)]
            assert head[0][:64] == head[1][:64]
        for name in old:
            assert new[name].dtype == old[name].dtype and new[name].flags.f_contiguous == old[name].flags.f_contiguous
        np.testing.assert_array_equal(new["ids"], old["ids"])
        np.testing.assert_array_equal(new["f"], (parse("2:4") >> parse("mxfp4"))(old["f"]))


def test_a_single_array_whatever_it_is_called(tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", weights("f2"))
    applied(tmp_path / "in.npy", tmp_path / "out.npy", RECIPES["random"])
    assert verified(tmp_path / "out.npy", tmp_path / "in.npy").failures == ()
    assert verified(tmp_path / "out.npy").tensors == 1


BAD: dict[str, tuple[Callable[[Path], object], Recipe, type[Exception], str]] = {
    "mask": (lambda p: None, Recipe("3:5", "int4"), Indivisible, "'a.weight': axis 1 of length 64.*groups of 5"),
    "blocks": (lambda p: None, Recipe("2:4", "int(4, block=24, tail=error)"), Indivisible, "'a.weight'.*blocks of 24"),
    "axis": (lambda p: None, Recipe("nm(2, 4, axis=2)", "int4"), InputRefused, "'a.weight': axis 2 does not exist"),
    "no zero": (lambda p: None, Recipe("2:4", "bcq3"), InputRefused, "'a.weight': the pattern of the mask is lost"),
    "overflow": (
        lambda p: rewritten(p, 3e38),
        Recipe("2:4", "cast(float16, saturate=false)"),
        InputRefused,
        "'z.weight'",
    ),
    "nan": (lambda p: rewritten(p, np.nan), SQ, NonFinite, r"'z.weight': .*nan at \(1, 2\)"),
    "half": (
        lambda p: rewritten(p, 65504, "f2"),
        Recipe("2:4", "int(4, scaling=ceil)"),
        InputRefused,
        "65536.0 of.*range of F16",
    ),
}


def rewritten(path: Path, value: float, dtype: str = "f4") -> None:
    """The file with a last tensor that holds one bad value."""
    z = weights(dtype)
    z[1, 2] = value
    save_file({**load_file(path.with_name("good.safetensors")), "z.weight": z}, path)


@pytest.mark.parametrize(("spoil", "recipe", "kind", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    tmp_path: Path, spoil: Callable[[Path], object], recipe: Recipe, kind: type[Exception], message: str
) -> None:
    source = tmp_path / "in" / "in.safetensors"
    source.parent.mkdir()
    save_file({"a.weight": weights("f4")}, source)
    shutil.copy(source, source.with_name("good.safetensors"))
    spoil(source)
    out = tmp_path / "out" / "out.safetensors"
    with pytest.raises(kind, match=message) as caught:
        applied(source, out, recipe)
    assert str(caught.value).startswith(str(source)) and str(caught.value).isprintable()
    assert not out.parent.exists()


@pytest.mark.parametrize(("suffix", "make"), MATERIAL.values(), ids=MATERIAL)
def test_only_force_replaces_and_never_the_input(tmp_path: Path, suffix: str, make: Callable[[Path], Path]) -> None:
    source, out = make(tmp_path / f"in{suffix}"), tmp_path / f"out{suffix}"
    applied(source, out)
    first = content(out)
    with pytest.raises(FileExistsError, match="--force"):
        applied(source, out, RECIPES["qs"])
    assert content(out) == first
    applied(source, out, RECIPES["qs"], force=True)
    assert content(out) != first and verified(out, source).failures == ()
    before = content(source)
    with pytest.raises(ValueError, match="input"):
        applied(source, source, force=True)
    if source.is_dir():
        with pytest.raises(ValueError, match="lies in the folder of the input"):
            applied(source, source / "deeper" / "out", force=True)
        (out / "notes.txt").write_text("mine")
        with pytest.raises(FileExistsError, match=r"holds 'notes.txt'"):
            applied(source, out, force=True)
        assert (out / "notes.txt").read_text() == "mine"
    assert content(source) == before


def test_a_file_of_another_kind_is_not_promised(tmp_path: Path) -> None:
    source = one_file(tmp_path / "in.safetensors")
    with pytest.raises(ValueError, match=r"must end with \.safetensors"):
        applied(source, tmp_path / "out.npz")


def test_a_source_that_changes_after_the_plan_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    source, out = sharded(tmp_path / "in"), tmp_path / "out"
    with open_checkpoint(source) as opened:
        plan = compress.plan(compress.layout_of(opened, out, folder=True), SQ, Targets(), "1")
        raw = bytearray((source / SECOND).read_bytes())
        raw[-1] ^= 64
        rewrite(source / SECOND, bytes(raw))
        with pytest.raises(InputRefused, match="changed since it was planned"):
            compress.apply(plan)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
