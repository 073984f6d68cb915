"""A bank of kernels each of which is its own mirror image, or minus that: cosines, sines and windows, not learned."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FILTER_BANK = "filter bank: every kernel is even or odd"
"""What is said of such a tensor."""
SHORTEST = 16
"""Entries of a kernel below which a learned one may look like a filter."""
_DUST = 1e-4
_SHARE = 1e-3
"""Of the energy of a kernel: what the mirror image may miss. Constant-Q kernels of 256 entries miss up to 0.0005."""


def is_filter_bank(kernels: NDArray[Any]) -> bool:
    """Whether every row h has a centre s with h[s − i] = ±h[i], but for a thousandth of its energy, maybe in a circle.

    Rows of less than 0.0001 of the largest entry are taken for zeros that were rounded, as is the sine of n·π; some
    row is none of them. That holds of the kernels of short-time Fourier and constant-Q transforms, of windows and of
    filters of linear phase; of what is learned it does not. Kernels [n, length], False for a length below 16 and for
    entries that are not finite.

    >>> n = np.arange(64)
    >>> is_filter_bank(np.stack([np.cos(0.3 * (n - 31.5)), np.sin(0.7 * (n - 20))]) * np.hanning(64))
    False
    >>> is_filter_bank(np.stack([np.cos(0.3 * (n - 31.5)), np.sin(0.7 * (n - 31.5))]) * np.hanning(64))
    True
    """
    rows, length = kernels.shape
    if length < SHORTEST or not rows or not np.isfinite(kernels).all():
        return False
    scale = np.abs(kernels).max(axis=1, keepdims=True).astype(np.float64)
    said = scale[:, 0] > _DUST * scale.max()
    h = kernels[said] / scale[said]
    energy = np.sum(h * h, axis=1)
    # Σ_i h[i] h[s − i] for every s: with zeros around the kernel, and with the kernel around itself
    mirrored = (np.fft.irfft(np.fft.rfft(h, n, axis=1) ** 2, n, axis=1) for n in (2 * length, length))
    most = np.maximum(*(np.abs(one).max(axis=1) for one in mirrored))
    return bool(energy.size) and bool(np.all(most >= (1 - _SHARE) * energy))
