import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors.numpy import save_file

import sqtheory.files.checkpoints
from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import Checkpoint, SafetensorsCheckpoint, open_checkpoint, opening
from sqtheory.files.checkpoints.npz import NpyCheckpoint, NpzCheckpoint
from sqtheory.files.checkpoints.pickles import PICKLE, TORCHSCRIPT
from tests.files.checkpoints.handmade import refusal, safetensors_bytes

PACKAGE = Path(sqtheory.files.checkpoints.__file__).parents[1]


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("w.safetensors", SafetensorsCheckpoint),
        ("w.SafeTensors", SafetensorsCheckpoint),
        ("blob", SafetensorsCheckpoint),
        ("w.npz", NpzCheckpoint),
        ("w.zip", NpzCheckpoint),
        ("w.npy", NpyCheckpoint),
        ("w", NpyCheckpoint),
    ],
)
def test_the_content_picks_the_reader(tmp_path: Path, name: str, reader: type[Checkpoint]) -> None:
    file = tmp_path / name
    with file.open("wb") as stream:
        if reader is SafetensorsCheckpoint:
            save_file({"w": np.ones(3)}, file)
        elif reader is NpzCheckpoint:
            np.savez(stream, w=np.ones(3))
        else:
            np.save(stream, np.ones(3))
    for path in (file, str(file)):
        with open_checkpoint(path) as checkpoint:
            assert type(checkpoint) is reader
            assert checkpoint.path == file
            np.testing.assert_array_equal(checkpoint.read("w"), np.ones(3))


def test_a_header_as_long_as_a_pickle_begins_is_read(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(safetensors_bytes(b"{}".ljust(0x0280)))
    assert file.read_bytes()[:2] == b"\x80\x02"
    with open_checkpoint(file) as checkpoint:
        assert checkpoint.tensors == ()


def test_zoo_names_are_resolved() -> None:
    with open_checkpoint("zoo:lm-dense") as checkpoint:
        assert checkpoint.path.name == "lm-dense.safetensors"


def test_an_unknown_zoo_name_is_refused_with_the_list() -> None:
    with pytest.raises(CheckpointError, match=r"no model named 'nope\\n'.*vit-dense, .*lm-s2of4"):
        open_checkpoint("zoo:nope\n")


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("w.pt", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "pickle"),
        ("w.safetensors", b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00K\x01.", "pickle"),
        ("pytorch_model.bin", b"(lp0\n.", "pickle"),
        ("w.gguf", b"FUGG\x03\x00\x00\x00" + bytes(24), "not a GGUF file"),
        ("w.h5", b"\x89HDF\r\n\x1a\n" + bytes(8), "an HDF5 file"),
        ("config.json", b'{"weight_map": {}}', "JSON that is no index of shards"),
        ("pytorch_model.bin.index.json", b'{"weight_map": {}}', "JSON that is no index of shards"),
        ("w.npz", b"plain text", "not a zip archive"),
        ("w.npz", b"", "not a zip archive"),
        ("w.npy", b"\x93NUMP", "not an npy file"),
        ("w.dat", b"\n\x1b[2Jxyz", r"unknown content, starting with b'\n\x1b[2Jxyz'"),
        ("empty", b"", "unknown content"),
    ],
)
def test_anything_else_is_named_and_refused(tmp_path: Path, name: str, content: bytes, found: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    message = refusal(file)
    assert found in message
    assert opening.READABLE in message


@pytest.mark.parametrize("name", ["w.pt", "w.npz", "w.safetensors"])
def test_a_pytorch_archive_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("archive/.format_version", b"1")
        packed.writestr("archive/data.pkl", b"\x80\x02.")
        packed.writestr("archive/data/0", bytes(8))
    message = refusal(file)
    assert PICKLE in message


@pytest.mark.parametrize("name", ["w.pt", "w.npz", "w.pth"])
@pytest.mark.parametrize(
    "members",
    [
        ("m/data.pkl", "m/code/__torch__.py", "m/code/__torch__.py.debug_pkl", "m/constants.pkl", "m/version"),
        ("m/data.pkl", "m/code/__torch__.py", "m/data/0"),
        ("m/constants.pkl", "m/version"),
    ],
)
def test_a_torchscript_archive_is_told_from_a_pickle(tmp_path: Path, name: str, members: tuple[str, ...]) -> None:
    """It holds no dictionary of tensors: ``torch.load(…, weights_only=True)`` refuses it."""
    file = tmp_path / name
    with zipfile.ZipFile(file, "w") as packed:
        for member in members:
            packed.writestr(member, b"\x80\x02.")
    message = refusal(file)
    assert TORCHSCRIPT in message and "torch.jit.load(FILE" in message and "torch.load(" not in message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "w.npz")


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    assert "name one file of tensors" in refusal(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02.")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin: a PyTorch or Python pickle"):
        open_checkpoint(tmp_path)


