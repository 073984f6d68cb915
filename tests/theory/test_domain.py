import numpy as np
import pytest

from sqtheory.alphabet.quantizers import hbfp, int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.domain import KINDS, Arrays, Domain, OneOf

DOMAIN = Domain(
    Arrays(8), OneOf(int_(4), hbfp(4)), OneOf(nm(2, 4), nm(1, 4)), OneOf(1.0, 2.0), w=Arrays(8, kinds=KINDS[:1])
)


def test_every_choice_is_drawn() -> None:
    rng = np.random.default_rng(0)
    cases = [DOMAIN.sample(rng, 3) for _ in range(200)]
    assert {(str(c.q), str(c.s), c.p) for c in cases} == {
        (str(q), str(s), p) for q in DOMAIN.q.values for s in DOMAIN.s.values for p in DOMAIN.p.values
    }
    assert all(c.x.shape == (3, 8) and c.w is not None and c.w.shape == (3, 8) for c in cases)


def test_each_kind_is_drawn_about_as_often() -> None:
    rng = np.random.default_rng(0)
    drawn = [Arrays(16).sample(rng, 4) for _ in range(800)]
    zeros = sum(not np.any(x[:2]) or np.mean(x == 0) > 0.8 for x in drawn)
    subnormal = sum(0 < np.abs(x).max() < 1e-300 for x in drawn)
    assert zeros > 60 and subnormal > 60


def test_one_seed_one_case() -> None:
    one, two = (DOMAIN.sample(np.random.default_rng(7), 5) for _ in range(2))
    assert np.array_equal(one.x, two.x) and (one.q, one.s, one.p) == (two.q, two.s, two.p)


def test_a_choice_needs_a_value() -> None:
    with pytest.raises(ValueError, match="at least one"):
        OneOf[float]()


def test_the_defaults_prune_nothing_in_l1() -> None:
    case = Domain(Arrays(4), OneOf(int_(4))).sample(np.random.default_rng(0), 2)
    assert case.p == 1 and case.w is None and case.s.mask(case.x).all()
