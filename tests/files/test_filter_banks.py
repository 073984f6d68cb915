import numpy as np
import pytest

from sqtheory.files.filter_banks import is_filter_bank

N = np.arange(256)


def fourier(window: np.ndarray) -> np.ndarray:
    """The kernels of a short-time Fourier transform: cosines and sines under a window."""
    angles = 2 * np.pi * np.outer(np.arange(129), N) / 256
    return np.concatenate([np.cos(angles), -np.sin(angles)]) * window


def constant_q() -> np.ndarray:
    """Windowed cosines of fewer and fewer entries, each about the middle, the rest zeros."""
    rows = np.zeros((12, 256))
    for row, length in zip(rows, range(40, 256, 18), strict=True):
        n = np.arange(length) - length // 2
        row[128 - length // 2 :][:length] = np.cos(0.4 * n) * np.hanning(length + 1)[:length]
    return rows


BANKS = {
    "fourier": fourier(np.hanning(257)[:256]).astype(np.float32),
    "fourier without a window": fourier(np.ones(256)),
    "an odd length": fourier(np.ones(256))[:, :255] * 0 + np.cos(2 * np.pi * np.arange(255) / 255),
    "constant q": constant_q(),
    "half precision": fourier(np.hanning(257)[:256]).astype(np.float16).astype(np.float32),
    "a low pass": (np.sinc((N - 127.5) / 2) * np.hamming(256))[None],
    "large and small": constant_q() * np.logspace(-21, -18, 12)[:, None],
}


@pytest.mark.parametrize("name", BANKS)
def test_kernels_of_transforms_are_their_own_mirror_images(name: str) -> None:
    assert is_filter_bank(BANKS[name])


def test_what_is_learned_is_not() -> None:
    draw = np.random.default_rng(0)
    assert not is_filter_bank(draw.normal(size=(4, 16)))
    assert not is_filter_bank(np.cumsum(draw.normal(size=(2, 256)), axis=1))
    one_wrong = fourier(np.ones(256))
    one_wrong[7] += draw.normal(size=256)
    assert not is_filter_bank(one_wrong)


@pytest.mark.parametrize("kernels", [np.ones((3, 8)), np.zeros((3, 64)), np.zeros((0, 64)), np.full((1, 64), np.nan)])
def test_short_empty_zero_and_broken_kernels_are_none(kernels: np.ndarray) -> None:
    assert not is_filter_bank(kernels)
