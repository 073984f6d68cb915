import json
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from sqtheory.exceptions import CheckpointError
from tests.counting import counted
from tests.files.checkpoints.handmade import (
    NPY_FIELDS,
    entry,
    npy_header,
    often,
    read_all,
    refusal,
    rewrite,
    safetensors_bytes,
)

COMMON = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "w.safetensors"


SMALL = safetensors_bytes(
    {
        "__metadata__": {"k": "v"},
        "a": entry("F32", [2], 0, 8),
        "b": entry("BF16", [2, 1], 8, 12),
        "c": entry("BOOL", [1], 12, 13),
    },
    bytes(13),
)


def read_or_refuse(file: Path, content: bytes) -> None:
    rewrite(file, content)
    try:
        read_all(file)
    except CheckpointError as error:
        assert str(error).isprintable()


@settings(COMMON, max_examples=often(120))
@given(data=st.data())
def test_any_change_of_a_safetensors_file_is_read_or_refused(file: Path, data: st.DataObject) -> None:
    content = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        cut = data.draw(st.integers(0, 6))
        content[at : at + cut] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b'"', b"{", b"}", b"[0]", b"-1", b"1e9"])
        )
    if data.draw(st.booleans()):
        brace = content.rfind(b"}") + 1
        content[:8] = struct.pack("<Q", max(brace - 8, 0))
    read_or_refuse(file, bytes(content))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["F32", "BF16", "F4"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "a"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(COMMON, max_examples=often(60))
@given(
    header=st.dictionaries(
        st.text(max_size=4) | st.just("__metadata__"),
        st.fixed_dictionaries({"dtype": JSON, "shape": JSON, "data_offsets": JSON}) | JSON,
        max_size=3,
    ),
    body=st.binary(max_size=20),
)
@example(header={"a": {"dtype": "F32", "shape": [True], "data_offsets": [False, True]}}, body=b"")
def test_any_json_is_read_or_refused(file: Path, header: object, body: bytes) -> None:
    read_or_refuse(file, safetensors_bytes(header, body))


@COMMON
@given(content=st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(file: Path, content: bytes) -> None:
    read_or_refuse(file, content)


def test_random_changes_of_a_header_are_refused_unless_the_library_reads_them(file: Path) -> None:
    """Bytes replaced, removed and inserted at random: one exception type, in steps by the file's length.

    Nothing that the parser refuses is read.
    """
    draw, read, most = random.Random(0), 0, 0
    pieces = [*map(bytes, ([n] for n in b'"{}[],:0189-.eF')), b"\\u0000", b"18446744073709551616", b"1e3", b"true", b""]
    for _ in range(often(4_000)):
        content = bytearray(SMALL)
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(content))
            piece = draw.choice(pieces) if draw.random() < 0.6 else draw.randbytes(1)
            content[at : at + draw.choice([len(piece), 0, 1])] = piece
        if draw.random() < 0.7:
            content[:8] = struct.pack("<Q", max(content.rfind(b"}") - 7, 0))
        rewrite(file, content)
        try:
            with counted() as calls:
                tensors = read_all(file)
        except CheckpointError as error:
            assert str(error).isprintable()
        else:
            read += 1
            with safe_open(file, framework="np") as library:
                assert set(library.keys()) == tensors.keys()
        most = max(most, calls.count - 20 * len(content))
    assert 100 < read < often(4_000) / 5 and most < 1_000


def test_random_changes_of_an_index_are_read_or_refused(tmp_path: Path) -> None:
    places = {"a": "m-1.safetensors", "b": "m-1.safetensors", "c": "m-2.safetensors"}
    for shard in set(places.values()):
        save_file({name: np.ones(2) for name, place in places.items() if place == shard}, tmp_path / shard)
    original, draw, read = (
        json.dumps({"metadata": {"total_size": 48}, "weight_map": places}).encode(),
        random.Random(0),
        0,
    )
    index = tmp_path / "m.safetensors.index.json"
    pieces = [b'"', b"{", b"}", b"../", b"/", b"\\", b"\\u0000", b"2", b"a", b"[", b"", b"null", b"m-2.safetensors"]
    for _ in range(often(1000)):
        content = bytearray(original)
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(content))
            piece = draw.choice(pieces)
            content[at : at + draw.choice([len(piece), 0, 1])] = piece
        rewrite(index, content)
        try:
            read += read_all(tmp_path).keys() == places.keys() or pytest.fail(f"read {content!r}")
        except CheckpointError as error:
            assert str(error).isprintable()
    assert 0 < read < often(1000) / 2


def sample_npz(directory: Path) -> bytes:
    file = directory / "sample.npz"
    np.savez_compressed(file, a=np.arange(6.0).reshape(2, 3), b=np.ones(3, ">f4"))
    return file.read_bytes()


def test_every_truncation_is_refused(file: Path) -> None:
    file = file.with_suffix(".npz")
    content = sample_npz(file.parent)
    for end in range(len(content)):
        file.write_bytes(content[:end])
        refusal(file)


@settings(COMMON, max_examples=often(120))
@given(data=st.data())
def test_any_change_of_an_npz_is_read_or_refused(file: Path, data: st.DataObject) -> None:
    content = bytearray(sample_npz(file.parent))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        cut = data.draw(st.sampled_from([0, 1, 1, 1, 2, 4]))
        content[at : at + cut] = data.draw(st.binary(min_size=cut, max_size=cut) | st.binary(max_size=4))
    file = file.with_suffix(".npz")
    rewrite(file, content)
    try:
        read = read_all(file)
    except CheckpointError as error:
        assert str(error).isprintable()
    else:
        for array in read.values():
            assert array.tobytes() in (np.arange(6.0).tobytes(), np.ones(3, np.float32).tobytes())


@settings(COMMON, max_examples=often(120))
@given(data=st.data())
def test_any_npy_header_is_read_or_refused(file: Path, data: st.DataObject) -> None:
    text = NPY_FIELDS.format(data.draw(st.sampled_from(["(1,)", "()", "(0, 3)", "(True,)", "(1.0,)"])))
    at = data.draw(st.integers(0, len(text)))
    text = (
        text[:at]
        + data.draw(st.text(st.characters(codec="ascii"), max_size=4))
        + text[at + data.draw(st.integers(0, 4)) :]
    )
    read_or_refuse(file.with_suffix(".npy"), npy_header(text, data.draw(st.sampled_from([b"", bytes(4)]))))
