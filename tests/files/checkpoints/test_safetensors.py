import json
import os
import re
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import SafetensorsCheckpoint, TensorInfo, open_checkpoint
from sqtheory.files.checkpoints.elements import ELEMENTS
from tests.files.checkpoints.handmade import entry, read_all, refusal, safetensors_bytes
from tests.nightly import NIGHTLY

COMMON = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
NATIVE = ("bool", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "w.safetensors"


@COMMON
@given(
    tensors=st.dictionaries(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20).filter(
            lambda name: name != "__metadata__"
        ),
        st.sampled_from(NATIVE).flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, min_side=0))),
        max_size=4,
    )
)
def test_what_the_library_writes_is_read_back(file: Path, tensors: dict[str, np.ndarray]) -> None:
    save_file(tensors, file)
    read = read_all(file)
    assert read.keys() == tensors.keys()
    for name, written in tensors.items():
        expected = written.astype(np.float32) if written.dtype == np.float16 else written
        assert read[name].dtype == expected.dtype and read[name].shape == expected.shape
        assert read[name].tobytes() == expected.tobytes()
        assert read[name].flags.c_contiguous and read[name].flags.writeable


@pytest.mark.parametrize(
    ("dtype", "oracle"),
    [
        ("BF16", ml_dtypes.bfloat16),
        ("F16", np.float16),
        ("F8_E4M3", ml_dtypes.float8_e4m3fn),
        ("F8_E5M2", ml_dtypes.float8_e5m2),
        ("F8_E8M0", ml_dtypes.float8_e8m0fnu),
        ("F8_E4M3FNUZ", ml_dtypes.float8_e4m3fnuz),
        ("F8_E5M2FNUZ", ml_dtypes.float8_e5m2fnuz),
    ],
)
def test_every_code_of_a_short_float_is_decoded(file: Path, dtype: str, oracle: type) -> None:
    codes = np.arange(1 << (8 * np.dtype(oracle).itemsize)).astype(f"<u{np.dtype(oracle).itemsize}")
    file.write_bytes(safetensors_bytes({"w": entry(dtype, [codes.size // 4, 4], 0, codes.nbytes)}, codes.tobytes()))
    with np.errstate(invalid="ignore"):
        expected = codes.view(oracle).astype(np.float32).reshape(-1, 4)
    read = read_all(file)["w"]
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(read)[number], np.signbit(expected)[number])


def test_decoding_goes_on_past_the_first_piece(file: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 1 << 15, (1 << 20) + 5, np.uint16)
    file.write_bytes(safetensors_bytes({"w": entry("BF16", [codes.size], 0, codes.nbytes)}, codes.tobytes()))
    np.testing.assert_array_equal(read_all(file)["w"], codes.view(ml_dtypes.bfloat16).astype(np.float32))


def test_bfloat16_and_float8_need_no_other_package(file: Path) -> None:
    file.write_bytes(
        safetensors_bytes({"a": entry("BF16", [1], 0, 2), "b": entry("F8_E4M3", [1], 2, 3)}, b"\x80\x3f\x38")
    )
    code = (
        "import sys; from sqtheory.files.checkpoints import open_checkpoint\n"
        f"with open_checkpoint({str(file)!r}) as c: assert c.read('a') == c.read('b') == 1\n"
        "assert not {'ml_dtypes', 'torch', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_tensors_are_listed_in_natural_order_without_reading_them(file: Path) -> None:
    names = ["h.10.w", "h.2.w", "h.02.w", "a", "h.2.b", "H", "", "3", "h.9999999999999999999999.w"]
    save_file({name: np.zeros((2, 3), np.float16) for name in names}, file)
    with open_checkpoint(file) as checkpoint:
        listed = [info.name for info in checkpoint.tensors]
        assert listed == ["", "3", "H", "a", "h.2.b", "h.02.w", "h.2.w", "h.10.w", "h.9999999999999999999999.w"]
        assert checkpoint.tensors[1] == TensorInfo("3", "F16", (2, 3), 12)
        assert checkpoint.tensors[1].is_float and checkpoint.tensors[1].size == 6
        assert checkpoint.path == file


@pytest.mark.parametrize(
    ("dtype", "is_float"), [("F64", True), ("BF16", True), ("F8_E4M3", True), ("I8", False), ("BOOL", False)]
)
def test_is_float(dtype: str, is_float: bool) -> None:
    assert TensorInfo("w", dtype, (), 0).is_float is is_float


@pytest.mark.parametrize(
    ("dtype", "oracle", "bits"),
    [
        ("F4", ml_dtypes.float4_e2m1fn, 4),
        ("F6_E2M3", ml_dtypes.float6_e2m3fn, 6),
        ("F6_E3M2", ml_dtypes.float6_e3m2fn, 6),
    ],
)
def test_codes_narrower_than_a_byte_are_packed_from_the_lowest_bit(
    file: Path, dtype: str, oracle: type, bits: int
) -> None:
    codes = np.random.default_rng(bits).integers(0, 1 << bits, 1 << 20).astype(np.uint8)
    codes[: 1 << bits] = np.arange(1 << bits)
    packed = np.packbits((codes[:, None] >> np.arange(bits) & 1).astype(bool), bitorder="little").tobytes()
    file.write_bytes(safetensors_bytes({"w": entry(dtype, [codes.size // 8, 8], 0, len(packed))}, packed))
    expected = codes.view(oracle).astype(np.float32).reshape(-1, 8)
    read = read_all(file)["w"]
    np.testing.assert_array_equal(read, expected)
    np.testing.assert_array_equal(np.signbit(read), np.signbit(expected))


def test_a_complex_tensor_is_listed_and_refused_when_read(file: Path) -> None:
    header = {"odd": entry("C64", [1], 0, 8), "fine": entry("U8", [1], 8, 9)}
    file.write_bytes(safetensors_bytes(header, bytes(8) + b"\x07"))
    with open_checkpoint(file) as checkpoint:
        assert [info.dtype for info in checkpoint.tensors] == ["U8", "C64"]
        assert checkpoint.read("fine") == 7
    message = refusal(file)
    assert "'odd'" in message and "C64" in message and "BF16" in message


def test_every_type_of_the_library_has_a_reader_but_the_complex_one(file: Path) -> None:
    file.write_bytes(safetensors_bytes({"w": entry("?", [1], 0, 1)}, b"1"))
    with pytest.raises(SafetensorError, match="expected one of") as caught, safe_open(file, framework="np"):
        pass
    listed = set(re.findall("`([A-Z0-9_]+)`", str(caught.value)))
    assert listed - set(ELEMENTS) == {"C64"} and set(ELEMENTS) <= listed


def test_the_bytes_as_stored_come_in_pieces(file: Path) -> None:
    body = np.random.default_rng(0).integers(0, 256, (2 << 20) + 3, np.uint8).tobytes()
    header = {"__metadata__": {"format": "pt"}, "w": entry("U8", [len(body)], 0, len(body))}
    file.write_bytes(safetensors_bytes(header, body))
    with SafetensorsCheckpoint(file) as checkpoint:
        pieces = [piece.tobytes() for piece in checkpoint.stored("w")]
        assert checkpoint.metadata == {"format": "pt"}
        with pytest.raises(CheckpointError, match="no tensor 'v'"):
            next(checkpoint.stored("v"))
    assert b"".join(pieces) == body and max(map(len, pieces)) == 1 << 20


def test_metadata_of_null_are_none(tmp_path: Path) -> None:
    body = safetensors_bytes({"__metadata__": None, "w": entry("U8", [1], 0, 1)}, b"a")
    (tmp_path / "m.safetensors").write_bytes(body)
    with SafetensorsCheckpoint(tmp_path / "m.safetensors") as checkpoint:
        assert checkpoint.metadata == {} and checkpoint.read("w").tolist() == [97]


F32 = ("F32", [2], 0, 8)
MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "got 0 bytes"),
    "seven bytes": (b"1234567", "got 7 bytes"),
    "length only": (bytes(8), "got 8 bytes"),
    "header of 2**63 bytes": (safetensors_bytes({}, length=2**63), "limit is 100000000"),
    "header above the limit": (safetensors_bytes({}, length=10**8 + 1), "limit is 100000000"),
    "header past the end": (safetensors_bytes({}, length=3), "only 2 bytes follow"),
    "header of no bytes": (safetensors_bytes(b"{", length=0), "JSON"),
    "space before the header": (safetensors_bytes(b" {}"), "must start with '{', got byte 0x20"),
    "not UTF-8": (safetensors_bytes(b'{"a\xff":{}}'), "not UTF-8"),
    "lone surrogate": (safetensors_bytes(b'{"\\ud800":' + json.dumps(entry(*F32)).encode() + b"}", bytes(8)), "JSON"),
    "not JSON": (safetensors_bytes(b"{oops}"), "not JSON"),
    "two JSON values": (safetensors_bytes(b"{}{}"), "not JSON"),
    "deep JSON": (safetensors_bytes(b'{"a":' + b"[" * 100_000), "nested too deeply"),
    "number of 5000 digits": (safetensors_bytes(b'{"a":' + b"9" * 5000 + b"}"), "not JSON"),
    "NaN constant": (safetensors_bytes(b'{"a":NaN}'), "'a'"),
    "key twice": (safetensors_bytes(b'{"a":{},"b":{},"a":{}}'), "key 'a' twice"),
    "field twice": (safetensors_bytes(b'{"a":{"dtype":"F32","dtype":"F16"}}'), "key 'dtype' twice"),
    "metadata with a number": (safetensors_bytes({"__metadata__": {"a": 1}}), "map strings to strings"),
    "metadata a list": (safetensors_bytes({"__metadata__": []}), "map strings to strings"),
    "entry a number": (safetensors_bytes({"a": 1}), "'a': its entry"),
    "no dtype": (safetensors_bytes({"a": {"shape": [1], "data_offsets": [0, 4]}}, bytes(4)), "'a': dtype"),
    "no shape": (safetensors_bytes({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, bytes(4)), "'a': shape"),
    "no offsets": (safetensors_bytes({"a": {"dtype": "F32", "shape": [1]}}, bytes(4)), "'a': data_offsets"),
    "three offsets": (
        safetensors_bytes({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1, 1]}}, b"1"),
        "'a': data_offsets",
    ),
    "unknown dtype": (safetensors_bytes({"a": entry("F99", [2], 0, 8)}, bytes(8)), "'a': dtype F99"),
    "float in the shape": (safetensors_bytes({"a": entry("F32", [2.0], 0, 8)}, bytes(8)), "'a': shape"),
    "boolean in the shape": (safetensors_bytes({"a": entry("U8", [True], 0, 1)}, bytes(1)), "'a': shape"),
    "float offset": (safetensors_bytes({"a": entry("F32", [2], 0.0, 8)}, bytes(8)), "'a': data_offsets"),
    "negative offset": (safetensors_bytes({"a": entry("F32", [2], -8, 0)}, bytes(8)), "'a': data_offsets"),
    "begin after end": (safetensors_bytes({"a": entry("F32", [2], 8, 0)}, bytes(8)), "'a': data_offsets"),
    "negative dimension": (safetensors_bytes({"a": entry("F32", [-2, -1], 0, 8)}, bytes(8)), "negative, got -2"),
    "shape too small": (safetensors_bytes({"a": entry("F32", [1], 0, 8)}, bytes(8)), "takes 4 bytes, got 8"),
    "shape overflowing": (safetensors_bytes({"a": entry("F32", [2**62, 2**62], 0, 0)}), "'a': the dimensions"),
    "shape overflowing by a zero": (safetensors_bytes({"a": entry("F32", [0, 2**62], 0, 0)}), "'a': the dimensions"),
    "rank 65": (safetensors_bytes({"a": entry("F32", [1] * 65, 0, 4)}, bytes(4)), "at most 64 axes, got 65"),
    "rank 100000": (safetensors_bytes({"a": entry("F32", [0] * 100_000, 0, 0)}), "at most 64 axes"),
    "truncated body": (safetensors_bytes({"a": entry(*F32)}, bytes(7)), "'a': ends at byte 8, but the file has only 7"),
    "codes that leave half a byte": (
        safetensors_bytes({"a": entry("F4", [3], 0, 2)}, bytes(2)),
        "'a': 4-bit codes of shape (3,) do not fill",
    ),
    "trailing byte": (safetensors_bytes({"a": entry(*F32)}, bytes(9)), "1 bytes follow"),
    "trailing byte, no tensor": (safetensors_bytes({}, b"1"), "1 bytes follow"),
    "hole": (safetensors_bytes({"a": entry(*F32), "b": entry("U8", [1], 9, 10)}, bytes(10)), "'b': begins at byte 9"),
    "hole in front": (safetensors_bytes({"b": entry("U8", [1], 1, 2)}, bytes(2)), "leaves a hole"),
    "overlap": (safetensors_bytes({"a": entry(*F32), "b": entry("U8", [2], 7, 9)}, bytes(9)), "'b': begins at byte 7"),
    "NUL in a name": (safetensors_bytes({"a\0": entry(*F32)}, bytes(8)), "no NUL"),
    "name of 4097 characters": (safetensors_bytes({"x" * 4097: entry(*F32)}, bytes(8)), "got 4097 characters"),
    "name that breaks lines": (safetensors_bytes({"a\nb\x1b[2J": entry(*F32)}, bytes(7)), r"'a\nb\x1b[2J'"),
    "boolean 2": (safetensors_bytes({"a": entry("BOOL", [2], 0, 2)}, b"\x01\x02"), "'a': a boolean is a byte 0 or 1"),
}


@pytest.mark.parametrize(("content", "rule"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_file_is_refused_in_one_line(file: Path, content: bytes, rule: str) -> None:
    file.write_bytes(content)
    assert rule in refusal(file)


def test_the_limits_themselves_are_allowed(file: Path) -> None:
    header = {"x" * 4096: entry("F32", [1] * 64, 0, 4), "empty": entry("F64", [0, 2**59], 4, 4), "../../x": entry(*F32)}
    header["../../x"] = entry("F32", [], 4, 8)
    text = json.dumps(header).encode()
    file.write_bytes(safetensors_bytes(text.ljust(10**8), bytes(8)))
    assert {name[:8]: read.shape for name, read in read_all(file).items()} == {
        "xxxxxxxx": (1,) * 64,
        "empty": (0, 2**59),
        "../../x": (),
    }


def test_many_repeated_keys_are_found_quickly(file: Path) -> None:
    keys = ",".join(f'"{i}":0' for i in range(200_000))
    file.write_bytes(safetensors_bytes(f'{{{keys},"199999":0}}'.encode()))
    assert "key '199999' twice" in refusal(file)


def test_what_a_header_makes_in_memory_is_bounded(file: Path) -> None:
    file.write_bytes(safetensors_bytes(b'{"a": [' + b"[]," * (1 << 22) + b"[]]}"))
    assert "the header has 8388611 commas and brackets, the limit is 8388608" in refusal(file)


@pytest.mark.parametrize("count", [9_000 if not NIGHTLY else 200_000])
def test_many_tensors_open_in_time_and_memory_that_grow_with_their_number(file: Path, count: int) -> None:
    header = {
        f"layers.{i // 100}.experts.{i % 100}.down_proj.weight": entry("F32", [1], 4 * i, 4 * i + 4)
        for i in range(count)
    }
    file.write_bytes(safetensors_bytes(header, np.arange(count, dtype=np.float32).tobytes()))
    tracemalloc.start()
    try:
        with open_checkpoint(file) as checkpoint:
            size, most = tracemalloc.get_traced_memory()
            assert len(checkpoint.tensors) == count and most < 3000 * count and size < 1500 * count
            assert checkpoint.tensors[-1].name == f"layers.{(count - 1) // 100}.experts.99.down_proj.weight"
            assert checkpoint.read(checkpoint.tensors[-1].name) == [count - 1]
            with pytest.raises(CheckpointError, match=r"no tensor 'layers\.0\.weight'$"):
                checkpoint.read("layers.0.weight")
    finally:
        tracemalloc.stop()


def test_a_file_that_shrinks_after_opening_is_refused(file: Path) -> None:
    save_file({"w": np.ones(1000, np.float32)}, file)
    with open_checkpoint(file) as checkpoint:
        os.truncate(file, 2000)
        with pytest.raises(CheckpointError, match=r"w\.safetensors: tensor 'w': the data end after \d+ of 4000 bytes"):
            checkpoint.read("w")


def test_an_unknown_name_is_refused_with_the_nearest(file: Path) -> None:
    save_file({"layers.0.weight": np.ones(1)}, file)
    with open_checkpoint(file) as checkpoint, pytest.raises(CheckpointError, match=r"nearest: 'layers\.0\.weight'"):
        checkpoint.read("layer.0.weight")


def test_a_closed_checkpoint_cannot_be_read(file: Path) -> None:
    save_file({"w": np.ones(1)}, file)
    with open_checkpoint(file) as checkpoint:
        pass
    with pytest.raises(ValueError, match="closed"):
        checkpoint.read("w")


def test_a_refused_file_is_closed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    original = Path.open

    def remember(self: Path, *args: object, **options: object) -> object:
        opened.append(original(self, *args, **options))
        return opened[-1]

    monkeypatch.setattr(Path, "open", remember)
    file.write_bytes(safetensors_bytes({"a": entry(*F32)}, bytes(7)))
    with pytest.raises(CheckpointError):
        SafetensorsCheckpoint(file)
    assert opened and all(stream.closed for stream in opened)


def test_threads_may_read_from_one_checkpoint(file: Path) -> None:
    tensors = {f"w{i}": np.full(50_000, i, np.float32) for i in range(16)}
    save_file(tensors, file)
    with open_checkpoint(file) as checkpoint, ThreadPoolExecutor(8) as pool:
        for name, read in zip(list(tensors) * 8, pool.map(checkpoint.read, list(tensors) * 8), strict=True):
            np.testing.assert_array_equal(read, tensors[name])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_small_tensor_of_a_large_file_costs_little_memory(file: Path) -> None:
    large = 1 << 30
    with file.open("wb") as stream:
        stream.write(
            safetensors_bytes({"big": entry("U8", [large], 0, large), "w": entry("F32", [4], large, large + 16)})
        )
        stream.truncate(stream.tell() + large + 16)
    liar = file.with_name("liar.safetensors")
    liar.write_bytes(safetensors_bytes({}, length=2**63))
    code = f"""
import re
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.exceptions import CheckpointError
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
open_checkpoint("zoo:vit-dense").close()
before = peak()
with open_checkpoint({str(file)!r}) as c:
    assert c.read("w").tolist() == [0, 0, 0, 0] and c.tensors[0].nbytes == {large}
try:
    open_checkpoint({str(liar)!r})
except CheckpointError:
    print(peak() - before)
"""
    grown = int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
    assert grown < 4096
