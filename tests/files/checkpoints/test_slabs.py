"""Tensors in slabs: the entries that ``read`` gives, and memory that does not grow with the tensor."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.cli import main
from sqtheory.files.checkpoints import Checkpoint, open_checkpoint, safetensors, tensors
from sqtheory.files.checkpoints import gguf as gguf_reader
from sqtheory.files.checkpoints.elements import ELEMENTS, nbytes_of
from tests.files.checkpoints.handmade import entry, safetensors_bytes
from tests.files.checkpoints.test_gguf import write
from tests.nightly import NIGHTLY, nightly

LIMIT = 64 << 10
"""KiB of resident memory at most."""


def assert_slabs_are_the_tensor(checkpoint: Checkpoint) -> int:
    """How many slabs there were."""
    count = 0
    for info in checkpoint.tensors:
        whole, slabs = checkpoint.read(info.name), [*checkpoint.slabs(info.name)]
        assert all(slab.ndim == 1 and slab.size % 32 == 0 for slab in slabs[:-1])
        joined = np.concatenate(slabs) if slabs else np.empty(0, whole.dtype)
        assert joined.dtype == whole.dtype and joined.tobytes() == whole.tobytes(), info
        count += len(slabs)
    return count


@pytest.fixture
def small_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tensors, safetensors, gguf_reader):
        monkeypatch.setattr(module, "SLAB", 64)
    monkeypatch.setattr(gguf_reader, "_PIECE", 300)


@pytest.mark.usefixtures("small_slabs")
def test_every_type_of_safetensors(tmp_path: Path) -> None:
    rng, header, body = np.random.default_rng(0), {}, b""
    for dtype in ELEMENTS:
        for name, shape in ((dtype, (9, 40)), (f"{dtype} none", (0, 3))):
            nbytes = nbytes_of(dtype, shape)
            header[name] = entry(dtype, [*shape], len(body), len(body) + nbytes)
            body += rng.integers(0, 2 if dtype == "BOOL" else 256, nbytes, np.uint8).tobytes()
    (tmp_path / "w.safetensors").write_bytes(safetensors_bytes(header, body))
    with open_checkpoint(tmp_path / "w.safetensors") as checkpoint:
        assert assert_slabs_are_the_tensor(checkpoint) == 6 * len(ELEMENTS)


@pytest.mark.usefixtures("small_slabs")
def test_other_kinds_of_checkpoints(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(3, 70)).astype(np.float32), "b": np.arange(5), "c": np.array(2.0)}
    np.savez(tmp_path / "w.npz", **x)
    for shard, name in enumerate(x):
        save_file({name: x[name]}, tmp_path / f"{shard}.safetensors")
    index = {"weight_map": {name: f"{shard}.safetensors" for shard, name in enumerate(x)}}
    (tmp_path / "w.safetensors.index.json").write_text(json.dumps(index))
    for file in ("w.npz", "w.safetensors.index.json"):
        with open_checkpoint(tmp_path / file) as checkpoint:
            assert assert_slabs_are_the_tensor(checkpoint) == 6
    kinds: dict[str, tuple[np.ndarray, str]] = {
        kind: (rng.integers(0, 64, (4, nbytes * k), np.uint8), kind)
        for kind, nbytes, k in (("Q8_0", 34, 8), ("Q4_K", 144, 1), ("MXFP4", 17, 7), ("BF16", 2, 99))
    }
    write(tmp_path / "w.gguf", kinds | {"F32": (np.ones((4, 99), np.float32), "F32")})
    with open_checkpoint(tmp_path / "w.gguf") as checkpoint:
        assert assert_slabs_are_the_tensor(checkpoint) > 10


def test_a_file_cut_short_after_opening_is_refused(tmp_path: Path) -> None:
    save_file({"w": np.ones(1 << 20, np.float32)}, tmp_path / "w.safetensors")
    with open_checkpoint(tmp_path / "w.safetensors") as checkpoint:
        os.truncate(tmp_path / "w.safetensors", 3 << 20)
        slabs = checkpoint.slabs("w")
        assert next(slabs).all()
        with pytest.raises(ValueError, match="tensor 'w': the data end after"):
            next(one for one in slabs if not one.size)


PEAK = """
import re, sys
from sqtheory.cli import main
status = main(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(status)
"""


def peak(*words: str) -> int:
    """KiB that a verb had resident at most."""
    ran = subprocess.run([sys.executable, "-c", PEAK, *words], check=True, capture_output=True, text=True)
    return int(ran.stderr.split()[-1])


@nightly
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_inspect_holds_64_mebibytes_whatever_the_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At 128 MiB here, at 2 GiB every night: one tensor of half the file, and many."""
    total = 2 << 30 if NIGHTLY else 128 << 20
    one = total // 64
    names = {"one.weight": (0, total // 2), **{f"{i}.weight": (i * one, i * one + one) for i in range(32, 64)}}
    header = {name: entry("BF16", [-(-(e - b) // 8192), 4096], b, e) for name, (b, e) in names.items()}
    file = tmp_path / "w.safetensors"
    with file.open("wb") as stream:
        stream.write(safetensors_bytes(header))
        stream.truncate(stream.tell() + total)
        stream.seek(-2, os.SEEK_END)
        stream.write(b"\x80\x3f")
    assert peak("inspect", str(file)) < LIMIT
    assert peak("inspect", str(file), "--json") < LIMIT
    assert main(["inspect", str(file), "--targets", "one.weight"]) == 0
    assert f"33 tensors, {total // 2} values, 100.00% zeros" in capsys.readouterr().out
