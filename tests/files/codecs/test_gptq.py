"""GPTQ: values of files that its package wrote, of both ways to store zero points; halves and shapes that disagree."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from tests.files.codecs.foreign import as_i32, entries, foreign
from tests.files.codecs.handmade import Tensor, write


def layer(bits: int, *, v2: bool = False) -> tuple[dict[str, Tensor], NDArray[np.float32]]:
    tensors, values = foreign("gptq", f"w{bits}")
    other = tensors.pop(f"w{bits}.v2")
    return {**tensors, f"w{bits}.qzeros": other} if v2 else tensors, values


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("v2", [False, True])
def test_values_are_those_of_the_package(bits: int, v2: bool, tmp_path: Path) -> None:
    tensors, values = layer(bits, v2=v2)
    said = {"quant_method": "gptq", "bits": bits, **({"format": "gptq_v2"} if v2 else {})}
    bias: dict[str, Tensor] = {f"w{bits}.bias": ("F16", (32,), bytes(64))}
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors | bias, said)) as checkpoint:
        assert {info.name for info in checkpoint.tensors} == {f"w{bits}.bias", f"w{bits}.weight"}
        info = checkpoint.info(f"w{bits}.weight")
        assert (info.dtype, info.shape, info.quantized) == (f"GPTQ {bits}-bit", (32, 32), True)
        assert checkpoint.read(f"w{bits}.weight").tobytes() == values.tobytes()


def test_names_and_shapes_are_enough(tmp_path: Path) -> None:
    tensors, values = layer(4)
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors)) as checkpoint:
        assert np.array_equal(checkpoint.read("w4.weight"), values)


@pytest.mark.parametrize("said", [{"group_size": 16}, {}])
def test_groups_follow_each_other_without_an_order(said: dict[str, int], tmp_path: Path) -> None:
    tensors, values = layer(2)
    del tensors["w2.g_idx"]
    path = write(tmp_path / "m.safetensors", tensors, {"quant_method": "gptq", "bits": 2, **said})
    with open_checkpoint(path) as checkpoint:
        assert np.array_equal(checkpoint.read("w2.weight"), values)


def test_a_zero_point_that_carries_goes_into_the_next_field(tmp_path: Path) -> None:
    tensors, _ = layer(4)
    zeros = entries(tensors["w4.qzeros"], "<u4")
    zeros[:] = 0x0000000F
    tensors["w4.qzeros"] = as_i32(zeros.view("<i4"))
    tensors["w4.qweight"] = as_i32(np.zeros((4, 32), np.int32))
    tensors["w4.scales"] = ("F16", (2, 32), np.ones((2, 32), "<f2").tobytes())
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors)) as checkpoint:
        assert checkpoint.read("w4.weight")[:8, 0].tolist() == [0, -2, -1, -1, -1, -1, -1, -1]


def without(name: str) -> dict[str, Tensor]:
    tensors, _ = layer(4)
    del tensors[name]
    return tensors


def changed(name: str, tensor: Tensor) -> dict[str, Tensor]:
    return layer(4)[0] | {name: tensor}


FAULTS: dict[str, tuple[dict[str, Tensor], tuple[str, ...]]] = {
    "no zero points": (without("w4.qzeros"), ("'w4.qweight'", "'w4.qzeros'")),
    "no scales": (without("w4.scales"), ("'w4.qweight'", "'w4.scales'")),
    "no codes": (without("w4.qweight"), ("'w4.qzeros'",)),
    "type": (changed("w4.qweight", ("F32", (4, 32), bytes(512))), ("'w4.qweight'", "I32", "F32")),
    "axes": (changed("w4.scales", ("F16", (64,), bytes(128))), ("'w4.qweight'", "(64,)")),
    "groups": (changed("w4.scales", ("F16", (3, 32), bytes(192))), ("'w4.qweight'", "'w4.qzeros'", "(3, 4)")),
    "bits": (changed("w4.qzeros", as_i32(np.zeros((2, 5), np.int32))), ("'w4.qweight'", "'w4.qzeros'", "2, 3, 4, 8")),
    "order": (changed("w4.g_idx", as_i32(np.zeros(31, np.int32))), ("'w4.qweight'", "'w4.g_idx'", "(31,)")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_refused(fault: str, tmp_path: Path) -> None:
    tensors, said = FAULTS[fault]
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(write(tmp_path / "m.safetensors", tensors))
    assert all(word in str(caught.value) for word in said), caught.value


@pytest.mark.parametrize("group", [-1, 2])
def test_a_group_that_is_not_there_is_refused(group: int, tmp_path: Path) -> None:
    tensors, _ = layer(4)
    order = entries(tensors["w4.g_idx"], "<i4")
    order[3] = group
    with open_checkpoint(write(tmp_path / "m.safetensors", {**tensors, "w4.g_idx": as_i32(order)})) as checkpoint:
        with pytest.raises(CheckpointError, match=r"'w4\.weight'.*2 groups.*w4\.g_idx"):
            checkpoint.read("w4.weight")


def test_a_scale_that_is_no_number_is_refused(tmp_path: Path) -> None:
    scales = np.full((2, 32), np.nan, "<f2")
    tensors = changed("w4.scales", ("F16", (2, 32), scales.tobytes()))
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors)) as checkpoint:
        with pytest.raises(CheckpointError, match=r"scales: nan is no finite number.*w4\.scales"):
            checkpoint.read("w4.weight")


@pytest.mark.parametrize(
    "said",
    [{"checkpoint_format": "marlin"}, {"is_marlin_format": True}, {"format": "gptq_v2", "checkpoint_format": "gptq"}],
)
def test_another_format_is_refused_by_name(said: dict[str, object], tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", layer(4)[0], {"quant_method": "gptq", **said})
    with pytest.raises(CheckpointError, match=r"quant_method gptq has format .*readable are gptq and gptq_v2"):
        open_checkpoint(path)


@pytest.mark.parametrize("said", [{"bits": 8}, {"bits": 4, "group_size": 32}, {"bits": 4, "group_size": -1}])
def test_a_configuration_that_the_tensors_contradict_is_refused(said: dict[str, int], tmp_path: Path) -> None:
    """Unless it says that layers differ."""
    tensors, values = layer(4)
    config: dict[str, object] = {"quant_method": "gptq", **said}
    with pytest.raises(CheckpointError, match="configuration says") as caught:
        open_checkpoint(write(tmp_path / "m.safetensors", tensors, config))
    assert "'w4.qweight'" in str(caught.value)
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors, config | {"dynamic": {"+:w4": {}}})) as checkpoint:
        assert np.array_equal(checkpoint.read("w4.weight"), values)
