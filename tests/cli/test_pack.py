import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import sqtheory as sq
from sqtheory.alphabet.storage import Index, bits_per_entry
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.cli import main
from sqtheory.files.packing import PackedCheckpoint
from sqtheory.orders.report import compare

TARGETS = ("a.weight", "b.weight")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    tensors: dict[str, Any] = {name: rng.normal(size=(8, 64)).astype(np.float32) for name in TARGETS}
    tensors |= {"lm_head.weight": np.ones((2, 64), np.float16), "norm": np.arange(5, dtype=np.float16)}
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    return tmp_path / "model.safetensors"


def pack(model: Path, *words: str) -> int:
    return main(["pack", str(model), str(model.with_name("p")), "--format", "int4:b32", *words])


@pytest.mark.parametrize(
    ("words", "image"),
    [
        ((), lambda x: sq.parse("int4:b32")(x)),
        (("--mask", "2:4"), lambda x: sq.parse("2:4 >> int4:b32")(x)),
        (("--mask", "2:4", "--order", "qs"), lambda x: sq.parse("int4:b32 >> 2:4")(x)),
        (("--mask", "50%", "--index", "bitmap"), lambda x: sq.parse("50% >> int4:b32")(x)),
        (("--mask", "2:4", "--frozen-scale"), lambda x: (sq.parse("2:4") >> sq.parse("int4:b32").frozen(x))(x)),
    ],
)
def test_every_order_is_packed_and_unpacked(model: Path, words: tuple[str, ...], image: Any) -> None:
    out = model.with_name("out")
    assert pack(model, *words) == 0 and main(["unpack", str(model.with_name("p")), str(out)]) == 0
    x, y = load_file(model), load_file(out)
    assert set(x) == set(y)
    for name, values in x.items():
        expected = image(values) if name in TARGETS else values
        assert y[name].tobytes() == expected.tobytes(), name
    with safe_open(out, framework="np") as file:
        said = file.metadata()
    assert said["format"] == "pt" and json.loads(said["sqtheory.recipe"])["format"] == "int(4, block=32)"


AFFINE = ("affine(4, block=32)", "affine(3, offset=float, block=16)", "Q4_1", "affine(4, offset=edge, block=64)")


