"""Codes with exponent bytes beside them, under every name and in every type that they come in."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from sqtheory.files.checkpoints import open_checkpoint
from tests.files.codecs.handmade import Tensor, codes, random_codes, refusal, values_of, write

ROWS, BLOCKS = 8, 11
EXPONENTS = np.random.default_rng(1).integers(100, 140, (ROWS, BLOCKS), np.uint8)
SIGMA = np.ldexp(np.float32(1), np.repeat(EXPONENTS.astype(int) - 127, 32, 1))
RAW = np.random.default_rng(2).integers(0, 256, (ROWS, 32 * BLOCKS), np.uint8)
KINDS = {
    "F8_E4M3": (8, ml_dtypes.float8_e4m3fn, "MXFP8 E4M3"),
    "F8_E5M2": (8, ml_dtypes.float8_e5m2, "MXFP8 E5M2"),
    "F6_E2M3": (6, ml_dtypes.float6_e2m3fn, "MXFP6 E2M3"),
    "F6_E3M2": (6, ml_dtypes.float6_e3m2fn, "MXFP6 E3M2"),
    "F4": (4, ml_dtypes.float4_e2m1fn, "MXFP4"),
    "I8": (4, ml_dtypes.float4_e2m1fn, "MXFP4"),
    "U8": (4, ml_dtypes.float4_e2m1fn, "MXFP4"),
}
"""Bits of a code, the codes themselves, the scheme."""
NAMES = ("l.weight_scale", "l.weight_scale_inv", "l.scale")


def stored(kind: str) -> tuple[Tensor, np.ndarray]:
    """A tensor of a type and its values, by another library."""
    bits, dtype, _ = KINDS[kind]
    raw = random_codes(RAW.shape) if bits == 8 else RAW & ((1 << bits) - 1)
    stream = np.packbits(np.unpackbits(raw.reshape(-1, 1), axis=1, bitorder="little")[:, :bits], bitorder="little")
    shape = (ROWS, 16 * BLOCKS) if kind in ("I8", "U8") else raw.shape
    return (kind, shape, stream.tobytes()), raw.view(dtype).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", NAMES)
@pytest.mark.parametrize("dtype", ["U8", "F8_E8M0"])
def test_values_are_codes_times_powers_of_two(tmp_path: Path, kind: str, scale: str, dtype: str) -> None:
    tensor, levels = stored(kind)
    path = write(tmp_path / "m.safetensors", {"l.weight": tensor, scale: codes(dtype, EXPONENTS)})
    if (kind, dtype) == ("I8", "U8"):
        assert "'l.weight'" in refusal(path) and scale in refusal(path)
        return
    with open_checkpoint(path) as checkpoint:
        [info] = checkpoint.tensors
    assert (info.name, info.shape, info.dtype) == ("l.weight", levels.shape, KINDS[kind][2])
    assert values_of(path).tobytes() == (levels * SIGMA).tobytes()


def test_experts_have_scales_beside_their_own_name(tmp_path: Path) -> None:
    tensor, levels = stored("F8_E4M3")
    raw = (tensor[0], (2, ROWS // 2, 32 * BLOCKS), tensor[2])
    scales = codes("U8", EXPONENTS.reshape(2, ROWS // 2, BLOCKS))
    for name in ("experts.up_scale_inv", "experts.up_scale", "experts.up_weight_scale", "experts.up.scale"):
        path = write(tmp_path / "m.safetensors", {"experts.up": raw, name: scales})
        assert values_of(path, "experts.up").tobytes() == (levels * SIGMA).tobytes()


def test_boxes_with_exponents_are_those_of_the_configuration(tmp_path: Path) -> None:
    raw, scales = random_codes((192, 320)), np.uint8([[120, 121, 122], [123, 124, 125]])
    tensors = {"l.weight": codes("F8_E4M3", raw), "l.weight_scale_inv": codes("F8_E8M0", scales)}
    spread = np.repeat(np.repeat(scales, 128, 0)[:192], 128, 1)[:, :320].astype(int) - 127
    wanted = np.ldexp(raw.view(ml_dtypes.float8_e4m3fn).astype(np.float32), spread)
    assert values_of(write(tmp_path / "m.safetensors", tensors)).tobytes() == wanted.tobytes()
    config = {"quant_method": "fp8", "weight_block_size": [96, 160]}
    assert "l.weight_scale_inv" in refusal(write(tmp_path / "m.safetensors", tensors, config))


FAULTS: dict[str, tuple[dict[str, Tensor], tuple[str, ...]]] = {
    "one block fewer": (
        {"l.weight": stored("F4")[0], "l.scale": codes("F8_E8M0", EXPONENTS[:, 1:])},
        ("'l.weight'", "'l.scale'", f"({ROWS}, {BLOCKS - 1})"),
    ),
    "an exponent a byte": (
        {"l.weight": codes("I8", RAW), "l.scale": codes("F8_E8M0", EXPONENTS)},
        ("'l.weight'", "'l.scale'", str((ROWS, 64 * BLOCKS))),
    ),
    "two scales": (
        {"l.weight": stored("F4")[0], "l.scale": codes("U8", EXPONENTS), "l.weight_scale": codes("U8", EXPONENTS)},
        ("'l.weight'", "'l.scale'", "'l.weight_scale'"),
    ),
    "scales alone": ({"l.w1.scale": codes("F8_E8M0", EXPONENTS)}, ("'l.w1.scale'",)),
    "scales of what is no codes": (
        {"l.weight": ("BF16", (ROWS, 32), bytes(ROWS * 64)), "l.scale": codes("F8_E8M0", EXPONENTS[:, :1])},
        ("'l.weight'", "'l.scale'"),
    ),
}


@pytest.mark.parametrize(("tensors", "named"), FAULTS.values(), ids=FAULTS)
def test_what_does_not_fit_is_refused_naming_both(
    tmp_path: Path, tensors: dict[str, Tensor], named: tuple[str, ...]
) -> None:
    message = refusal(write(tmp_path / "m.safetensors", tensors))
    assert all(name in message for name in named), message


@pytest.mark.parametrize("dtype", ["U8", "F8_E8M0"])
def test_the_byte_of_nan_is_refused_naming_both(tmp_path: Path, dtype: str) -> None:
    scales = EXPONENTS.copy()
    scales[3, 4] = 255
    path = write(tmp_path / "m.safetensors", {"l.weight": stored("F4")[0], "l.scale": codes(dtype, scales)})
    message = refusal(path, "l.weight")
    assert "(3, 4) is NaN" in message and "'l.weight'" in message and "'l.scale'" in message
