import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sqtheory.files import atomic
from sqtheory.files.atomic import files
from sqtheory.files.checkpoints import SafetensorsCheckpoint, SafetensorsWriter, declare, open_checkpoint
from sqtheory.files.checkpoints.elements import BITS, ELEMENTS
from tests.files.checkpoints.handmade import entry, often, read_all, safetensors_bytes
from tests.nightly import nightly

KINDS = {
    **{"BOOL": "?", "I8": "i1", "U8": "u1", "I16": "i2", "U16": "u2", "I32": "i4", "U32": "u4", "I64": "i8"},
    **{"U64": "u8", "F16": "f2", "F32": "f4", "F64": "f8"},
}
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="uses /proc and limits of Linux")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "out.safetensors"


def write(file: Path, tensors: dict[str, tuple[str, np.ndarray]], **options: object) -> None:
    declared = [declare(name, dtype, values.shape) for name, (dtype, values) in tensors.items()]
    with SafetensorsWriter(file, declared, **options) as writer:
        for name, (_, values) in tensors.items():
            writer.write(name, values)


def strided(rng: np.random.Generator, dtype: str) -> np.ndarray:
    """An array of any layout: transposed, with steps of any sign, broadcast, of either byte order."""
    kind = np.dtype(KINDS[dtype]).newbyteorder(rng.choice(["<", ">"]))
    shape = tuple(rng.integers(0, 5, rng.integers(0, 5)) + (rng.random() < 0.9))
    big = tuple(n * int(rng.integers(1, 3)) for n in shape)
    nbytes = int(np.prod(big, dtype=int)) * kind.itemsize
    raw = rng.integers(0, 256, nbytes, np.uint8)
    a = (raw & 1 if dtype == "BOOL" else raw).view(kind).reshape(big)
    a = a[tuple(slice(None, None, -1 if rng.random() < 0.3 else int(rng.integers(1, 3))) for _ in big)]
    if rng.random() < 0.3 and a.ndim and a.shape[0]:
        a = np.broadcast_to(a[:1], (int(rng.integers(0, 6)), *a.shape[1:]))
    return a.transpose(rng.permutation(a.ndim)) if a.ndim else a


def test_arrays_of_any_layout_come_back_from_the_reader_of_the_library(file: Path) -> None:
    rng = np.random.default_rng(0)
    layouts = set()
    for _ in range(often(20)):
        tensors = {str(i): (dtype := str(rng.choice(list(KINDS))), strided(rng, dtype)) for i in range(50)}
        write(file, tensors, force=True)
        read = load_file(file)
        for name, (_, a) in tensors.items():
            layouts.add((a.flags.c_contiguous, 0 in a.strides, a.dtype.isnative, min(a.strides, default=0) < 0))
            little = a.astype(a.dtype.newbyteorder("<"))
            assert read[name].shape == a.shape and read[name].dtype == little.dtype
            assert read[name].tobytes() == little.tobytes(), (name, a.dtype, a.shape, a.strides)
    assert len(layouts) >= 10


def test_the_library_itself_loses_transposed_arrays(file: Path) -> None:
    """Why there is a writer here; when this fails, the library has learned it too."""
    transposed = np.arange(6, dtype=np.float32).reshape(2, 3).T
    save_file({"w": transposed}, file)
    if np.array_equal(load_file(file)["w"], transposed):
        pytest.skip("this version writes transposed arrays right")
    write(file, {"w": ("F32", transposed)}, force=True)
    np.testing.assert_array_equal(load_file(file)["w"], transposed)


SHORT = {
    "BF16": ml_dtypes.bfloat16,
    "F8_E4M3": ml_dtypes.float8_e4m3fn,
    "F8_E5M2": ml_dtypes.float8_e5m2,
    "F8_E8M0": ml_dtypes.float8_e8m0fnu,
    "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz,
    "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
    "F6_E2M3": ml_dtypes.float6_e2m3fn,
    "F6_E3M2": ml_dtypes.float6_e3m2fn,
    "F4": ml_dtypes.float4_e2m1fn,
}


