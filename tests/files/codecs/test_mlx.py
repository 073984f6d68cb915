"""MLX: values of files that its package wrote, affine with 2 to 8 bits and with scales alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from tests.files.codecs.foreign import entries, foreign
from tests.files.codecs.handmade import Tensor, write

BITS = (2, 3, 4, 5, 6, 8)


def said(path: Path, quantization: dict[str, Any]) -> Path:
    """The file, with what MLX writes into the ``config.json`` beside it."""
    content = {"model_type": "x", "quantization": quantization, "quantization_config": quantization}
    (path.parent / "config.json").write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("bits", BITS)
def test_affine_values_are_those_of_the_package(bits: int, tmp_path: Path) -> None:
    tensors, values = foreign("mlx", f"a{bits}")
    path = said(write(tmp_path / "m.safetensors", tensors), {"group_size": 32, "bits": bits})
    with open_checkpoint(path) as checkpoint:
        [info] = checkpoint.tensors
        assert (info.name, info.dtype, info.shape) == (f"a{bits}.weight", f"MLX {bits}-bit", (4, 64))
        assert checkpoint.read(info.name).tobytes() == values.tobytes()


@pytest.mark.parametrize("mode", ["mxfp4", "mxfp8", "nvfp4"])
def test_values_of_modes_without_offsets_are_those_of_the_package(mode: str, tmp_path: Path) -> None:
    tensors, values = foreign("mlx", mode)
    path = said(write(tmp_path / "m.safetensors", tensors), {"group_size": 32, "bits": 4, "mode": mode})
    with open_checkpoint(path) as checkpoint:
        [info] = checkpoint.tensors
        assert (info.dtype, info.shape) == (f"MLX {mode}", (4, 64))
        assert checkpoint.read(info.name).tobytes() == values.tobytes()


def test_a_layer_may_have_bits_and_a_mode_of_its_own(tmp_path: Path) -> None:
    layers = {name: foreign("mlx", name) for name in ("a4", "a8", "mxfp4")}
    tensors = {name: tensor for layer, _ in layers.values() for name, tensor in layer.items()}
    quantization = {
        **{"group_size": 32, "bits": 4, "head": False},
        **{"a8": {"group_size": 32, "bits": 8}, "mxfp4": {"group_size": 32, "bits": 4, "mode": "mxfp4"}},
    }
    with open_checkpoint(said(write(tmp_path / "m.safetensors", tensors), quantization)) as checkpoint:
        for name, (_, values) in layers.items():
            assert checkpoint.read(f"{name}.weight").tobytes() == values.tobytes()


def test_experts_are_codes_along_the_last_axis(tmp_path: Path) -> None:
    tensors, values = foreign("mlx", "a4")
    deep: dict[str, Tensor] = {n: (dtype, (2, 2, *shape[1:]), raw) for n, (dtype, shape, raw) in tensors.items()}
    with open_checkpoint(said(write(tmp_path / "m.safetensors", deep), {"group_size": 32, "bits": 4})) as checkpoint:
        assert checkpoint.read("a4.weight").tobytes() == values.tobytes()
        assert checkpoint.info("a4.weight").shape == (2, 2, 64)


def test_shapes_are_enough_where_they_leave_one_answer(tmp_path: Path) -> None:
    tensors, values = foreign("mlx", "a3")
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors)) as checkpoint:
        assert checkpoint.read("a3.weight").tobytes() == values.tobytes()
    with pytest.raises(CheckpointError, match=r"'a8\.weight'.*4 bits in groups of 64 or 8 bits in groups of 32"):
        open_checkpoint(write(tmp_path / "n.safetensors", foreign("mlx", "a8")[0]))


def test_words_with_nothing_beside_them_are_integers(tmp_path: Path) -> None:
    tensors = {"a.weight": foreign("mlx", "a4")[0]["a4.weight"]}
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors)) as checkpoint:
        assert checkpoint.read("a.weight").dtype == np.uint32
    for half in ("scales", "biases"):
        tensors[f"a.{half}"] = foreign("mlx", "a4")[0][f"a4.{half}"]
        with pytest.raises(CheckpointError, match=r"'a\.weight'.*'a\.(scales|biases)'|fit 4 bits"):
            open_checkpoint(write(tmp_path / "m.safetensors", tensors))
        del tensors[f"a.{half}"]


FAULTS: dict[str, tuple[str, dict[str, Tensor | None], dict[str, Any], tuple[str, ...]]] = {
    "no scales": ("a4", {"a4.scales": None}, {}, ("'a4.weight'", "'a4.scales'")),
    "no offsets": ("a4", {"a4.biases": None}, {}, ("'a4.weight'", "'a4.biases'")),
    "offsets": ("a4", {"a4.biases": ("F16", (4, 1), bytes(8))}, {}, ("'a4.weight'", "'a4.biases'", "(4, 1)")),
    "types": ("a4", {"a4.biases": ("F32", (4, 2), bytes(32))}, {}, ("'a4.weight'", "'a4.biases'", "F32")),
    "axes": ("a4", {"a4.scales": ("F16", (8,), bytes(16))}, {}, ("'a4.weight'", "a4.scales", "(8,)")),
    "groups": ("a4", {}, {"group_size": 64}, ("'a4.weight'", "'a4.scales'", "(4, 1)", "(4, 2)")),
    "cut": ("a4", {}, {"group_size": 48}, ("'a4.weight'", "groups of 48")),
    "bits": ("a4", {}, {"bits": 7}, ("'a4.weight'", "7 bits")),
    "size": ("a4", {}, {"group_size": "x"}, ("'a4.weight'", "groups of 'x'")),
    "mode": ("a4", {}, {"mode": "new"}, ("'a4.weight'", "'new'", "affine, mxfp4, mxfp8, nvfp4")),
    "floats": ("a4", {}, {"mode": "mxfp4"}, ("'a4.weight'", "'a4.scales'", "U8", "F16")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_refused(fault: str, tmp_path: Path) -> None:
    layer, other, quantization, words = FAULTS[fault]
    tensors = {name: tensor for name, tensor in (foreign("mlx", layer)[0] | other).items() if tensor is not None}
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(said(write(tmp_path / "m.safetensors", tensors), {"group_size": 32, "bits": 4} | quantization))
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize("mode", ["mxfp4", "nvfp4"])
def test_a_scale_byte_that_is_no_number_is_refused(mode: str, tmp_path: Path) -> None:
    tensors, _ = foreign("mlx", mode)
    scales = entries(tensors[f"{mode}.scales"], "u1")
    scales[2, 1] = 0xFF
    path = write(tmp_path / "m.safetensors", tensors | {f"{mode}.scales": ("U8", scales.shape, scales.tobytes())})
    with open_checkpoint(said(path, {"group_size": 32, "bits": 4, "mode": mode})) as checkpoint:
        with pytest.raises(CheckpointError, match=rf"0xff, which is NaN.*'{mode}\.weight'.*'{mode}\.scales'"):
            checkpoint.read(f"{mode}.weight")
    tensors, _ = foreign("mlx", "a2")
    tensors["a2.biases"] = ("F16", (4, 2), np.full(8, np.inf, "<f2").tobytes())
    with open_checkpoint(said(write(path, tensors), {"group_size": 32, "bits": 2})) as checkpoint:
        with pytest.raises(CheckpointError, match=r"offsets: inf is no finite number"):
            checkpoint.read("a2.weight")
