"""NVFP4 of ModelOpt: the factor multiplies, each expert may have its own, and what does not fit is refused by name."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from tests.files.codecs.handmade import Tensor, codes, f32, random_codes, refusal, values_of, write

RAW = np.random.default_rng(0).integers(0, 256, (6, 24), np.uint8)
SCALES = random_codes((6, 3), 1) & 0x7F
MODELOPT = {"quant_method": "modelopt", "quant_algo": "NVFP4"}
PARTS: dict[str, Tensor] = {
    "l.weight": codes("U8", RAW),
    "l.weight_scale": codes("F8_E4M3", SCALES),
    "l.weight_scale_2": f32(0.25),
}


def by_the_words(raw: np.ndarray, scales: np.ndarray, factor: np.ndarray | float) -> np.ndarray:
    """Two codes a byte along the last axis, the first in the low bits; σ = s·g."""
    pairs = np.stack([raw & 15, raw >> 4], -1).reshape(*raw.shape[:-1], -1)
    levels = pairs.view(ml_dtypes.float4_e2m1fn).astype(np.float32) + np.float32(0)
    sigma = scales.view(ml_dtypes.float8_e4m3fn).astype(np.float32) * np.float32(factor)
    return levels * np.repeat(sigma, 16, -1)


@pytest.mark.parametrize("config", [MODELOPT, None])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_values_are_codes_times_scales_times_the_factor(
    tmp_path: Path, config: dict[str, str] | None, shape: tuple[int, ...]
) -> None:
    path = write(tmp_path / "m.safetensors", {**PARTS, "l.weight_scale_2": f32(np.full(shape, 0.25))}, config)
    assert values_of(path).tobytes() == by_the_words(RAW, SCALES, 0.25).tobytes()


def test_experts_have_a_factor_each(tmp_path: Path) -> None:
    raw, scales, factors = np.stack([RAW, RAW]), np.stack([SCALES, SCALES]), np.float32([1, 1000])
    tensors = {
        "experts.w": codes("U8", raw),
        "experts.w_weight_scale": codes("F8_E4M3", scales),
        "experts.w_weight_scale_2": f32(factors),
    }
    wanted = np.stack([by_the_words(RAW, SCALES, g) for g in factors])
    assert values_of(write(tmp_path / "m.safetensors", tensors), "experts.w").tobytes() == wanted.tobytes()


def test_the_pairs_lie_along_the_axis_that_the_scales_are_shorter_along(tmp_path: Path) -> None:
    """[E, in/2, out] with scales [E, in/16, out]: the transpose of [E, out, in]."""
    raw, scales = np.stack([RAW, RAW ^ 1]), np.stack([SCALES, SCALES])
    tensors = {
        "experts.w": codes("U8", raw.swapaxes(1, 2)),
        "experts.w_weight_scale": codes("F8_E4M3", scales.swapaxes(1, 2)),
        "experts.w_weight_scale_2": f32(0.5),
    }
    values = values_of(write(tmp_path / "m.safetensors", tensors), "experts.w")
    assert values.shape == (2, 48, 6)
    assert values.swapaxes(1, 2).tobytes() == by_the_words(raw, scales, 0.5).tobytes()


def test_blocks_are_of_the_length_that_is_said(tmp_path: Path) -> None:
    """16 or 32, by the shapes alone where the configuration says nothing."""
    tensors = {**PARTS, "l.weight": codes("U8", RAW[:, :16]), "l.weight_scale": codes("F8_E4M3", SCALES[:, :1])}
    wanted = by_the_words(RAW[:, :16], SCALES[:, :1].repeat(2, 1), 0.25)
    assert values_of(write(tmp_path / "m.safetensors", tensors)).tobytes() == wanted.tobytes()
    for length, fits in ((32, True), (16, False)):
        path = write(tmp_path / "m.safetensors", tensors, {**MODELOPT, "group_size": length})
        if fits:
            assert values_of(path).tobytes() == wanted.tobytes()
        else:
            assert "'l.weight_scale'" in refusal(path)


FAULTS: dict[str, tuple[dict[str, Tensor | None], tuple[str, ...]]] = {
    "no factor": ({"l.weight_scale_2": None}, ("'l.weight'", "'l.weight_scale'", "'l.weight_scale_2'")),
    "no scales": ({"l.weight_scale": None}, ("'l.weight_scale_2'", "'l.weight'")),
    "no codes": ({"l.weight": None}, ("'l.weight_scale'",)),
    "the divisor of another layout": (
        {"l.weight_scale_2": None, "l.weight_global_scale": f32(4.0)},
        ("'l.weight'", "'l.weight_scale_2'"),
    ),
    "other scales": ({"l.weight_scale": codes("F8_E4M3", SCALES[:, :2])}, ("'l.weight'", "'l.weight_scale'", "(6, 2)")),
    "fewer rows": ({"l.weight_scale": codes("F8_E4M3", SCALES[:5])}, ("'l.weight'", "'l.weight_scale'", "(5, 3)")),
    "many factors": ({"l.weight_scale_2": f32([1, 2])}, ("'l.weight'", "'l.weight_scale_2'", "(2,)")),
    "a smoothed input": ({"l.pre_quant_scale": f32(np.ones(48))}, ("'l.weight'", "'l.pre_quant_scale'")),
}


@pytest.mark.parametrize(("change", "named"), FAULTS.values(), ids=FAULTS)
def test_what_does_not_fit_is_refused_naming_both(
    tmp_path: Path, change: dict[str, Tensor | None], named: tuple[str, ...]
) -> None:
    tensors = {name: tensor for name, tensor in {**PARTS, **change}.items() if tensor is not None}
    message = refusal(write(tmp_path / "m.safetensors", tensors, MODELOPT))
    assert all(name in message for name in named), message


INT8: dict[str, Tensor] = {
    "l.weight": ("I8", (3, 4), bytes(range(122, 134))),
    "l.weight_scale": f32([0.5, 2.0, 3e38]),
}


def test_integers_have_a_scale_a_row(tmp_path: Path) -> None:
    config = {"quant_method": "modelopt", "quant_algo": "W8A16"}
    values = values_of(write(tmp_path / "m.safetensors", INT8, config))
    assert values[:2].tolist() == [[61, 61.5, 62, 62.5], [252, 254, -256, -254]] and np.isinf(values[2]).any()
    smoothed = {**INT8, "l.pre_quant_scale": f32(np.ones(4))}
    message = refusal(write(tmp_path / "m.safetensors", smoothed, config))
    assert "'l.weight'" in message and "'l.pre_quant_scale'" in message
    wide = {**INT8, "l.weight_scale": ("F64", (3,), bytes(24))}
    message = refusal(write(tmp_path / "m.safetensors", wide, config))
    assert "'l.weight'" in message and "'l.weight_scale'" in message and "F64" in message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"l.weight_scale": codes("F8_E4M3", np.where(np.eye(6, 3, -2) > 0, 0x7F, SCALES))}, "(2, 0) is nan"),
        *(({"l.weight_scale_2": f32(bad)}, f"is {bad}") for bad in (0.0, -1.0, np.nan, np.inf)),
    ],
)
def test_a_scale_that_is_none_is_refused_naming_all_parts(tmp_path: Path, change: dict[str, Tensor], said: str) -> None:
    message = refusal(write(tmp_path / "m.safetensors", {**PARTS, **change}), "l.weight")
    assert said in message and all(f"'{name}'" in message for name in PARTS), message
