"""AWQ: values of a file that its package wrote, nibbles interleaved; shapes that disagree are refused."""

from pathlib import Path

import numpy as np
import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from tests.files.codecs.foreign import as_i32, foreign
from tests.files.codecs.handmade import Tensor, write

SAID = {"quant_method": "awq", "bits": 4, "group_size": 16, "version": "gemm", "zero_point": True}


@pytest.mark.parametrize("said", [SAID, {**SAID, "version": "GEMM"}, {"quant_method": "awq"}, None])
def test_values_are_those_of_the_package(said: dict[str, object] | None, tmp_path: Path) -> None:
    tensors, values = foreign("awq", "w")
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors, said)) as checkpoint:
        [info] = checkpoint.tensors
        assert (info.name, info.dtype, info.shape) == ("w.weight", "AWQ 4-bit", (32, 32))
        assert checkpoint.read("w.weight").tobytes() == values.tobytes()


def test_the_eight_outputs_of_a_word_are_interleaved(tmp_path: Path) -> None:
    words = as_i32(np.array([[0x76543210]], np.int32))
    ones: Tensor = ("F16", (1, 8), np.ones((1, 8), "<f2").tobytes())
    tensors = {"w.qweight": words, "w.qzeros": as_i32(np.zeros((1, 1), np.int32)), "w.scales": ones}
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors)) as checkpoint:
        assert checkpoint.read("w.weight").tolist() == [[0], [4], [1], [5], [2], [6], [3], [7]]


FAULTS: dict[str, tuple[dict[str, Tensor], tuple[str, ...]]] = {
    "scales": ({"w.scales": ("F16", (2, 40), bytes(160))}, ("'w.qweight'", "'w.scales'", "(2, 40)")),
    "zeros": ({"w.qzeros": as_i32(np.zeros((2, 5), np.int32))}, ("'w.qweight'", "'w.qzeros'", "(2, 5)")),
    "groups": (
        {"w.scales": ("F16", (3, 32), bytes(192)), "w.qzeros": as_i32(np.zeros((3, 4), np.int32))},
        ("'w.qweight'", "'w.scales'", "3 groups"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_refused(fault: str, tmp_path: Path) -> None:
    other, said = FAULTS[fault]
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(write(tmp_path / "m.safetensors", foreign("awq", "w")[0] | other, SAID))
    assert all(word in str(caught.value) for word in said), caught.value


@pytest.mark.parametrize("other", [{"version": "gemv"}, {"format": "gemv_fast"}, {"bits": 8}])
def test_another_version_is_refused_by_name(other: dict[str, object], tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", foreign("awq", "w")[0], SAID | other)
    with pytest.raises(CheckpointError, match=r"quant_method awq has .*: readable are "):
        open_checkpoint(path)


@pytest.mark.parametrize("size", [32, -1])
def test_groups_of_another_size_than_the_configuration_says_are_refused(size: int, tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", foreign("awq", "w")[0], SAID | {"group_size": size})
    with pytest.raises(CheckpointError, match=f"groups of {size}, as the configuration says"):
        open_checkpoint(path)
