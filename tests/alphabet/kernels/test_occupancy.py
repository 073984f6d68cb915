import numpy as np
import pytest

from sqtheory.alphabet.kernels import WORDS, fullest, fullest_run, scratch


@pytest.mark.parametrize("m", WORDS)
def test_the_fullest_run_is_that_of_sums(m: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(m)
    for share in (0, 0.05, 0.5, 1):
        flags = rng.random((6, 8 * m)) < share
        expected = int(flags.reshape(-1, m).sum(axis=1).max())
        assert fullest(flags, m) == expected
        for dtype in (np.float32, np.float64):
            x = np.where(flags, -1.5, -0.0).astype(dtype)
            assert fullest_run(x, m) == expected
            monkeypatch.setattr(scratch, "TILE", 64 * m)
            assert fullest_run(x, m) == expected
    assert fullest(np.empty(0, np.bool_), m) == fullest_run(np.empty(0), m) == 0