def test_a_path_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(CheckpointError, match="cannot be opened"):
        open_checkpoint("a\0b")
    with pytest.raises(CheckpointError, match="cannot be opened"):
        open_checkpoint("x" * 100_000)


def test_a_path_that_breaks_lines_is_shown_escaped(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(tmp_path / "a\nb")
    assert str(caught.value).isprintable() and r"a\nb" in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.npz")
    assert "not a regular file" in refusal(tmp_path / "w.npz")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "w.npz"
    file.touch(0o000)
    assert "cannot be opened" in refusal(file)


def test_no_module_imports_a_package_that_could_run_a_file_or_is_only_for_tests() -> None:
    peers = PACKAGE / "bench" / "peers.py"  # which times other packages and reads no file
    files = sorted(set(PACKAGE.rglob("*.py")) - {peers})
    imported = {
        name.split(".")[0]
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert len(files) > 5 and {"numpy", "safetensors"} <= imported
    assert not imported & {
        "pickle",
        "cPickle",
        "dill",
        "cloudpickle",
        "joblib",
        "marshal",
        "shelve",
        "ml_dtypes",
        "torch",
    }


def model_bytes(tensors: list[object]) -> bytes:
    return onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [], tensors)).SerializeToString()


def test_hostile_files_run_nothing_and_write_nothing(tmp_path: Path) -> None:
    """Reading raises no audit event of an import, a process, a socket, an unpickling or a file opened for writing."""
    np.save(tmp_path / "object.npy", np.array([print], object), allow_pickle=True)
    np.savez(tmp_path / "object.npz", w=np.array([print], object))
    header = b"\x93NUMPY\x01\x00\x2f\x00" + b"__import__('os').system('touch owned')".ljust(0x2F)
    (tmp_path / "code.npy").write_bytes(header)
    (tmp_path / "model.pt").write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    (tmp_path / "model.safetensors").write_bytes(b"\x80\x02cos\nsystem\n(S'touch owned'\ntR.")
    save_file({"../../owned": np.ones(1)}, tmp_path / "names.safetensors")
    (tmp_path / "array.gguf").write_bytes(b"GGUF\x03\0\0\0" + bytes(8) + b"\x01" + bytes(7) + b"\xff" * 40)
    block = b"GGUF\x03\0\0\0\x01" + bytes(15) + b"\x01" + bytes(7) + b"w\x01\0\0\0\x20" + bytes(7) + b"\x02"
    (tmp_path / "block.gguf").write_bytes(block.ljust(96, b"\0"))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "config.json").write_text(
        '{"auto_map": {"AutoModel": "os.system"}, "sparsity_config": {"format": "os:x"}}'
    )
    (folder / "m.safetensors.index.json").write_text('{"weight_map": {"w": "../names.safetensors"}}')
    (tmp_path / "text.onnx").write_bytes(b"import os")
    outside = onnx.TensorProto(name="w", data_type=1, dims=[2], data_location=1)
    outside.external_data.add(key="location", value="../owned")
    inside = onnx.numpy_helper.from_array(np.ones(2), "fine")
    (tmp_path / "outside.onnx").write_bytes(model_bytes([outside]))
    (tmp_path / "inside.onnx").write_bytes(model_bytes([inside]))
    code = """
import importlib, pathlib, pkgutil, sys
import gguf, onnx.numpy_helper, ml_dtypes
from sqtheory.files import checkpoints, codecs
for room in (checkpoints, codecs):  # readers are imported when a file needs them
    for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        importlib.import_module(module.name)
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.exceptions import CheckpointError
seen = []
def hook(event, arguments):
    if event != "os.listdir" and event.split(".")[0] in ("subprocess", "os", "socket", "pickle", "shutil"):
        seen.append((event, arguments))
    if event == "import" and arguments[0] != "encodings.cp437":  # the alphabet of names in zip archives
        seen.append((event, arguments))
    if event == "open" and set(str(arguments[1])) & set("wax+"):
        seen.append((event, arguments))
files = sorted(pathlib.Path.cwd().iterdir())
sys.addaudithook(hook)
refused = 0
for file in files:
    try:
        with open_checkpoint(file) as checkpoint:
            for info in checkpoint.tensors:
                checkpoint.read(info.name)
    except CheckpointError:
        refused += 1
assert not seen, seen
print(refused)
"""
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "9\n"
    assert len(list(tmp_path.rglob("*"))) == 14
