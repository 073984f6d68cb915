"""What tie rules, scores and formats declare of themselves is what they are seen to do, both ways."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.formats import FORMATS, FloatFormat, Format, IntFormat
from sqtheory.alphabet.held_scores import HeldPower, Precision
from sqtheory.alphabet.named_scores import SCORES as NAMED
from sqtheory.alphabet.quantizers import int_, mxint
from sqtheory.alphabet.rationals import NotRational, rationals
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scores import HOMOGENEOUS, Gain, Random, Score, given, partnered, wanda, wina
from sqtheory.alphabet.selection import top
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import TIES, Adversarial, Introselect, RandomTies, Selected, Sight, Ties
from sqtheory.alphabet.traits import DETERMINISTIC, DYADIC_EQUIVARIANT, KEEPS_ZERO, ODD, SCALE_EQUIVARIANT, Trait
from sqtheory.arrays import Array
from tests.kinds import alphabet_kinds

Tensor = NDArray[np.float64]
SHAPE = (3, 8)
TIE_RULES: dict[str, Ties] = {
    **TIES,
    **{"adversarial(1)": Adversarial(1), "adversarial(1.5)": Adversarial(1.5), "adversarial(inf)": Adversarial(np.inf)},
    "random": RandomTies(np.random.default_rng(0)),
    **{str(rule): rule for rule in map(Introselect, Selected)},
}
PARTNER = np.array([[1.0, 2, 0, 3, 1, 0.5, 4, 1]])
SCORES: dict[str, Score] = {
    **{name: score for name, score in NAMED.items() if score.awaits is None},
    **{"wanda": wanda(PARTNER), "wina": wina(PARTNER), "random": Random(np.random.default_rng(0))},
    **{f"partnered({a}, {b})": partnered(PARTNER, a, b) for a, b in ((2.0, 1.0), (1.0, 0.5), (1.0, 0.0))},
    **{f"gain of {q}": Gain(q) for q in (int_(4), mxint(4))},
    "gain of chance": Gain(int_(4, rounding=stochastic(np.random.default_rng(0)))),
    **{
        str(s): s
        for s in (
            HeldPower(2.0, Precision.bfloat16),
            HeldPower(2.0, Precision.float16),
        )
    },
    "given": given(np.arange(24.0).reshape(SHAPE)),
}


def tensors(count: int = 30, seed: int = 3) -> Iterator[Tensor]:
    rng = np.random.default_rng(seed)
    return (rng.integers(-64, 65, SHAPE) / 8 * 2.0 ** rng.integers(-3, 4, (3, 1)) for _ in range(count))


@pytest.mark.parametrize(("base", "listed"), [(Ties, TIE_RULES), (Score, SCORES)], ids=["ties", "scores"])
def test_every_kind_of_the_alphabet_is_asked(base: type[Any], listed: dict[str, Any]) -> None:
    assert {type(op) for op in listed.values()} == alphabet_kinds(base)


@pytest.mark.parametrize("name", TIE_RULES)
def test_a_tie_rule_looks_at_what_it_declares(name: str) -> None:
    rule = TIE_RULES[name]
    drawn = by_x = by_origin = False
    for x, y in zip(tensors(), tensors(seed=5), strict=True):
        key = rule.key(x, y)
        if key is None:
            assert rule.look_at is Sight.places and rule.exact(rationals(x), rationals(y)) is None
            continue
        drawn |= not np.array_equal(key, np.asarray(rule.key(x, y)))
        by_x |= not np.array_equal(key, np.asarray(rule.key(y, y)))
        by_origin |= not np.array_equal(key, np.asarray(rule.key(x, x)))
        assert rule.look_at is not Sight.places
    seen = Sight.chance if drawn else Sight.both if by_x else Sight.originals if by_origin else Sight.places
    assert seen is rule.look_at
    assert (rule.deterministic, rule.index_only) == (seen is not Sight.chance, seen is Sight.places)
    assert rule.foreseen == (not drawn and not by_x)


@pytest.mark.parametrize("name", TIE_RULES)
def test_a_tie_rule_selects_as_it_declares(name: str) -> None:
    """In the order of score, key and index; as many as asked; the largest, and no others but their equals."""
    rule = TIE_RULES[name]
    ordered = counted = filled = True
    for rows in (np.array(list(product((0.0, 1.0, 3.0), repeat=m))) for m in (4, 5)):
        key = np.random.default_rng(1).integers(0, 3, rows.shape) / 2
        for k in range(1, rows.shape[1]):
            kept = rule.select(rows, k, key)
            ordered &= np.array_equal(kept, top(rows, k, key, low_index=rule.low_index))
            counted &= bool((kept.sum(axis=1) == k).all())
            cut = np.sort(rows, axis=1)[:, -k, None]
            assert not (kept & (rows < cut)).any() and kept[:, 0].dtype == np.bool_
            filled &= bool((kept | (rows <= cut)).all() and (kept.sum(axis=1) >= k).all())
        assert not rule.select(rows, 0, key).any() and rule.select(rows, rows.shape[1], key).all()
    assert (rule.ordered, rule.fixed_count, rule.fills) == (ordered, counted, filled)


@pytest.mark.parametrize("name", TIE_RULES)
def test_exact_keys_rank_as_keys_do(name: str) -> None:
    rule = TIE_RULES[name]
    for x, y in zip(tensors(10), tensors(10, seed=5), strict=True):
        key = rule.key(x, y)
        try:
            exact = rule.exact(rationals(x), rationals(y))
        except NotRational:
            assert name in ("adversarial(1.5)", "adversarial(inf)", "random")
            continue
        assert name not in ("adversarial(1.5)", "adversarial(inf)", "random")
        assert (exact is None) == (key is None)
        if key is not None and exact is not None:
            assert np.array_equal(
                np.argsort(key, axis=None, kind="stable"), np.argsort(exact, axis=None, kind="stable")
            )


@pytest.mark.parametrize("name", SCORES)
def test_a_score_is_linear_constant_or_drawn_where_it_says_so(name: str) -> None:
    score = SCORES[name]
    weights = score.linear(SHAPE)
    observed = score.of(np.ones(SHAPE))
    linear = all(np.allclose(score.of(x), observed * np.abs(x), rtol=1e-12) for x in tensors())
    assert linear == (weights is not None)
    assert weights is None or (np.array_equal(weights, observed) and weights.shape == SHAPE)
    fixed = all(np.array_equal(score.of(x), observed) for x in tensors())
    assert fixed == score.is_constant
    again = all(np.array_equal(score.of(x), score.of(x)) for x in tensors())
    assert score.is_drawn == (not again and not score.images)


@pytest.mark.parametrize("name", SCORES)
def test_exact_scores_are_those_before_rounding(name: str) -> None:
    score = SCORES[name]
    for x in tensors(10):
        try:
            exact = score.exact(rationals(x))
        except NotRational:
            assert score.linear(SHAPE) is None and not score.is_constant
            continue
        assert np.allclose(exact.astype(np.float64), score.of(x), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", SCORES)
def test_a_score_takes_the_shape_that_its_arrays_prescribe(name: str) -> None:
    score = SCORES[name]
    assert score.prescribed(SHAPE) == SHAPE
    other = score.prescribed((2, 5))
    assert score.of(np.zeros(other)).shape == other
    if other != (2, 5):
        with pytest.raises(ValueError):
            score.of(np.zeros((2, 5)))


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
def test_a_format_says_its_kind(fmt: Format) -> None:
    steps = np.diff(fmt.values)
    integers = fmt.name.startswith("int")
    assert (fmt.kind == "integer") == integers == (np.ptp(steps) == 0 and steps[0] == 1)
    assert (fmt.kind == "floating point") == isinstance(fmt, FloatFormat)
    assert fmt.full() == (IntFormat(fmt.bits, full_range=True) if integers else fmt)


class Shifted(Score):
    """1/(1 + |x + 1|). It declares nothing of itself."""

    def of(self, x: Array) -> Array:
        return np.asarray(1 / (1 + np.abs(x + 1)))


def seen_traits(score: Score) -> frozenset[Trait]:
    """The traits that the ranking of normal numbers is seen to hand on; no two of their scores nearly agree."""
    rng = np.random.default_rng(6)

    def ranking(x: Tensor) -> list[int]:
        order: list[int] = np.argsort(score.of(x), axis=None, kind="stable").tolist()
        return order

    images = {ODD: (-1.0,), DYADIC_EQUIVARIANT: (4.0, 0.5), SCALE_EQUIVARIANT: (2.7182817, 0.3), DETERMINISTIC: (1.0,)}
    seen = {*images}
    for x in (rng.normal(size=SHAPE) for _ in range(30)):
        seen -= {t for t, factors in images.items() if any(ranking(c * x) != ranking(x) for c in factors)}
    return frozenset(seen)


def seen_zero_least(score: Score) -> bool:
    for x in tensors():
        x[:, ::3] = 0
        found = score.of(x)
        if (found[x == 0].max() > found).any():
            return False
    return True


def check_symmetries(score: Score) -> None:
    """With an image as close as that of rounding to nearest no zero outranks; of other images it may."""
    assert seen_traits(score) == score.traits
    if score.zero_is_least or not score.images:
        assert seen_zero_least(score) == score.zero_is_least
    assert all(score.of(x).min() >= score.least for x in tensors())


@pytest.mark.parametrize("name", SCORES)
def test_a_ranking_has_the_symmetries_that_it_declares(name: str) -> None:
    check_symmetries(SCORES[name])


def test_a_score_that_declares_nothing_is_credited_with_nothing() -> None:
    score = Shifted()
    assert (score.traits, score.zero_is_least, score.least) == (frozenset(), False, -np.inf)
    assert (seen_traits(score), seen_zero_least(score)) == ({DETERMINISTIC}, False)
    assert nm(2, 4, score=score).traits == {KEEPS_ZERO}


class Honest(Shifted):
    traits = frozenset({DETERMINISTIC})
    least = 0.0


class Odd(Honest):
    traits = frozenset({DETERMINISTIC, ODD})


class Homogeneous(Honest):
    traits = HOMOGENEOUS - {ODD}


class Chance(Honest):
    traits = frozenset()


class ZeroLeast(Honest):
    zero_is_least = True


class AboveHalf(Honest):
    least = 0.5


def test_a_score_that_declares_what_it_does_not_do_is_caught() -> None:
    check_symmetries(Honest())
    for score in (Odd(), Homogeneous(), Chance(), ZeroLeast(), AboveHalf()):
        with pytest.raises(AssertionError):
            check_symmetries(score)