@pytest.mark.parametrize("fmt", AFFINE)
@pytest.mark.parametrize(
    "words", [(), ("--mask", "2:4"), ("--mask", "2:4", "--order", "qs"), ("--mask", "2:4", "--frozen-scale")]
)
def test_affine_values_are_packed_verified_and_unpacked(
    model: Path, fmt: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """As apply writes them without --pack; where 0 is no level a pattern that pruning made is lost, and refused."""
    plain, out = model.with_name("plain.safetensors"), model.with_name("out.safetensors")
    sure = "--mask" not in words or "--order" in words or KEEPS_ZERO in sq.parse(fmt).traits
    status = main(["pack", str(model), str(model.with_name("p")), "--format", fmt, *words])
    assert status == main(["apply", str(model), str(plain), "--format", fmt, *words]) and status in (
        0,
        0 if sure else 3,
    )
    if status:
        assert capsys.readouterr().err.count("the pattern of the mask is lost") == 2
        return
    packed = str(model.with_name("p"))
    assert main(["verify", packed, "--against", str(model)]) == main(["unpack", packed, str(out)]) == 0
    x, y = load_file(plain), load_file(out)
    assert {name: a.tobytes() for name, a in x.items()} == {name: a.tobytes() for name, a in y.items()}
    assert main(["unpack", packed, "--list"]) == 0 and "affine" in capsys.readouterr().out


@pytest.mark.parametrize("mask", ["2:4", "top(0.5, per=row)", "blockwise(0.5, block=8)"])
def test_the_best_mask_has_the_error_of_the_optimum(model: Path, mask: str) -> None:
    assert pack(model, "--mask", mask, "--order", "gain") == 0
    with PackedCheckpoint(model.with_name("p")) as packed:
        for name in TARGETS:
            x = load_file(model)[name]
            least = compare(x, sq.parse(mask), sq.parse("int4:b32")).errors.gain
            error = np.linalg.norm(x.astype(np.float64) - packed.read(name))
            assert error == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("index", Index)
def test_bits_are_those_of_theorem_storage(model: Path, index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    assert pack(model, "--mask", "2:4", "--index", index.name, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["packing"] == {"layout": "sqtheory", "index": index.name}
    assert [t["name"] for t in said["tensors"]] == list(TARGETS)
    theory = bits_per_entry(sq.parse("int4:b32"), (8, 64), sq.parse("2:4"), index=index)
    stored = model.with_name("p").stat().st_size
    for tensor in said["tensors"]:
        assert tensor["bits"] == tensor["bits_in_file"] == 512 * theory  # whole bytes, as it happens
        stored -= tensor["bits_in_file"] // 8
    header = int.from_bytes(model.with_name("p").read_bytes()[:8], "little")
    assert stored == 8 + header + 2 * (2 * 64 + 5)


def test_a_dry_run_states_the_same_bits_and_writes_nothing(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pack(model, "--mask", "2:4", "--dry-run", "--json") == 0
    dry = capsys.readouterr().out
    assert [*model.parent.iterdir()] == [model] and pack(model, "--mask", "2:4", "--json") == 0
    assert capsys.readouterr().out == dry
    assert pack(model, "--mask", "2:4", "--dry-run", "--force") == 0
    said = "2 tensors, 1024 entries: 3.75 bits an entry by theorem storage, 3.75 in the file"
    assert said in capsys.readouterr().out
    assert main(["unpack", str(model.with_name("p")), "--list"]) == 0 and said in capsys.readouterr().out


def test_the_verb_is_apply_with_pack(model: Path) -> None:
    assert pack(model, "--mask", "2:4", "--seed", "3") == 0
    other = str(model.with_name("q"))
    assert main(["apply", str(model), other, "--format", "int4:b32", "--mask", "2:4", "--seed", "3", "--pack"]) == 0
    assert model.with_name("p").read_bytes() == model.with_name("q").read_bytes()


def test_verify_reads_the_codes(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pack(model, "--mask", "2:4") == 0
    out = str(model.with_name("p"))
    assert main(["verify", out, "--against", str(model)]) == 0
    assert "2 of them on their own grid (all that codes can say)" in capsys.readouterr().out


WRONG = {
    "codes unasked": (("--layout", "sqtheory"), 2, "need --pack"),
    "a mask that does not fit": (("--mask", "5:7"), 3, "tensor 'a.weight': axis 1 of length 64"),
    "an index it cannot have": (("--mask", "threshold(0.5)", "--index", "position"), 3, "take a bitmap"),
    "NaN": (("--targets", "nan"), 3, "tensor 'nan': nan at (0, 1)"),
}


@pytest.mark.parametrize(("words", "status", "rule"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_packed_is_one_line(
    model: Path, words: tuple[str, ...], status: int, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    save_file({**load_file(model), "nan": np.array([[1, np.nan]], np.float32)}, model)
    verb = "apply" if "--layout" in words else "pack"
    assert main([verb, str(model), str(model.with_name("p")), "--format", "int4:b32", *words]) == status
    said = capsys.readouterr().err
    assert rule in said and said.count("\n") == 1 and [*model.parent.iterdir()] == [model]


def test_nothing_is_replaced_unasked(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pack(model) == 0 and pack(model) == 2 and pack(model, "--force") == 0
    assert main(["pack", str(model), str(model), "--format", "int4", "--force"]) == 2
    assert "is the input itself" in capsys.readouterr().err


def test_a_name_that_promises_another_kind_of_file_is_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Packed and unpacked are safetensors files, whatever the source is."""
    assert pack(model) == 0
    words = (("unpack", model.with_name("p")), ("apply", model))
    for (verb, source), more in zip(words, ((), ("--format", "int4", "--pack")), strict=True):
        out = model.with_name("out.onnx")
        assert main([verb, str(source), str(out), *more]) == 2 and not out.exists()
        assert "out.onnx: what is written is a safetensors file" in capsys.readouterr().err
