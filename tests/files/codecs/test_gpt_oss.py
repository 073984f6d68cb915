"""MXFP4 of gpt-oss: blocks of an expert's outputs come as [E, in, out], the layout of the dense model."""

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from sqtheory.cli import main
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.views.view import View
from tests.files.codecs.handmade import Tensor, codes, refusal, values_of, write

BLOCKS = np.random.default_rng(0).integers(0, 256, (3, 10, 2, 16), np.uint8)
SCALES = np.random.default_rng(1).integers(100, 140, (3, 10, 2), np.uint8)
NAME = "model.layers.0.mlp.experts.gate_up_proj"
PARTS: dict[str, Tensor] = {f"{NAME}_blocks": codes("U8", BLOCKS), f"{NAME}_scales": codes("U8", SCALES)}
PAIRS = np.stack([BLOCKS & 15, BLOCKS >> 4], -1).reshape(3, 10, 64).view(ml_dtypes.float4_e2m1fn).astype(np.float32)
VALUES = np.ldexp(PAIRS, np.repeat(SCALES.astype(int) - 127, 32, -1))


@pytest.mark.parametrize("config", [{"quant_method": "mxfp4"}, None])
def test_the_weight_of_experts_is_transposed(tmp_path: Path, config: dict[str, str] | None) -> None:
    path = write(tmp_path / "m.safetensors", PARTS, config)
    with open_checkpoint(path) as checkpoint:
        [info] = checkpoint.tensors
    assert (info.name, info.dtype, info.shape) == (NAME, "MXFP4", (3, 64, 10))
    assert values_of(path, NAME).tobytes() == VALUES.swapaxes(1, 2).tobytes()


def test_in_the_release_itself_it_is_not(tmp_path: Path) -> None:
    tensors = {"mlp1_weight.blocks": codes("U8", BLOCKS), "mlp1_weight.scales": codes("U8", SCALES)}
    assert values_of(write(tmp_path / "m.safetensors", tensors), "mlp1_weight").tobytes() == VALUES.tobytes()


@pytest.mark.parametrize(
    ("tensors", "named"),
    [
        ({f"{NAME}_blocks": PARTS[f"{NAME}_blocks"]}, (f"{NAME}_blocks'", f"{NAME}_scales'")),
        ({f"{NAME}_scales": PARTS[f"{NAME}_scales"]}, (f"{NAME}_blocks'", f"{NAME}_scales'")),
        ({**PARTS, f"{NAME}_scales": codes("U8", SCALES[:, :9])}, (f"{NAME}_blocks'", f"{NAME}_scales'", "(3, 9, 2)")),
        ({**PARTS, f"{NAME}_scales": codes("F8_E4M3", SCALES)}, (f"{NAME}_blocks'", f"{NAME}_scales'", "F8_E4M3")),
        ({f"{NAME}_blocks": codes("U8", BLOCKS[..., :8]), f"{NAME}_scales": PARTS[f"{NAME}_scales"]}, ("_blocks'",)),
    ],
)
def test_what_does_not_fit_is_refused_naming_both(
    tmp_path: Path, tensors: dict[str, Tensor], named: tuple[str, ...]
) -> None:
    message = refusal(write(tmp_path / "m.safetensors", tensors))
    assert all(name in message for name in named), message


def test_the_byte_of_nan_is_refused(tmp_path: Path) -> None:
    scales = SCALES.copy()
    scales[2, 3, 1] = 255
    path = write(tmp_path / "m.safetensors", {**PARTS, f"{NAME}_scales": codes("U8", scales)})
    message = refusal(path, NAME)
    assert "(2, 3, 1) is NaN" in message and all(f"'{name}'" in message for name in PARTS)


@pytest.mark.parametrize(("names", "axis"), [(("_blocks", "_scales"), 1), ((".blocks", ".scales"), 2)])
def test_the_axis_of_the_inputs_is_known_without_a_configuration(
    tmp_path: Path, names: tuple[str, str], axis: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Along it the values are those of MXFP4 already: quantizing them again changes nothing."""
    tensors = {f"{NAME}{end}": tensor for end, tensor in zip(names, PARTS.values(), strict=True)}
    path = write(tmp_path / "m.safetensors", tensors)
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.tensors[0].view == View.experts(inputs=axis)
    assert main(["order", str(path), "--mask", "2:4", "--format", "mxfp4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tensors"][0]["errors"]["q"] == 0
