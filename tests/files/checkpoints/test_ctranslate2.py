"""CTranslate2: files that the package wrote, every way to cut or bend one, and what an alias or a scale may be."""

import struct
from pathlib import Path

import numpy as np
import pytest

from sqtheory.cli import main
from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.checkpoints.ctranslate2 import Ctranslate2Checkpoint
from tests.files.checkpoints.handmade import refusal, rewrite

FOLDER = Path(__file__).parent / "reference"
KINDS = {"ct2_int8": "INT8", "ct2_int8_bfloat16": "INT8", "ct2_int16": "INT16"}
NUMBERS = {"<f4": 0, "i1": 1, "<i2": 2, "<i4": 3, "<f2": 4}


def weights() -> dict[str, np.ndarray]:
    """What was quantized, as ``reference/README.md`` says."""
    rng = np.random.default_rng(0)
    linear = rng.normal(size=(6, 8)).astype(np.float32)
    linear[2] = 0
    rng.normal(size=6)
    conv, embeddings = (rng.normal(size=shape).astype(np.float32) for shape in ((4, 3, 5), (6, 8)))
    return {"encoder/weight": linear, "conv/weight": conv, "embeddings/weight": embeddings}


@pytest.mark.parametrize("name", KINDS)
def test_codes_are_values_within_half_a_step(name: str) -> None:
    with Ctranslate2Checkpoint(FOLDER / f"{name}.bin") as checkpoint:
        assert checkpoint.aliases == {"projection/weight": "embeddings/weight"}
        assert not any(info.name.endswith("_scale") for info in checkpoint.tensors)
        for key, wanted in weights().items():
            info = checkpoint.info(key)
            assert (info.dtype, info.shape, info.quantized) == (KINDS[name], wanted.shape, True)
            rows = wanted.reshape(len(wanted), -1) if name != "ct2_int16" else wanted.reshape(1, -1)
            step = np.abs(rows).max(1, keepdims=True) / (1024 if name == "ct2_int16" else 127)
            values = checkpoint.read(key).reshape(rows.shape)
            assert values.dtype == np.float32
            assert np.all(np.abs(values - rows) <= step * np.float32(0.5001))
        assert checkpoint.read("scale_embeddings") == 1 and not checkpoint.info("scale_embeddings").quantized


def text(value: str) -> bytes:
    raw = value.encode() + b"\0"
    return struct.pack("<H", len(raw)) + raw


def variable(name: str, array: np.ndarray, *, kind: int | None = None, nbytes: int | None = None) -> bytes:
    number = NUMBERS[array.dtype.str.lstrip("|")] if kind is None else kind
    head = struct.pack(
        f"<B{array.ndim}IBI", array.ndim, *array.shape, number, array.nbytes if nbytes is None else nbytes
    )
    return text(name) + head + array.tobytes()


def model(variables: list[bytes], aliases: list[tuple[str, str]] = [], *, version: int = 6, more: bytes = b"") -> bytes:  # noqa: B006
    listed = b"".join(text(alias) + text(name) for alias, name in aliases)
    front = struct.pack("<I", version) + text("TinySpec") + struct.pack("<II", 1, len(variables))
    return front + b"".join(variables) + struct.pack("<I", len(aliases)) + listed + more


CODES = np.array([[1, -2, 127], [0, 3, -128]], np.int8)
SCALES = np.array([3.0, 7.0], np.float32)


