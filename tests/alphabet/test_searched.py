"""k_quant of ONNX Runtime: a scale and a zero point found by a search, against a loop over trials and entries."""

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rationals import NotRational, rationals
from sqtheory.alphabet.scaling import searched
from sqtheory.alphabet.traits import DETERMINISTIC, KEEPS_ZERO, MAX_DETERMINED, ODD
from sqtheory.theory.decide import exact
from tests.alphabet.test_affine import tensors

SIZE = 8
TEXT = "affine(4, offset=searched, block=8)"


def loop(block: list[float]) -> list[float]:
    """One block in float64, where the order of sums is of no account on these tensors."""
    lo, hi = min(block), max(block)
    mean = np.sqrt(sum(v * v for v in block) / len(block))
    w = [mean + abs(v) for v in block]

    def codes(steps: float) -> list[float]:
        per = 1.0 if lo == hi else steps / (hi - lo)
        return [min(max(float(np.rint(per * (v - lo))), 0.0), 15.0) for v in block]

    def loss(c: list[float], scale: float, start: float) -> float:
        return sum(a * (scale * b + start - v) ** 2 for a, b, v in zip(w, c, block, strict=True))

    scale = 1.0 if lo == hi else (hi - lo) / 15
    best = loss(codes(15), scale, lo)
    for t in range(20):
        c = codes(14 + 0.1 * t)
        s_w, s_x = sum(w), sum(a * v for a, v in zip(w, block, strict=True))
        s_l, s_ll = sum(a * b for a, b in zip(w, c, strict=True)), sum(a * b * b for a, b in zip(w, c, strict=True))
        s_xl = sum(a * b * v for a, b, v in zip(w, c, block, strict=True))
        if (d := s_w * s_ll - s_l * s_l) > 1e-12:
            one, two = (s_w * s_xl - s_x * s_l) / d, (s_ll * s_x - s_l * s_xl) / d
            if loss(c, one, two) < best:
                best, scale, lo = loss(c, one, two), one, two
    z = min(max(float(np.rint(-lo / scale)), 0.0), 15.0)
    return [(min(max(float(np.rint(v / scale + z)), 0.0), 15.0) - z) * scale for v in block]


@pytest.mark.parametrize("name", ["normal", "positive", "negative", "sparse", "far", "zero"])
def test_an_image_is_that_of_a_loop_over_trials(name: str) -> None:
    x = tensors()[name].astype(np.float64)
    expected = [v for block in x.reshape(-1, SIZE) for v in loop(block.tolist())]
    np.testing.assert_allclose(parse(TEXT)(x), np.reshape(expected, x.shape), rtol=1e-9, atol=1e-12)


def test_a_search_errs_less_than_the_range_and_more_trials_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    x = tensors()["normal"].astype(np.float64)
    plain = np.linalg.norm(parse("affine(4, block=8)")(x) - x)
    found = parse(TEXT)(x)
    assert np.linalg.norm(found - x) < plain
    monkeypatch.setattr(searched, "STEPS", 1)
    assert not np.array_equal(parse(TEXT)(x), found)


def test_blocks_away_from_zero_saturate_and_constants_are_lost_below_a_half() -> None:
    q = parse("affine(4, offset=searched, block=32)")
    far = q(np.array([1.0] * 31 + [2.0], np.float32))
    assert np.ptp(far) == 0 and abs(far[0] - 1) < 1e-6
    assert not q(np.full(32, 0.3, np.float32)).any() and (q(np.full(32, 3, np.float32)) == 3).all()


def test_it_is_read_as_it_is_printed_and_declares_what_it_does() -> None:
    q = parse(TEXT)
    assert isinstance(q, Quantizer) and str(q) == TEXT and q.traits == {DETERMINISTIC, KEEPS_ZERO}
    x = tensors()["sparse"]
    assert not q(x)[x == 0].any()
    rows = tensors()["normal"].reshape(-1, SIZE)
    assert not all(ODD.holds(q, row) for row in rows) and not all(MAX_DETERMINED.holds(q, row) for row in rows)


def test_nothing_is_lost_at_the_ends_of_the_range() -> None:
    q, most, least = parse(TEXT), np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal
    for x in ([most, -most, most / 2, 0], [least, 0, 7 * least, 15 * least], [0, 0, 0, 0]):
        assert np.isfinite(q(np.array(x, np.float32))).all()
    assert not q(np.zeros(8)).any()


def test_it_is_not_rational() -> None:
    with pytest.raises(NotRational, match="square roots"):
        exact.placed(parse(TEXT), rationals(np.ones((1, SIZE))))  # type: ignore[arg-type]
