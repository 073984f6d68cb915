"""What is packed for compressed-tensors is read as the codes times the stored scales, on awkward shapes too."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import sqtheory as sq
from sqtheory.cli import main
from sqtheory.files.checkpoints import open_stored
from sqtheory.files.packing import PackedCheckpoint
from tests.files.codecs.handmade import f32, values_of, write

NORMAL = np.random.default_rng(0).normal(size=(4, 2880)).astype(np.float32)


def folder_of(tmp_path: Path, fmt: str, **weights: np.ndarray) -> Path:
    """The file of a folder for the package, of weights NAME.weight."""
    source = write(tmp_path / "in" / "m.safetensors", {f"{name}.weight": f32(x) for name, x in weights.items()})
    assert main(["pack", str(source), str(tmp_path / "out"), "--layout", "compressed-tensors", "--format", fmt]) == 0
    return tmp_path / "out" / "model.safetensors"


def narrow(x: np.ndarray) -> np.ndarray:
    return x.astype(ml_dtypes.bfloat16).astype(np.float32)


@pytest.mark.parametrize("scaling", ["floor", "ceil", "rceil", "even"])
@pytest.mark.parametrize("shape", [(16, 352), (4, 2880)], ids=["11 blocks a row", "90 blocks a row"])
def test_values_are_codes_times_the_exponents_that_are_stored(
    tmp_path: Path, scaling: str, shape: tuple[int, int]
) -> None:
    """Whatever rule chose them; the number of blocks of a row may be odd."""
    x = np.resize(NORMAL, shape)
    x[1, :4] = np.float32([6, 7, 7.5, 6.0000005])  # where the rules part
    f = f"mxfp(e2m1, scaling={scaling})"
    path = folder_of(tmp_path, f, l=x)
    with open_stored(path) as stored:
        raw, scales = stored.read("l.weight_packed"), stored.read("l.weight_scale")
    codes = np.stack([raw & 15, raw >> 4], -1).reshape(shape).view(ml_dtypes.float4_e2m1fn).astype(np.float32)
    by_hand = np.ldexp(codes, np.repeat(scales.astype(int) - 127, 32, 1))
    assert by_hand.tobytes() == values_of(path).tobytes()
    assert np.array_equal(by_hand, sq.parse(f)(x))


def test_gate_and_up_keep_the_scale_of_a_tensor_each(tmp_path: Path) -> None:
    gate, up = NORMAL[:, :64] / np.abs(NORMAL[:, :64]).max(), NORMAL[:, 64:128] * 1000
    path = folder_of(tmp_path, "nvfp4", gate_proj=gate, up_proj=up)
    with open_stored(path) as stored:
        first, second = (float(stored.read(f"{name}_proj.weight_global_scale")[0]) for name in ("gate", "up"))
    assert first > 100 * second
    for name, x in (("gate_proj", gate), ("up_proj", up)):
        assert values_of(path, f"{name}.weight").tobytes() == narrow(sq.parse("nvfp4")(x)).tobytes()


@pytest.mark.parametrize("shape", [(512, 60), (33, 16)])
def test_a_last_block_that_is_short_is_packed_bit_for_bit_or_refused(
    tmp_path: Path, shape: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.resize(NORMAL, shape)
    source = write(tmp_path / "m.safetensors", {"l.weight": f32(x)})
    assert main(["pack", str(source), str(tmp_path / "p.safetensors"), "--mask", "50%", "--format", "nvfp4"]) == 0
    with PackedCheckpoint(tmp_path / "p.safetensors") as packed:
        assert packed.read("l.weight").tobytes() == sq.parse("50% >> nvfp4")(x).tobytes()
    words = ["pack", str(source), str(tmp_path / "out"), "--layout", "compressed-tensors", "--format", "nvfp4"]
    assert main(words) == (3 if shape[1] % 16 else 0)
    assert not shape[1] % 16 or "tensor 'l.weight'" in capsys.readouterr().err
