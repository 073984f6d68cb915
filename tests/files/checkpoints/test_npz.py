import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import TensorInfo, npz, open_checkpoint
from tests.files.checkpoints.handmade import NPY_FIELDS, npy_header, read_all, refusal

COMMON = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
NUMBERS = st.sampled_from(
    [f"{order}{kind}" for order in "<>" for kind in ("u2", "i4", "u8", "f2", "f4", "f8")] + ["?", "i1"]
)
ARRAYS = NUMBERS.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, min_side=0, max_side=4)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "w.npz"


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array)
    return stream.getvalue()


def archive(file: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(file, "w", method) as packed:
        for name, content in members.items():
            packed.writestr(name, content)


def refusal_and_peak(file: Path) -> tuple[str, int]:
    tracemalloc.start()
    message = refusal(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return message, peak


def assert_same(read: np.ndarray, written: np.ndarray) -> None:
    expected = written.astype(np.float32) if written.dtype.name == "float16" else written
    assert read.dtype == expected.dtype.newbyteorder("=") and read.dtype.isnative and read.flags.c_contiguous
    assert read.shape == expected.shape and read.flags.writeable
    assert read.tobytes() == expected.astype(read.dtype).tobytes()


@COMMON
@given(
    arrays=st.dictionaries(st.text("ab./ é", min_size=1), ARRAYS, max_size=3),
    compressed=st.booleans(),
    fortran=st.booleans(),
)
def test_what_numpy_writes_is_read_back(
    file: Path, arrays: dict[str, np.ndarray], compressed: bool, fortran: bool
) -> None:
    written = {name: np.asfortranarray(a) if fortran and a.ndim else a for name, a in arrays.items()}
    archive(file, {f"{name}.npy": npy(a) for name, a in written.items()}, zipfile.ZIP_DEFLATED if compressed else 0)
    read = read_all(file)
    assert list(read) == list(written)
    for name, a in written.items():
        assert_same(read[name], a)


@COMMON
@given(array=ARRAYS, fortran=st.booleans())
def test_an_npy_file_is_one_tensor_named_like_the_file(file: Path, array: np.ndarray, fortran: bool) -> None:
    array = np.asfortranarray(array) if fortran and array.ndim else array
    single = file.with_name("conv1.npy")
    np.save(single, array)
    read = read_all(single)
    assert list(read) == ["conv1"]
    assert_same(read["conv1"], array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_members_are_listed_in_file_order(file: Path, save: object) -> None:
    save(file, z=np.zeros((2, 3), ">f2"), a=np.zeros((), bool), m=np.zeros((0, 5), np.int64))
    with open_checkpoint(file) as checkpoint:
        assert checkpoint.tensors == (
            TensorInfo("z", "float16", (2, 3), 12),
            TensorInfo("a", "bool", (), 1),
            TensorInfo("m", "int64", (0, 5), 0),
        )
        assert [info.is_float for info in checkpoint.tensors] == [True, False, False]


def test_headers_of_version_two_are_read(file: Path) -> None:
    text = "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 2)}"
    archive(file, {"w.npy": npy_header(text, bytes([1, 0, 2, 0, 3, 0, 4, 0]), b"\x02\x00")})
    np.testing.assert_array_equal(read_all(file)["w"], [[1, 3], [2, 4]])


def test_a_header_that_numpy_writes_and_does_not_read_is_refused_by_what_it_means(file: Path) -> None:
    target = file.with_name("w.npy")
    np.save(target, np.zeros(3, ml_dtypes.float8_e5m2))
    with pytest.raises(ValueError):
        np.load(target)
    with pytest.raises(CheckpointError, match="1-byte items called f1, a float of 8 bits or fewer"):
        open_checkpoint(target)


@pytest.mark.parametrize(
    ("array", "rule"),
    [
        (np.array([1, "x", None], object), "Python objects"),
        (np.zeros(3, ml_dtypes.bfloat16), "a bfloat16 that lost its name"),
        (np.zeros(3, ml_dtypes.float8_e4m3fn), "a float of 8 bits or fewer that lost its name"),
        (np.zeros(3, ml_dtypes.float4_e2m1fn), "a float of 8 bits or fewer that lost its name"),
        (np.zeros(3, "V3"), "not a boolean, an integer or a float"),
        (np.zeros(3, [("a", "f4"), ("b", "O")]), "Python objects"),
        (np.zeros(3, [("a", "f4")]), "not a boolean, an integer or a float"),
        (np.zeros(3, np.complex64), "complex64 is not a boolean"),
        (np.zeros(3, "U4"), "not a boolean"),
        (np.zeros(3, "M8[s]"), "not a boolean"),
        (np.zeros(3, np.longdouble), "16 to 64 bits"),
    ],
    ids=lambda value: str(value.dtype) if isinstance(value, np.ndarray) else "",
)
@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_a_type_without_a_reader_is_listed_and_refused_when_read(
    file: Path, array: np.ndarray, rule: str, suffix: str
) -> None:
    target = file.with_name(f"w{suffix}")
    with target.open("wb") as stream:
        np.savez(stream, w=array, fine=np.ones(1)) if suffix == ".npz" else np.save(stream, array)
    with open_checkpoint(target) as checkpoint:
        assert checkpoint.tensors[0].name == "w" and checkpoint.tensors[0].shape == (3,)
        if suffix == ".npz":
            assert checkpoint.read("fine") == 1
    message = refusal(target)
    assert "'w'" in message and rule in message


FLOATS = npy(np.ones(4, np.float32))
HEADERS: dict[str, tuple[bytes, str]] = {
    "too few entries": (FLOATS[:-4], "(4,) takes 16 bytes, got 12"),
    "too many entries": (FLOATS + b"1", "(4,) takes 16 bytes, got 17"),
    "no magic": (b"1234567890", "no npy header"),
    "empty": (b"", "no npy header"),
    "header cut": (FLOATS[:20], "no npy header"),
    "version 3": (npy_header(NPY_FIELDS.format("(1,)"), bytes(4), b"\x03\x00"), "version 1.0 or 2.0, got (3, 0)"),
    "version 9": (npy_header(NPY_FIELDS.format("(1,)"), bytes(4), b"\x09\x00"), "no npy header"),
    "not a dictionary": (npy_header("[1, 2]"), "no npy header"),
    "a call": (npy_header("__import__('os').system('true')"), "no npy header"),
    "unknown dtype": (npy_header(NPY_FIELDS.format("(1,)").replace("f4", "q9"), bytes(4)), "no npy header"),
    "nested": (npy_header("(" * 5000), "no npy header"),
    "minus signs": (npy_header("-" * 9000 + "1"), "no npy header"),
    "long header": (npy_header(NPY_FIELDS.format("(1,)") + " " * 12000, bytes(4)), "no npy header"),
    "header of 4 GB": (b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 99, "no npy header"),
    "shape a string": (npy_header(NPY_FIELDS.format("'1'"), bytes(4)), "no npy header"),
    "negative shape": (npy_header(NPY_FIELDS.format("(-1, -1)"), bytes(4)), "no dimension is negative"),
    "huge shape": (npy_header(NPY_FIELDS.format("(2**40,)")), "no npy header"),
    "overflowing shape": (npy_header(NPY_FIELDS.format(f"({2**62}, {2**62})")), "product of 2**60 or more"),
    "overflowing by a zero": (npy_header(NPY_FIELDS.format(f"(0, {2**62})")), "product of 2**60 or more"),
    "rank 65": (npy_header(NPY_FIELDS.format((1,) * 65), bytes(4)), "at most 64 axes"),
    "a terabyte": (npy_header(NPY_FIELDS.format(f"({2**38},)"), bytes(4)), f"takes {2**40} bytes, got 4"),
    "boolean 2": (npy(np.ones(3, np.uint8)).replace(b"|u1", b"|b1")[:-1] + b"\x02", "a boolean is a byte 0 or 1"),
}


@pytest.mark.parametrize(("content", "rule"), HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, None], ids=["stored", "deflated", "npy"])
def test_a_member_that_breaks_its_header_is_refused(file: Path, content: bytes, rule: str, method: int | None) -> None:
    if method is None:
        file = file.with_name("w.npy")
        file.write_bytes(content)
        if not content.startswith(b"\x93NUMPY"):
            rule = "not an npy file"
    else:
        archive(file, {"good.npy": FLOATS, "w.npy": content}, method)
    message = refusal(file)
    assert rule in message and ("'w'" in message or "not an npy file" in message)


def test_a_member_that_is_no_array_is_refused(file: Path) -> None:
    archive(file, {"w.npy": FLOATS, "run\nme.py": b"print()"})
    assert r"'run\nme.py': every member" in refusal(file)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("w.npy", FLOATS)
        packed.writestr("w.npy", FLOATS)
    assert "'w': the archive has this name twice" in refusal(file)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(file: Path, method: int) -> None:
    archive(file, {"w.npy": FLOATS}, method)
    assert "neither stored nor deflated" in refusal(file)


def test_an_encrypted_member_is_refused(file: Path) -> None:
    archive(file, {"w.npy": FLOATS})
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(content)
    assert "encrypted" in refusal(file)


def test_a_wrong_checksum_is_refused(file: Path) -> None:
    for written in (np.ones(4, np.float32), np.zeros(1 << 19, np.float32)):
        archive(file, {"w.npy": npy(written)})
        content = bytearray(file.read_bytes())
        content[content.index(b"PK\x01\x02") - 1] ^= 1
        file.write_bytes(content)
        assert "'w': cannot be unpacked: Bad CRC-32" in refusal(file)


def directory_with(file: Path, field: int, value: int) -> None:
    """An archive of one array in whose directory one number is another (20: packed size, 24: size, 42: place)."""
    archive(file, {"w.npy": npy(np.arange(10000.0))}, zipfile.ZIP_DEFLATED)
    content = bytearray(file.read_bytes())
    at = content.index(b"PK\x01\x02") + field
    content[at : at + 4] = value.to_bytes(4, "little")
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        (24, 44128, "takes 80000 bytes, got 44000"),
        (24, 80129, "takes 80000 bytes, got 80001"),
        (24, 1 << 31, "more than 1000-fold"),
        (24, 0, "'w'"),
        (20, 100, "'w'"),
        (20, 1 << 30, "more bytes than the file has"),
        (42, 7, "'w'"),
    ],
)
def test_sizes_that_lie_are_refused(file: Path, field: int, value: int, rule: str) -> None:
    directory_with(file, field, value)
    assert rule in refusal(file)


