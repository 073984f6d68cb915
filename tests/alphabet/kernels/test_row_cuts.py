"""The k-th largest of a row against sorting, whatever the first guess."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.compiled_row_cuts import kth

RNG = np.random.default_rng(91)
ROWS: dict[str, NDArray[Any]] = {
    "normal": np.abs(RNG.normal(size=777)).astype(np.float32).view(np.int32),
    "ties": RNG.integers(0, 5, 777).astype(np.int32),
    "equal": np.full(40, 3, np.int32),
    "wide": (RNG.integers(-9, 9, 100) * 10**17).astype(np.int64),
    "gains": RNG.normal(size=500).astype(np.float64).view(np.int64) >> 1,
}


@pytest.mark.parametrize("name", ROWS)
def test_exactly_the_k_largest_are_told(name: str) -> None:
    scores = ROWS[name]
    narrow = scores.dtype == np.int32
    end, wide = 1 << 31 if narrow else 6 * 10**18, () if narrow else (1,)
    ordered = np.sort(scores)[::-1]
    for k in (1, 2, scores.size // 2, scores.size - 1):
        for guess, reach in ((0, 1), (int(ordered[k]), 1), (int(ordered[0]), 1 << 20), (end - 1, 1 << 30)):
            cut, above, ties = kth(scores, wide, k, np.int64(-end), np.int64(end), np.int64(guess), np.int64(reach))
            assert above + ties >= k > above if ties else above == k
            if ties:
                assert (np.count_nonzero(scores > cut), np.count_nonzero(scores == cut)) == (above, ties)
            else:
                assert np.count_nonzero(scores >= cut) == k
