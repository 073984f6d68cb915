import random
import struct
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest

from sqtheory.cli import main
from sqtheory.exceptions import CheckpointError, MissingExtra
from sqtheory.files.checkpoints import TensorInfo, open_checkpoint
from sqtheory.files.checkpoints.gguf import GgufCheckpoint
from sqtheory.files.checkpoints.gguf_blocks import EXPANSIONS
from sqtheory.files.checkpoints.gguf_header import MAX_HEADER, MAX_ITEMS, TYPES
from tests.counting import counted
from tests.files.checkpoints.handmade import often, read_all, refusal, rewrite

UNEXPANDED = ("Q8_1", "Q8_K", "Q1_0")
"""Types for which the package has no expansion."""
QUANTIZED = [name for name, entries, _ in TYPES.values() if entries > 1 and name not in UNEXPANDED]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "w.gguf"


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def entry(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def tensor(name: bytes, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape[::-1], kind, offset)


def gguf_bytes(entries: list[bytes], tensors: list[bytes], body: bytes = b"", *, align: int = 32) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries + tensors)
    return head.ljust(-(-len(head) // align) * align, b"\0") + body


def write(file: Path, tensors: dict[str, tuple[np.ndarray, str]], **metadata: object) -> None:
    """A file from the writer of the gguf package; quantized tensors are given as their bytes."""
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_array("tokenizer.ggml.tokens", ["a", "é", ""])
    writer.add_array("tokenizer.ggml.scores", [0.5, -1.0])
    writer.add_bool("some.flag", True)
    writer.add_float64("some.number", 1e300)
    for name, (values, kind) in tensors.items():
        writer.add_tensor(name, values, raw_dtype=gguf.GGMLQuantizationType[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_the_table_of_types_is_that_of_the_package() -> None:
    known = {int(kind): (kind.name, *sizes) for kind, sizes in gguf.GGML_QUANT_SIZES.items()}
    assert {number: TYPES.get(number) for number in known} == known


def test_every_kind_of_block_is_expanded_as_the_package_does(file: Path) -> None:
    """Random bytes: every scale occurs, infinite ones and NaN included."""
    rng = np.random.default_rng(0)
    sizes = {name: nbytes for name, _, nbytes in TYPES.values()}
    tensors = {name: (rng.integers(0, 256, (3, 5, 2 * sizes[name]), np.uint8), name) for name in QUANTIZED}
    tensors["long"] = (rng.integers(0, 256, (300, 40 * sizes["Q4_K"]), np.uint8), "Q4_K")
    write(file, tensors)
    assert len(QUANTIZED) >= 22
    reader = gguf.GGUFReader(file)
    with GgufCheckpoint(file) as checkpoint, np.errstate(all="ignore"):
        assert [info.name for info in checkpoint.tensors] == [t.name for t in reader.tensors]
        for reference in reader.tensors:
            wanted = gguf.quants.dequantize(reference.data, reference.tensor_type)
            read = checkpoint.read(reference.name)
            assert read.dtype == np.float32 and read.shape == wanted.shape
            assert read.tobytes() == wanted.tobytes(), reference.name
            info = checkpoint.info(reference.name)
            assert info.is_float and info.nbytes == reference.n_bytes and info.dtype == reference.tensor_type.name


@pytest.mark.parametrize("dtype", UNEXPANDED)
def test_blocks_that_the_package_cannot_expand_are_listed_and_refused(file: Path, dtype: str) -> None:
    number, entries, nbytes = next((n, *sizes) for n, (name, *sizes) in TYPES.items() if name == dtype)
    file.write_bytes(gguf_bytes([], [tensor(b"w", (2, entries), number, 0)], bytes(2 * nbytes)))
    with open_checkpoint(file) as checkpoint:
        assert checkpoint.tensors == (TensorInfo("w", dtype, (2, entries), 2 * nbytes, quantized=True),)
    assert f"'w': the gguf package cannot expand {dtype}" in refusal(file)


@pytest.mark.parametrize("dtype", EXPANSIONS)
def test_own_expansions_are_those_of_the_package_for_every_scale(dtype: str) -> None:
    number, entries, nbytes = next((n, *sizes) for n, (name, *sizes) in TYPES.items() if name == dtype)
    blocks = np.random.default_rng(0).integers(0, 256, (1 << 16, nbytes), np.uint8)
    place = slice(-2, None) if dtype.startswith("TQ") else slice(2)
    blocks[:, place] = np.arange(1 << 16, dtype="<u2").view(np.uint8).reshape(-1, 2)
    with np.errstate(all="ignore"):
        wanted = gguf.quants.dequantize(blocks.reshape(1, -1), gguf.GGMLQuantizationType(number)).reshape(-1, entries)
        values = EXPANSIONS[dtype](blocks)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, wanted)
    finite = np.isfinite(wanted)
    assert np.array_equal(np.signbit(values[finite]), np.signbit(wanted[finite]))


def test_the_package_expands_many_blocks_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    own = gguf.quants.Q6_K.dequantize_blocks.__func__
    monkeypatch.setattr(
        gguf.quants.Q6_K, "dequantize_blocks", classmethod(lambda cls, b: (calls.append(len(b)), own(cls, b))[1])
    )
    write(file, {"q": (np.zeros((100, 210), np.uint8), "Q6_K")})
    with open_checkpoint(file) as checkpoint:
        assert checkpoint.read("q").shape == (100, 256)
    assert calls == [100]


def test_plain_numbers_are_read_as_they_are(file: Path) -> None:
    rng = np.random.default_rng(0)
    written = {
        "f32": (rng.normal(size=(2, 3)).astype(np.float32), "F32"),
        "f16": (rng.normal(size=(4,)).astype(np.float16), "F16"),
        "f64": (rng.normal(size=(2, 1, 3)), "F64"),
        "i8": (np.arange(5, dtype=np.int8), "I8"),
        "i64": (np.arange(5, dtype=np.int64), "I64"),
        "empty": (np.zeros((0, 3), np.float32), "F32"),
    }
    write(file, written)
    for name, values in read_all(file).items():
        wanted = written[name][0]
        wanted = wanted.astype(np.float32) if wanted.dtype == np.float16 else wanted
        assert values.dtype == wanted.dtype
        np.testing.assert_array_equal(values, wanted)
    file.write_bytes(gguf_bytes([], [tensor(b"w", (2,), 30, 0)], b"\x80\x3f\x00\xc0"))
    np.testing.assert_array_equal(read_all(file)["w"], np.array([1, -2], np.float32))


def test_the_verbs_take_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = np.random.default_rng(0).normal(size=(8, 64)).astype(np.float32)
    quantized = gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q4_0)
    write(file, {"blk.0.ffn_up.weight": (quantized, "Q4_0"), "blk.0.b": (weights[0], "F32")})
    assert main(["inspect", str(file)]) == 0
    assert "Q4_0" in capsys.readouterr().out
    assert main(["order", str(file), "--mask", "2:4", "--format", "int4:b32"]) == 0
    assert "1 tensor compared, 1 left alone" in capsys.readouterr().out


def test_without_the_package_plain_numbers_are_read_and_blocks_ask_for_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = {"q": (np.zeros((1, 210), np.uint8), "Q6_K"), "own": (np.full((1, 18), 0x3C, np.uint8), "Q4_0")}
    write(file, {"a": (np.ones(3, np.float32), "F32"), **blocks})
    monkeypatch.setitem(sys.modules, "gguf", None)
    with open_checkpoint(file) as checkpoint:
        np.testing.assert_array_equal(checkpoint.read("a"), np.ones(3))
        np.testing.assert_array_equal(
            checkpoint.read("own"), np.float32([[4 * 1.05859375] * 16 + [-5 * 1.05859375] * 16])
        )
        with pytest.raises(MissingExtra, match=r"sqtheory\[gguf\]"):
            checkpoint.read("q")
    assert main(["inspect", str(file)]) == 4
    assert "expanding Q6_K tensors" in capsys.readouterr().err


ONE = tensor(b"w", (4,), 0, 0)
BODY = np.ones(4, np.float32).tobytes()
NESTED = struct.pack("<IQ", 9, 1)
HUGE = struct.pack("<Q", 2**63)
MALFORMED: dict[str, tuple[bytes, str]] = {
    "magic only": (b"GGUF", "truncated"),
    "no counts": (b"GGUF\x03\0\0\0", "truncated"),
    "version 1": (b"GGUF\x01\0\0\0" + bytes(16), "got version 1"),
    "big-endian": (b"GGUF\0\0\0\x03" + bytes(16), "big-endian"),
    "tensors without number": (b"GGUF\x03\0\0\0" + HUGE + bytes(8), "at most 65536 tensors"),
    "tensors that cannot be there": (b"GGUF\x03\0\0\0\x00\x01" + bytes(14), "256 tensors at byte"),
    "entries without number": (b"GGUF\x03\0\0\0" + bytes(8) + HUGE, "at most 65536 metadata entries"),
    "an array of 2**63": (gguf_bytes([entry(b"k", 9, struct.pack("<I", 0) + HUGE)], []), f"{2**63} numbers at byte"),
    "an array of 2**63 texts": (gguf_bytes([entry(b"k", 9, struct.pack("<I", 8) + HUGE)], []), f"at most {MAX_ITEMS}"),
    "an array of 2**63 arrays": (gguf_bytes([entry(b"k", 9, struct.pack("<I", 9) + HUGE)], []), f"at most {MAX_ITEMS}"),
    "an array of many texts": (gguf_bytes([entry(b"k", 9, struct.pack("<IQ", 8, 99999))], []), "99999 texts or arrays"),
    "a text of 2**63": (gguf_bytes([entry(b"k", 8, HUGE)], []), "a text at byte"),
    "a text inside an array": (gguf_bytes([entry(b"k", 9, struct.pack("<IQ", 8, 1) + HUGE)], []), "a text at byte"),
    "a key of 2**63": (b"GGUF\x03\0\0\0" + struct.pack("<QQ", 0, 1) + HUGE + bytes(9), "a key has at most 65535"),
    "a key of other bytes": (gguf_bytes([entry(b"\xff", 0, b"1")], []), "a key is not UTF-8"),
    "a key twice": (gguf_bytes([entry(b"k", 0, b"1")] * 2, []), "the key 'k' twice"),
    "an unknown type of value": (gguf_bytes([entry(b"k", 13, b"1")], []), "no type of metadata has the number 13"),
    "nested arrays": (gguf_bytes([entry(b"k", 9, NESTED * 9)], []), "at most 4 arrays inside each other"),
    "deeply nested arrays": (gguf_bytes([entry(b"k", 9, NESTED * 100_000)], []), "at most 4 arrays inside each other"),
    "alignment 0": (gguf_bytes([entry(b"general.alignment", 4, bytes(4))], [ONE], BODY), "a power of two"),
    "alignment 24": (gguf_bytes([entry(b"general.alignment", 4, b"\x18\0\0\0")], [ONE], BODY), "a power of two"),
    "alignment a text": (gguf_bytes([entry(b"general.alignment", 8, text(b"32"))], [ONE], BODY), "a power of two"),
    "alignment huge": (gguf_bytes([entry(b"general.alignment", 4, b"\0\0\0\x80")], [ONE], BODY), "a power of two"),
    "a name of 2**63": (gguf_bytes([], [HUGE + bytes(99)]), "a tensor's name has at most"),
    "a name with NUL": (gguf_bytes([], [tensor(b"a\0", (4,), 0, 0)], BODY), "no NUL"),
    "a name that breaks lines": (gguf_bytes([], [tensor(b"a\nb", (5,), 0, 0)], BODY), r"'a\nb': ends at byte"),
    "a name twice": (gguf_bytes([], [ONE, ONE], BODY), "'w': the file has this name twice"),
    "five axes": (gguf_bytes([], [tensor(b"w", (1,) * 5, 0, 0)], BODY), "'w': at most 4 axes, got 5"),
    "axes without number": (gguf_bytes([], [text(b"w") + b"\xff" * 4 + bytes(99)], BODY), "'w': at most 4 axes"),
    "overflowing": (gguf_bytes([], [tensor(b"w", (2**62, 4), 0, 0)], BODY), "'w': the dimensions that are not zero"),
    "an unknown type": (gguf_bytes([], [tensor(b"w", (4,), 4, 0)], BODY), "'w': no type has the number 4"),
    "a part of a block": (gguf_bytes([], [tensor(b"w", (8, 16), 2, 0)], BODY), "'w': Q4_0 has blocks of 32"),
    "a scalar of a block": (gguf_bytes([], [tensor(b"w", (), 2, 0)], BODY), "'w': Q4_0 has blocks of 32"),
    "not aligned": (gguf_bytes([], [tensor(b"w", (4,), 0, 4)], BODY * 9), "'w': begins 4 bytes in: not aligned"),
    "truncated": (gguf_bytes([], [ONE], BODY[:-1]), "'w': ends at byte 80, but the file has only 79"),
    "an offset of 2**63": (gguf_bytes([], [tensor(b"w", (4,), 0, 2**63)], BODY), "'w': ends at byte"),
    "one inside another": (gguf_bytes([], [tensor(b"w", (99,), 0, 0), tensor(b"v", (4,), 0, 32)], bytes(999)), "'v'"),
}


@pytest.mark.parametrize(("content", "rule"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_file_is_refused_in_one_line_and_at_once(file: Path, content: bytes, rule: str) -> None:
    """Whatever numbers it declares, in no more steps than a small file takes."""
    file.write_bytes(content)
    with counted() as calls:
        assert rule in refusal(file)
    assert calls.count < 1_000


def test_nested_arrays_within_the_limit_are_passed_over(file: Path) -> None:
    value = NESTED * 3 + struct.pack("<IQ", 8, 2) + text(b"a") + text(b"")
    entries = [entry(b"k", 9, value), entry(b"general.alignment", 4, struct.pack("<I", 64))]
    file.write_bytes(gguf_bytes(entries, [ONE], BODY, align=64))
    np.testing.assert_array_equal(read_all(file)["w"], np.ones(4))


def vocabulary(file: Path, count: int) -> None:
    value = struct.pack("<IQ", 8, count) + text(b"") * count
    file.write_bytes(gguf_bytes([entry(b"k", 9, value)], [ONE], BODY))


def test_the_largest_vocabulary_is_read_and_a_larger_one_is_refused_at_once(file: Path) -> None:
    vocabulary(file, MAX_ITEMS - 1)
    with GgufCheckpoint(file) as checkpoint:
        assert checkpoint.tensors == (TensorInfo("w", "F32", (4,), 16),)
    vocabulary(file, MAX_ITEMS)
    with counted() as calls:
        assert f"at most {MAX_ITEMS} texts" in refusal(file)
    assert calls.count < 1_000


def test_a_text_takes_as_many_steps_however_many_there_are(file: Path) -> None:
    taken = []
    for count in (0, 1_000, 2_000, 3_000):  # the first finds what is remembered ever after
        vocabulary(file, count)
        with counted() as calls, GgufCheckpoint(file):
            pass
        taken.append(calls.count)
    assert taken[3] - taken[2] == taken[2] - taken[1] <= 20 * 1_000


def test_a_header_that_is_too_long_is_refused(file: Path) -> None:
    head = gguf_bytes([entry(b"k", 9, struct.pack("<IQ", 0, MAX_HEADER))], [])
    with file.open("wb") as stream:
        stream.write(head)
        stream.truncate(2 * MAX_HEADER)
    assert f"a header has at most {MAX_HEADER} bytes" in refusal(file)


def test_the_file_on_which_the_reader_of_the_package_hangs_is_refused(file: Path) -> None:
    content = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text(b"k") + struct.pack("<IIQ", 9, 0, 2**63)
    file.write_bytes(content)
    assert len(content) == 49 and "cannot fit" in refusal(file)


def test_any_change_is_read_or_refused(file: Path) -> None:
    """Bytes replaced, removed, repeated and made large at random: one exception type, in steps by the file's length."""
    rng = np.random.default_rng(0)
    sizes = {name: nbytes for name, _, nbytes in TYPES.values()}
    kinds = ("Q4_0", "Q6_K", "IQ2_XXS", "MXFP4")
    write(file, {kind: (rng.integers(0, 256, (1, sizes[kind]), np.uint8), kind) for kind in kinds})
    original, draw = file.read_bytes(), random.Random(0)
    header = original.rindex(b"MXFP4") + 40
    read = most = 0
    for _ in range(often(4_000)):
        content = bytearray(original)
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(header)
            piece = draw.choice([draw.randbytes(1), b"\xff" * 8, bytes(8), HUGE, draw.randbytes(4), b"", b"\x09\0\0\0"])
            content[at : at + draw.choice([len(piece), 0, 1, 8])] = piece
        content = content[: draw.randrange(len(content))] if draw.random() < 0.1 else content
        rewrite(file, content)
        try:
            with counted() as calls:
                read += bool(read_all(file))
        except CheckpointError as error:
            assert str(error).isprintable()
        most = max(most, calls.count - 20 * len(content))
    assert 0 < read < often(4_000) / 2 and most < 1_000


def test_a_file_that_shrinks_after_opening_is_refused(file: Path) -> None:
    write(file, {"w": (np.ones(1000, np.float32), "F32"), "q": (np.zeros((99, 18), np.uint8), "Q4_0")})
    with open_checkpoint(file) as checkpoint:
        file.write_bytes(file.read_bytes()[:500])
        for name in ("w", "q"):
            with pytest.raises(CheckpointError, match=f"tensor '{name}': the data end"):
                checkpoint.read(name)


def test_a_closed_checkpoint_cannot_be_read(file: Path) -> None:
    write(file, {"w": (np.ones(10, np.float32), "F32")})
    with open_checkpoint(file) as checkpoint:
        assert checkpoint.signature.size == file.stat().st_size
    with pytest.raises(ValueError, match="closed"):
        checkpoint.read("w")


def test_opening_needs_no_other_package(file: Path) -> None:
    write(file, {"w": (np.ones(10, np.float32), "F32")})
    code = (
        "import sys; from sqtheory.files.checkpoints import open_checkpoint\n"
        f"with open_checkpoint({str(file)!r}) as c: assert c.read('w').sum() == 10\n"
        "assert not {'gguf', 'ml_dtypes'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_metadata_are_numbers_texts_and_lists_of_them(file: Path) -> None:
    numbers = {0: ("<B", 200), 1: ("<b", -5), 2: ("<H", 60_000), 3: ("<h", -7), 4: ("<I", 2**31), 5: ("<i", -9)}
    numbers |= {6: ("<f", 0.5), 7: ("<?", True), 10: ("<Q", 2**63), 11: ("<q", -(2**40)), 12: ("<d", 0.1)}
    entries = [entry(f"n{kind}".encode(), kind, struct.pack(*value)) for kind, value in numbers.items()]
    entries.append(entry(b"word", 8, text("ĝis".encode())))
    entries.append(entry(b"words", 9, struct.pack("<IQ", 8, 2) + text(b"a") + text(b"")))
    nested = struct.pack("<IQ", 9, 2) + struct.pack("<IQ2H", 2, 2, 1, 2) + struct.pack("<IQ", 2, 0)
    entries.append(entry(b"nested", 9, nested))
    file.write_bytes(gguf_bytes(entries, []))
    with open_checkpoint(file) as checkpoint:
        assert isinstance(checkpoint, GgufCheckpoint)
        found = dict(checkpoint.metadata)
    found["nested"] = [inner.tolist() for inner in found["nested"]]
    assert found == {
        **{f"n{kind}": value for kind, (_, value) in numbers.items()},
        **{"word": "ĝis", "words": ["a", ""], "nested": [[1, 2], []]},
    }


def test_metadata_that_are_no_text_are_refused_when_they_are_read(file: Path) -> None:
    file.write_bytes(gguf_bytes([entry(b"word", 8, text(b"\xff"))], []))
    with open_checkpoint(file) as checkpoint:
        assert isinstance(checkpoint, GgufCheckpoint)
        with pytest.raises(CheckpointError, match="a text is not UTF-8"):
            _ = checkpoint.metadata