@pytest.mark.parametrize("dtype", SHORT)
def test_every_value_of_a_short_float_is_written_as_its_code(file: Path, dtype: str) -> None:
    assert {*SHORT, *KINDS} == set(ELEMENTS)
    bits = BITS[dtype]
    values = np.arange(1 << bits).astype(f"u{max(bits // 8, 1)}").view(SHORT[dtype]).astype(np.float32)
    values = values[np.isfinite(values)]
    values = values[: values.size // 4 * 4].reshape(4, -1).T
    write(file, {"w": (dtype, values), "odd": ("U8", np.ones(3, np.uint8))})
    read = read_all(file)["w"]
    np.testing.assert_array_equal(read, values)
    np.testing.assert_array_equal(np.signbit(read), np.signbit(values))
    if "F4" not in dtype and "F6" not in dtype:
        with SafetensorsCheckpoint(file) as checkpoint:
            raw = np.concatenate([*checkpoint.stored("w")])
        assert raw.tobytes() == values.astype(SHORT[dtype]).tobytes()


def test_bfloat16_keeps_infinities_and_nan(file: Path) -> None:
    values = np.array([np.inf, -np.inf, np.nan, -0.0, 1e-40, 3e38], np.float32).astype(ml_dtypes.bfloat16)
    write(file, {"w": ("BF16", values.astype(np.float32))})
    np.testing.assert_array_equal(read_all(file)["w"], values.astype(np.float32))


@pytest.mark.parametrize("dtype", ELEMENTS)
def test_bytes_are_copied_as_they_are(file: Path, dtype: str) -> None:
    body = np.random.default_rng(1).integers(0, 2 if dtype == "BOOL" else 256, 3 << 17, np.uint8)
    source = file.with_name("in.safetensors")
    head = {"__metadata__": {"k": "é\n"}, "w": entry(dtype, [body.size * 8 // BITS[dtype]], 0, body.size)}
    source.write_bytes(safetensors_bytes(head, body.tobytes()))
    with SafetensorsCheckpoint(source) as checkpoint:
        declared, metadata = checkpoint.tensors, checkpoint.metadata
        with SafetensorsWriter(file, declared, metadata, source=checkpoint) as writer:
            writer.copy("w", checkpoint.stored("w"))
    with SafetensorsCheckpoint(file) as copy:
        assert copy.metadata == metadata and copy.tensors == declared
        assert np.concatenate([*copy.stored("w")]).tobytes() == body.tobytes()


def test_the_layout_is_aligned_and_the_metadata_kept(file: Path) -> None:
    shapes = {"a": ("U8", (3,)), "b": ("F64", (1,)), "c": ("BF16", (5,)), "d": ("F64", (0, 3)), "e": ("F4", (2,))}
    shapes["é\n"] = ("F32", ())
    tensors = {name: (dtype, np.zeros(shape, KINDS.get(dtype, "f4"))) for name, (dtype, shape) in shapes.items()}
    write(file, dict(reversed(tensors.items())), metadata={"format": "pt", "": "\u2028"})
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    assert length % 8 == 0
    for name, line in json.loads(content[8 : 8 + length]).items():
        if name != "__metadata__":
            assert line["data_offsets"][0] % max(BITS[line["dtype"]] // 8, 1) == 0
    with safe_open(file, framework="np") as reader:
        assert set(reader.keys()) == set(shapes) and reader.metadata() == {"format": "pt", "": "\u2028"}
    write(file.with_name("empty"), {})
    assert read_all(file.with_name("empty")) == {}


ONE = [declare("w", "F32", (2, 2))]
GOOD = np.ones((2, 2), np.float32)
WRONG: dict[str, tuple[Callable[[SafetensorsWriter], None], str]] = {
    "missing": (lambda _: None, "'w': not written, one of 1"),
    "unknown": (lambda w: w.write("v", GOOD), "'v': not declared"),
    "twice": (lambda w: [w.write("w", GOOD), w.write("w", GOOD)], "'w': not declared, or written already"),
    "shape": (lambda w: w.write("w", GOOD.reshape(4)), r"'w': declared with shape \(2, 2\), got \(4,\)"),
    "inexact": (lambda w: w.write("w", GOOD / np.float64(3)), "'w': values of dtype float64 are not all values of"),
    "kind": (lambda w: w.write("w", np.ones((2, 2), np.int8)), "'w': values of dtype int8 are not all values of float"),
    "too few bytes": (lambda w: w.copy("w", [GOOD[:1].view(np.uint8)]), "'w': declared with 16 bytes, got 8"),
    "too many bytes": (lambda w: w.copy("w", [GOOD.view(np.uint8)] * 2), "'w': declared with 16 bytes, got 32"),
}


@pytest.mark.parametrize(("act", "rule"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("old", [b"old", None])
def test_what_was_not_declared_is_refused_and_nothing_is_left(
    file: Path, act: Callable[[SafetensorsWriter], None], rule: str, old: bytes | None
) -> None:
    if old:
        file.write_bytes(old)
    with pytest.raises(ValueError, match=rule), SafetensorsWriter(file, ONE, force=True) as writer:
        act(writer)
    assert [p.read_bytes() for p in file.parent.iterdir()] == ([old] if old else [])


def test_a_refusal_that_is_caught_leaves_the_tensor_to_be_written(file: Path) -> None:
    with SafetensorsWriter(file, ONE) as writer:
        with pytest.raises(ValueError, match="got 8"):
            writer.copy("w", [GOOD[:1].view(np.uint8)])
        writer.write("w", GOOD)
    np.testing.assert_array_equal(load_file(file)["w"], GOOD)


@pytest.mark.parametrize(
    ("declare_it", "rule"),
    [
        (lambda file: SafetensorsWriter(file, ONE * 2), "two tensors of one name"),
        (lambda file: SafetensorsWriter(file, [declare("__metadata__", "U8", ())]), "'__metadata__': no tensor"),
        (lambda file: SafetensorsWriter(file, [declare("a\0", "U8", ())]), "no NUL"),
        (lambda file: SafetensorsWriter(file, [declare("w", "U8", (-1,))]), "no dimension is negative"),
        (lambda file: SafetensorsWriter(file, [declare("w", "U8", (2**62, 0))]), "product of 2"),
        (lambda file: SafetensorsWriter(file, [declare("\ud800", "U8", ())]), "UTF-8"),
        (lambda file: SafetensorsWriter(file, ONE, {"a": 1}), "metadata map strings"),
        (lambda file: SafetensorsWriter(file, ONE, {"a": "x" * 10**8}), "the limit is 100000000"),
        (lambda file: declare("w", "F4", (3,)), "do not fill their last byte"),
        (lambda file: declare("w", "float32", (3,)), "dtype is one of BOOL"),
    ],
)
def test_a_declaration_without_a_file_is_refused(file: Path, declare_it: Callable[[Path], object], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        declare_it(file)
    assert not list(file.parent.iterdir())


@pytest.mark.parametrize("through", ["itself", "hard link", "symbolic link", "shard"])
def test_the_input_is_never_written(file: Path, through: str) -> None:
    save_file({"w": GOOD}, file)
    before = file.read_bytes()
    target = file if through in ("itself", "shard") else file.with_name("other")
    if through == "hard link":
        os.link(file, target)
    if through == "symbolic link":
        target.symlink_to(file)
    if through == "shard":
        (file.parent / "m.safetensors.index.json").write_text(json.dumps({"weight_map": {"w": file.name}}))
    opened = file.parent / "m.safetensors.index.json" if through == "shard" else file
    with open_checkpoint(opened) as source, pytest.raises(ValueError, match="is the input itself"):
        SafetensorsWriter(target, source.tensors, source=source, force=True)
    assert file.read_bytes() == before


def test_a_file_is_replaced_only_by_force_and_readers_of_the_old_go_on(file: Path) -> None:
    write(file, {"w": ("F32", GOOD)})
    with pytest.raises(FileExistsError, match="--force"):
        write(file, {"w": ("F32", 2 * GOOD)})
    with open_checkpoint(file) as old:
        write(file, {"w": ("F32", 2 * GOOD)}, force=True)
        np.testing.assert_array_equal(old.read("w"), GOOD)
    np.testing.assert_array_equal(read_all(file)["w"], 2 * GOOD)
    with pytest.raises(FileExistsError, match="--force"), SafetensorsWriter(file.with_name("new"), ONE) as writer:
        writer.write("w", GOOD)
        file.with_name("new").write_bytes(b"came first")
    assert file.with_name("new").read_bytes() == b"came first" and len(list(file.parent.iterdir())) == 2


CALLS = ("open", "write", "lseek", "link", "replace", "fsync", "chmod")


@pytest.mark.parametrize("nameless", [True, False], ids=["O_TMPFILE", "hidden name"])
@pytest.mark.parametrize("old", [True, False], ids=["replacing", "new"])
def test_a_fault_at_any_call_leaves_the_old_file_or_the_whole_new_one(
    file: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool, old: bool
) -> None:
    if not nameless:
        monkeypatch.setattr(files, "_TMPFILE", 0)
    tensors = {"a": ("F32", np.ones((300, 1000), np.float32)), "b": ("U8", np.arange(9, dtype=np.uint8))}
    write(file.with_name("wanted"), tensors)
    wanted = file.with_name("wanted").read_bytes()
    countdown = [0]

    def faulty(call: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*arguments: object, **options: object) -> object:
            countdown[0] -= 1
            if countdown[0] == 0:
                raise OSError(28, "No space left on device")
            return call(*arguments, **options)

        return wrapped

    outcomes = []
    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, faulty(getattr(os, name)))
        patch.setattr(os, "supports_fd", {os.chmod})
        for at in range(1, 100):
            countdown[0] = 0
            if old:
                file.write_bytes(b"old")
            else:
                file.unlink(missing_ok=True)
            countdown[0] = at
            try:
                write(file, tensors, force=old)
            except OSError as error:
                assert error.errno == 28
            survived = file.read_bytes() if file.exists() else None
            assert survived in (wanted, b"old" if old else None)
            assert sorted(p.name for p in file.parent.iterdir()) == ["out.safetensors"] * bool(survived) + ["wanted"]
            outcomes.append(survived == wanted)
            if countdown[0] > 0:
                break
    assert outcomes[-1] and outcomes.count(False) > 6


@LINUX
def test_a_full_disk_is_status_four_and_leaves_the_old_file(file: Path) -> None:
    """The system itself refuses: a limit on the size of files stands for a disk that is full."""
    write(file, {"w": ("F32", GOOD)})
    before = file.read_bytes()
    code = f"""
import resource, numpy as np
from pathlib import Path
from sqtheory.files.checkpoints import SafetensorsWriter, declare
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    with SafetensorsWriter(Path({str(file)!r}), [declare("w", "U8", (1 << 21,))], force=True) as writer:
        writer.write("w", np.zeros(1 << 21, np.uint8))
except OSError as error:
    print(error.errno)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "27\n" and file.read_bytes() == before and len(list(file.parent.iterdir())) == 1


KILLED = """
import sys, time, numpy as np
from pathlib import Path
from sqtheory.files import atomic
from sqtheory.files.atomic import files
from sqtheory.files.checkpoints import SafetensorsWriter, declare
if sys.argv[2] == "False":
    files._TMPFILE = 0
print("ready", flush=True)
for i in range(1, 100000):
    with SafetensorsWriter(Path(sys.argv[1]), [declare("w", "F32", (1 << 20,))], {"i": str(i)}, force=True) as writer:
        writer.write("w", np.full(1 << 20, i, np.float32))
        print(i, flush=True)
        if i == int(sys.argv[3]):
            time.sleep(600)
"""


@LINUX
@pytest.mark.parametrize("nameless", [True, pytest.param(False, marks=nightly)], ids=["O_TMPFILE", "hidden name"])
def test_a_process_killed_while_writing_leaves_a_whole_file_and_nothing_that_stays(file: Path, nameless: bool) -> None:
    """What has a name when its process is killed goes when the next one writes there.

    It is killed in the middle of the third file, where it waits, and at random while it writes one after the other.
    """
    draw = random.Random(0)
    for waits in (3,) + (0,) * often(5):
        command = [sys.executable, "-c", KILLED, str(file), str(nameless), str(waits)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout and process.stdout.readline() == b"ready\n"
        for _ in range(max(waits, 1)):
            process.stdout.readline()
        time.sleep(0 if waits else draw.random() * 0.03)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        strays = len(set(file.parent.iterdir()) - {file})
        assert strays == (not nameless) if waits else strays <= 1  # killed between a name and its exchange
        assert atomic.write(file.with_name("next"), b"")
        assert set(file.parent.iterdir()) <= {file, file.with_name("next")}
        file.with_name("next").unlink()
        if file.exists():
            with SafetensorsCheckpoint(file) as checkpoint:
                values, number = checkpoint.read("w"), checkpoint.metadata["i"]
                assert np.all(values == float(number)) and (number == "2" or not waits)
        assert file.exists() or not waits


def test_readers_never_see_a_mixed_file(file: Path) -> None:
    write(file, {"w": ("F32", np.zeros(1 << 16, np.float32))}, metadata={"i": "0"})

    def writer(number: int) -> int:
        for _ in range(often(5)):
            values = np.full(1 << 16, number, np.float32)
            write(file, {"w": ("F32", values)}, metadata={"i": str(number)}, force=True)
        return 0

    def reader(_: int) -> int:
        for _ in range(often(10)):
            with SafetensorsCheckpoint(file) as checkpoint:
                assert np.all(checkpoint.read("w") == float(checkpoint.metadata["i"]))
        return 1

    with ThreadPoolExecutor(12) as pool:
        jobs = [pool.submit(writer, i) for i in range(8)] + [pool.submit(reader, i) for i in range(4)]
        assert sum(job.result() for job in jobs) == 4
    assert [p.name for p in file.parent.iterdir()] == [file.name]


@LINUX
def test_writing_takes_memory_for_a_piece_only(file: Path) -> None:
    code = f"""
import re, numpy as np
from pathlib import Path
from sqtheory.files.checkpoints import SafetensorsWriter, declare
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
def grown(n):
    wide = np.broadcast_to(np.ones((1, 1), ">f4"), (n, 1 << 16))
    with SafetensorsWriter(Path({str(file)!r}), [declare("w", "BF16", wide.shape)], force=True) as writer:
        writer.write("w", wide)
    return peak()
small = grown(64)
print(grown(1024) - small)
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(re.fullmatch(r"(-?\d+)\n", run.stdout)[1]) < 1024
    assert file.stat().st_size > 1 << 27