def test_the_product_is_with_the_rounded_reciprocal(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(model([variable("w", CODES), variable("w_scale", SCALES)]))
    with open_checkpoint(path) as checkpoint:
        wanted = CODES.astype(np.float32) * (np.float32(1) / SCALES)[:, None]
        assert checkpoint.read("w").tobytes() == wanted.tobytes() and len(checkpoint.tensors) == 1
        assert b"".join(p.tobytes() for p in checkpoint.stored("w")) == wanted.tobytes()
        assert checkpoint.info("w").nbytes == 6 + 8


def test_plain_numbers_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    arrays = [np.arange(6, dtype=kind).reshape(2, 3) for kind in ("<f4", "<f2", "<i4")]
    path.write_bytes(model([variable(str(i), array) for i, array in enumerate(arrays)], version=4))
    with open_checkpoint(path) as checkpoint:
        for i, (info, array) in enumerate(zip(checkpoint.tensors, arrays, strict=True)):
            assert (info.name, info.dtype) == (str(i), ("F32", "F16", "I32")[i])
            assert np.array_equal(checkpoint.read(info.name), array)
            assert b"".join(p.tobytes() for p in checkpoint.stored(info.name)) == array.tobytes()


ONE = variable("w", CODES)
OWN = variable("w_scale", SCALES)
FLOAT = variable("a/weight", np.ones((2, 2), np.float32))
FAULTS: dict[str, tuple[bytes, str]] = {
    "version 3": (model([], version=3), "readable are versions 4 to 6 of CTranslate2, got 3"),
    "version 7": (model([], version=7), "got 7"),
    "no scales": (model([ONE]), "'w': I8 codes without their divisors 'w_scale'"),
    "scales of another shape": (model([ONE, variable("w_scale", SCALES[:1])]), r"F32 (2,), got F32 (1,) in 'w_scale'"),
    "scales of another type": (model([ONE, variable("w_scale", SCALES.astype("<f2"))]), "got F16 (2,)"),
    "zero points": (model([variable("w", np.ones((2, 2), "<i4")), variable("w_zero", SCALES)]), "'w_zero'"),
    "scales of values": (model([FLOAT, variable("a/weight_scale", SCALES)]), "F32 with divisors"),
    "twice": (model([ONE, OWN, ONE]), "'w': the file has this name twice"),
    "type": (model([variable("w", CODES, kind=6)]), "no type has the number 6"),
    "bytes": (model([variable("w", CODES, nbytes=7)]), "I8 of shape (2, 3) takes 6 bytes, got 7"),
    "vast": (model([text("w") + struct.pack("<B2IBI", 2, 2**31, 2**31, 0, 0)]), "2**60 or more"),
    "many": (struct.pack("<I", 6) + text("TinySpec") + struct.pack("<II", 1, 2**31), "at most 65536 variables"),
    "aliases": (model([FLOAT], [("b", "c")]), "'b': an alias of 'c', which is not there"),
    "alias of a name": (model([FLOAT], [("a/weight", "a/weight")]), "the name of something else"),
    "tail": (model([FLOAT], more=b"x"), "1 bytes follow the last alias"),
    "text": (model([text("w")[:-1] + b"x" + FLOAT]), "NUL byte"),
    "not UTF-8": (model([struct.pack("<H", 3) + b"\xff\xff\0" + FLOAT]), "not UTF-8"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_breaks_a_rule_is_refused(fault: str, tmp_path: Path) -> None:
    content, rule = FAULTS[fault]
    (tmp_path / "model.bin").write_bytes(content)
    assert rule in refusal(tmp_path / "model.bin")


@pytest.mark.parametrize("bad", [0, np.nan, np.inf])
def test_a_divisor_that_divides_nothing_is_refused(bad: float, tmp_path: Path) -> None:
    scales = variable("w_scale", np.array([1, bad], np.float32))
    (tmp_path / "model.bin").write_bytes(model([ONE, scales]))
    assert "'w': a divisor of codes in 'w_scale' is 0 or no finite number" in refusal(tmp_path / "model.bin")


def test_every_cut_is_refused_and_no_other_byte_does_worse(tmp_path: Path) -> None:
    whole = (FOLDER / "ct2_int8.bin").read_bytes()
    path = tmp_path / "model.bin"
    rng = np.random.default_rng(0)
    for cut in range(12, len(whole)):
        rewrite(path, whole[:cut])
        with pytest.raises(CheckpointError):
            open_checkpoint(path)
    for place in range(12, len(whole)):
        rewrite(path, whole[:place] + bytes([whole[place] ^ int(rng.integers(1, 256))]) + whole[place + 1 :])
        try:
            with open_checkpoint(path) as checkpoint:
                for info in checkpoint.tensors:
                    checkpoint.read(info.name)
        except CheckpointError as error:
            assert str(error).isprintable()


def test_apply_writes_its_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.safetensors"
    words = ["--mask", "50%", "--format", "int4:b4", "--order", "sq"]
    assert main(["apply", str(FOLDER / "ct2_int8.bin"), str(out), *words]) == 0
    assert main(["verify", str(out), "--against", str(FOLDER / "ct2_int8.bin")]) == 0
    with open_checkpoint(out) as written, open_checkpoint(FOLDER / "ct2_int8.bin") as source:
        assert np.array_equal(written.read("embeddings/weight"), source.read("embeddings/weight"))
        assert np.count_nonzero(written.read("encoder/weight")) <= 24
