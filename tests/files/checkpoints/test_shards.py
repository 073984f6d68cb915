import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from sqtheory.cli import main
from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import SafetensorsCheckpoint, ShardedCheckpoint, open_checkpoint
from sqtheory.files.checkpoints.pickles import PICKLE
from tests.files.checkpoints.handmade import entry, read_all, refusal, safetensors_bytes

COMMON = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
TENSORS = {f"layers.{i}.w": np.full((2, 4), i, np.float32) for i in (0, 1, 2, 10)}
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
PLACES = {"layers.0.w": SECOND, "layers.1.w": FIRST, "layers.2.w": FIRST, "layers.10.w": FIRST}
INDEX = "model.safetensors.index.json"


def write_index(folder: Path, weight_map: object, total: object = 128) -> Path:
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}))
    return folder / INDEX


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint in two files, with what else such a folder holds."""
    for shard in (FIRST, SECOND):
        save_file({name: TENSORS[name] for name, place in PLACES.items() if place == shard}, tmp_path / shard)
    (tmp_path / "config.json").write_text('{"auto_map": {"AutoModel": "evil--code.Model"}}')
    write_index(tmp_path, PLACES)
    return tmp_path


def test_a_folder_and_its_index_are_one_checkpoint(folder: Path) -> None:
    for path in (folder, folder / INDEX, str(folder), f"{folder}/"):
        with open_checkpoint(path) as checkpoint:
            assert isinstance(checkpoint, ShardedCheckpoint) and checkpoint.path == folder / INDEX
            assert [info.name for info in checkpoint.tensors] == [f"layers.{i}.w" for i in (0, 1, 2, 10)]
            assert list(checkpoint.shards) == [FIRST, SECOND]
            for name, written in TENSORS.items():
                np.testing.assert_array_equal(checkpoint.read(name), written)
    assert read_all(folder / FIRST).keys() == {"layers.1.w", "layers.2.w", "layers.10.w"}


def test_a_folder_with_one_file_is_that_file(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "diffusion_pytorch_model.safetensors")
    with open_checkpoint(tmp_path) as checkpoint:
        assert type(checkpoint) is SafetensorsCheckpoint
        assert checkpoint.path == tmp_path / "diffusion_pytorch_model.safetensors"


def test_the_signature_changes_with_any_of_the_files(folder: Path) -> None:
    seen = set()
    with open_checkpoint(folder) as first, open_checkpoint(folder) as second:
        assert first.signature == second.signature
        assert first.signature.size == sum((folder / name).stat().st_size for name in (INDEX, FIRST, SECOND))
    for name in (INDEX, FIRST, SECOND):
        with open_checkpoint(folder) as checkpoint:
            before = checkpoint.signature
            os.utime(folder / name, ns=(1, 1))
            assert checkpoint.signature != before and checkpoint.signature.changed >= before.changed
            seen |= {before, checkpoint.signature}
            assert checkpoint.holds(folder / name) and not checkpoint.holds(folder / "config.json")
    with pytest.raises(ValueError, match="closed"):
        _ = checkpoint.signature
    assert len(seen) == 4


def test_the_verbs_take_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(folder)]) == 0
    assert "4 tensors, 32 values" in capsys.readouterr().out
    assert main(["order", str(folder), "--mask", "2:4", "--format", "int4:b4", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["tensors"]) == 4
    (folder / SECOND).unlink()
    assert main(["inspect", str(folder)]) == 3
    assert capsys.readouterr().err.strip() == f"sqtheory: {folder / SECOND}: there is no such file"


def test_results_of_a_folder_are_found_again(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path_factory.mktemp("results")
    command = ["order", str(folder), "--mask", "2:4", "--format", "int4:b4", "--results", str(results)]
    for said in ("4 tensors computed, 0 found", "0 tensors computed, 4 found"):
        assert main(command) == 0
        assert said in capsys.readouterr().err


MAPS: dict[str, tuple[object, str]] = {
    "no map": (None, "weight_map must map"),
    "an empty map": ({}, "weight_map must map"),
    "a list": ([FIRST], "weight_map must map"),
    "a number for a file": ({"layers.0.w": 1}, "'layers.0.w': its file must be the plain name"),
    "a missing tensor": ({**PLACES, "extra": FIRST}, f"'extra': the index puts it in '{FIRST}', which does not have"),
    "an extra tensor": ({n: f for n, f in PLACES.items() if n != "layers.2.w"}, f"'layers.2.w': it is in '{FIRST}'"),
    "the wrong file": (
        {**PLACES, "layers.2.w": SECOND},
        f"'layers.2.w': the index puts it in '{SECOND}', which does not have it; it is in '{FIRST}'",
    ),
    "many names": (
        {**PLACES, **{f"model.layers.{i}.mlp.experts.down_proj.weight_scale_inv": FIRST for i in range(200_000)}},
        f"'model.layers.0.mlp.experts.down_proj.weight_scale_inv': the index puts it in '{FIRST}', which does not have",
    ),
    "an absent file": ({**PLACES, "x": "model-3.safetensors"}, "model-3.safetensors: there is no such file"),
    "a parent folder": ({**PLACES, "x": "../w.safetensors"}, "'x': its file must be the plain name"),
    "a hidden parent": ({**PLACES, "x": "a/../../w.safetensors"}, "'x': its file must be the plain name"),
    "a parent, Windows": ({**PLACES, "x": "..\\w.safetensors"}, "'x': its file must be the plain name"),
    "a folder": ({**PLACES, "x": "a/w.safetensors"}, "'x': its file must be the plain name"),
    "an absolute path": ({**PLACES, "x": "/etc/w.safetensors"}, "'x': its file must be the plain name"),
    "a drive": ({**PLACES, "x": "c:w.safetensors"}, "'x': its file must be the plain name"),
    "a pickle": ({**PLACES, "x": "pytorch_model.bin"}, "'x': its file must be the plain name"),
    "NUL": ({**PLACES, "x": "a\0.safetensors"}, "'x': its file must be the plain name"),
    "a long name": ({**PLACES, "x": "a" * 300 + ".safetensors"}, "'x': its file must be the plain name"),
    "a name of a tensor that is too long": ({**PLACES, "x" * 5000: FIRST}, "at most 4096 characters"),
}


@pytest.mark.parametrize(("weight_map", "rule"), MAPS.values(), ids=MAPS)
def test_an_index_that_does_not_fit_is_refused(folder: Path, weight_map: object, rule: str) -> None:
    write_index(folder, weight_map)
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(folder)
    assert rule in str(caught.value) and str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"", "the index is not JSON"),
        (b"[]", "the index is not a JSON object"),
        (b"\xff", "the index is not UTF-8"),
        (b"[" * 100_000, "the index is nested too deeply"),
        (b'{"weight_map": {"a": "x", "a": "y"}}', "the index has the key 'a' twice: 'x' and 'y'"),
        (b" " * (10**8 + 1), "an index has at most 100000000 bytes"),
    ],
)
def test_an_index_that_is_no_object_is_refused(folder: Path, text: bytes, rule: str) -> None:
    (folder / INDEX).write_bytes(text)
    assert rule in refusal(folder / INDEX)


def test_a_tensor_in_two_files_is_refused(folder: Path) -> None:
    save_file({name: TENSORS[name] for name in ("layers.0.w", "layers.1.w")}, folder / SECOND)
    assert f"'layers.1.w': it is in '{SECOND}', but the index puts it in '{FIRST}'" in refusal(folder / INDEX)


def test_one_file_under_two_names_is_refused(folder: Path) -> None:
    (folder / "again.safetensors").symlink_to(SECOND)
    write_index(folder, {**PLACES, "x": "again.safetensors"})
    assert "'x': the index puts it in 'again.safetensors', which does not have it" in refusal(folder / INDEX)


def test_links_may_not_leave_the_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (folder / SECOND).rename(outside / "secret")
    (folder / SECOND).symlink_to(outside / "secret")
    assert "leads out of the folder" in refusal(folder)
    (folder / SECOND).unlink()
    (folder / SECOND).symlink_to(SECOND)
    assert SECOND in refusal(folder)
    (folder / INDEX).unlink()
    (folder / FIRST).unlink()
    (folder / SECOND).unlink()
    (folder / "model.safetensors").symlink_to(outside / "secret")
    assert "leads out of the folder" in refusal(folder)
    with open_checkpoint(folder / "model.safetensors") as named:  # a path its user wrote may lead anywhere
        assert named.tensors


def test_a_snapshot_may_link_into_the_blobs_beside_it(folder: Path) -> None:
    """The cache of the Hugging Face hub: snapshots/REVISION/NAME leads to blobs/HASH."""
    snapshot, blobs = folder / "cache/snapshots/1a2b", folder / "cache/blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for name in (INDEX, FIRST, SECOND):
        (folder / name).rename(blobs / f"blob-{name}")
        (snapshot / name).symlink_to(f"../../blobs/blob-{name}")
    assert read_all(snapshot).keys() == TENSORS.keys()
    (snapshot / SECOND).unlink()
    (snapshot / SECOND).symlink_to("../../secret")
    (blobs / f"blob-{SECOND}").rename(folder / "cache/secret")
    assert "leads out of the folder" in refusal(snapshot)


def test_a_folder_that_leaves_a_choice_is_refused(folder: Path) -> None:
    save_file(TENSORS, folder / "model.safetensors")
    message = refusal(folder)
    assert "holds 'model.safetensors' and its index of shards: name one" in message
    (folder / INDEX).unlink()
    message = refusal(folder)
    assert "holds 3 files of tensors" in message


def test_a_folder_of_pickles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model-1.bin").write_bytes(b"PK\x03\x04")
    (tmp_path / "pytorch_model.bin.index.json").write_text("{}")
    message = refusal(tmp_path)
    assert message == f"{tmp_path / 'pytorch_model-1.bin'}: {PICKLE}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_among_the_shards_is_refused_without_waiting(folder: Path) -> None:
    (folder / SECOND).unlink()
    os.mkfifo(folder / SECOND)
    assert "not a regular file" in refusal(folder)


def test_a_refused_folder_is_closed_and_names_the_file(folder: Path) -> None:
    (folder / SECOND).write_bytes(safetensors_bytes({"layers.0.w": entry("F32", [2, 4], 0, 32)}, bytes(31)))
    open_files = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    with pytest.raises(CheckpointError, match=f"{SECOND}: tensor 'layers.0.w': ends at byte 32"):
        open_checkpoint(folder)
    if open_files:
        assert len(os.listdir("/proc/self/fd")) == open_files


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from([FIRST, SECOND, "../x.safetensors"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*PLACES, "x"]), inner, max_size=5),
    max_leaves=10,
)


@settings(COMMON, max_examples=300)
@given(listing=st.dictionaries(st.sampled_from(["weight_map", "metadata", "x"]), JSON), data=st.data())
def test_any_index_is_read_or_refused(folder: Path, listing: dict[str, object], data: st.DataObject) -> None:
    if data.draw(st.booleans()):
        listing = {"weight_map": {**PLACES, **(m if isinstance(m := listing.get("weight_map"), dict) else {})}}
    content = bytearray(json.dumps(listing).encode())
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    (folder / INDEX).write_bytes(content)
    try:
        read = read_all(folder)
    except CheckpointError as error:
        assert str(error).isprintable()
    else:
        assert read.keys() == TENSORS.keys()


@pytest.mark.parametrize("total", [128, 128.0, None])
def test_a_total_size_that_is_right_or_absent_is_read(total: object, folder: Path) -> None:
    write_index(folder, PLACES, total)
    with open_checkpoint(folder) as checkpoint:
        assert len(checkpoint.tensors) == 4
    for metadata in ({}, None, []):
        (folder / INDEX).write_text(json.dumps({"metadata": metadata, "weight_map": PLACES}))
        with open_checkpoint(folder) as checkpoint:
            assert len(checkpoint.tensors) == 4


@pytest.mark.parametrize("total", [127, 129, 0, -128, 128.5, 1e400, "128", True, [128], "1\u202e28"])
def test_a_total_size_that_is_wrong_is_refused_with_both_numbers(total: object, folder: Path) -> None:
    write_index(folder, PLACES, total)
    message = refusal(folder)
    assert "metadata.total_size is " in message and "have 128 bytes" in message and message.isprintable()
    assert main(["inspect", str(folder)]) == 3


def test_booleans_may_count_as_bits(tmp_path: Path) -> None:
    """As ``dtype_byte_size`` of older transformers has it; nothing else may be less than it is."""
    tensors = {"mask": np.ones(16, bool), "w": np.ones(4, np.float32)}
    save_file(tensors, tmp_path / FIRST)
    for total, right in ((32, True), (18, True), (18.0, True), (17, False), (16, False)):
        write_index(tmp_path, dict.fromkeys(tensors, FIRST), total)
        if right:
            with open_checkpoint(tmp_path / INDEX) as checkpoint:
                assert len(checkpoint.tensors) == 2
        else:
            assert f"total_size is {total}" in refusal(tmp_path / INDEX)