def test_members_that_share_their_bytes_are_refused(file: Path) -> None:
    names = [f"{i}.npy" for i in range(9)]
    archive(file, {name: npy(np.arange(1000.0)) for name in names[:1]})
    content = file.read_bytes()
    at, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entries = b"".join(content[at:end].replace(b"0.npy", name.encode()) for name in names)
    tail = bytearray(content[end:])
    tail[8:12] = len(names).to_bytes(2, "little") * 2
    tail[12:16] = len(entries).to_bytes(4, "little")
    file.write_bytes(content[:at] + entries + tail)
    assert "more bytes than the file has" in refusal(file)


def test_a_zip_bomb_is_refused_from_the_directory_alone(file: Path) -> None:
    bomb = npy_header(NPY_FIELDS.format(f"({1 << 25},)"), bytes(1 << 27))
    archive(file, {"w.npy": bomb}, zipfile.ZIP_DEFLATED)
    message, peak = refusal_and_peak(file)
    assert "more than 1000-fold" in message and peak < 1 << 20


def test_an_honest_array_of_zeros_is_read(file: Path) -> None:
    np.savez_compressed(file, w=np.zeros(4_000_000, np.float32))
    assert (4_000_000 * 4) // file.stat().st_size > npz.MAX_EXPANSION
    assert not read_all(file)["w"].any()


def test_a_header_that_expands_is_not_read_to_its_end(file: Path) -> None:
    archive(file, {"w.npy": b"\x93NUMPY\x02\x00\x00\x00\x00\x03" + b" " * (48 << 20)}, zipfile.ZIP_DEFLATED)
    message, peak = refusal_and_peak(file)
    assert "no npy header" in message and peak < 1 << 20


def test_only_the_tensor_being_read_is_in_memory(file: Path) -> None:
    np.savez_compressed(file, big=np.zeros(1 << 22), small=np.arange(10))
    tracemalloc.start()
    with open_checkpoint(file) as checkpoint:
        np.testing.assert_array_equal(checkpoint.read("small"), np.arange(10))
    small = tracemalloc.get_traced_memory()[1]
    with open_checkpoint(file) as checkpoint:
        checkpoint.read("big")
    big = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert small < 1 << 20
    assert (1 << 25) <= big < (1 << 25) + (4 << 20)


@pytest.mark.parametrize("name", ["w.npz", "w.npy"])
def test_a_file_that_shrinks_after_opening_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    array = np.arange(100_000.0)
    np.savez(file, w=array) if name == "w.npz" else np.save(file, array)
    with open_checkpoint(file) as checkpoint:
        os.truncate(file, 20_000)
        with pytest.raises(CheckpointError, match=r"w\.np[yz]: tensor 'w': "):
            checkpoint.read("w")


def test_a_closed_checkpoint_cannot_be_read(file: Path) -> None:
    for target in (file, file.with_suffix(".npy")):
        np.savez(target, w=np.ones(1)) if target is file else np.save(target, np.ones(1))
        with open_checkpoint(target) as checkpoint:
            pass
        with pytest.raises(ValueError, match="closed"):
            checkpoint.read("w")
