"""Scores against their definitions, in exact rationals where that is possible."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.gains import gain, gains, unit_norms
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.operators import IDENTITY
from sqtheory.alphabet.partition import Blocks, Rows, Tiles
from sqtheory.alphabet.quantizers import cast, int_
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scores import (
    Gain,
    Given,
    Partnered,
    Random,
    Score,
    Statistic,
    awaiting_wanda,
    check_norm,
    magnitude,
    partnered,
    spell_norm,
    wanda,
    wina,
)
from sqtheory.alphabet.scores import given as given_score
from sqtheory.alphabet.sparsifiers import nm, threshold
from sqtheory.alphabet.traits import DETERMINISTIC, DYADIC_EQUIVARIANT, ODD, SCALE_EQUIVARIANT
from sqtheory.arrays import FixedArray
from tests.operators import spelled_in_order
from tests.twins import masks as twin

REALS = st.floats(-1e30, 1e30, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-30)
NORMS = [0.5, 1, 1.5, 2, 3, np.inf]


@pytest.mark.parametrize("p", NORMS)
@given(x=REALS, y=REALS)
def test_gain_is_that_of_the_definition(p: float, x: float, y: float) -> None:
    got, exact = float(gain(np.array([x]), np.array([y]), p)[0]), twin.gain(x, y, p)
    if p in (1, np.inf):
        assert got == float(exact)
    elif p == 2:
        assert abs(Fraction(got) - exact) <= abs(exact) * Fraction(2) ** -51
    else:
        assert got == pytest.approx(float(exact), rel=1e-9, abs=1e-9 * max(abs(x), abs(x - y)) ** p)


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_entries_of_one_image_are_ranked_as_by_exact_arithmetic(p: float) -> None:
    """|x|^p − |x − y|^p in floating point would lose the last digits that decide here."""
    y = 2.0**-30
    x = np.array([1.0, 1 + 2.0**-52, 0.75, y, y / 2, y * 1.5, 0.0])
    exact = [twin.gain(v, y, p) for v in x]
    scores = gain(x, np.full_like(x, y), p)
    assert [[a > b for a in scores] for b in scores] == [[a > b for a in exact] for b in exact]


@pytest.mark.parametrize("p", NORMS)
def test_gain_is_zero_without_image_and_the_whole_entry_without_error(p: float) -> None:
    x = np.array([1.5, -2.0, 0.0, -0.0])
    assert gain(x, np.zeros(4), p).tolist() == [0, 0, 0, 0]
    whole = np.abs(x) if p == np.inf else np.abs(x) ** p
    assert np.allclose(gain(x, x, p), whole, rtol=1e-15, atol=0)


def test_gain_counts_a_wrong_sign_as_loss_and_stays_silent_beyond_the_range() -> None:
    assert gain(np.array([1.0, -1.0, 0.0]), np.array([-1.0, 3.0, 2.0]), 1).tolist() == [-1.0, -3.0, -2.0]
    assert gain(np.array([1.0, -1.0, 0.0]), np.array([-1.0, 3.0, 2.0]), np.inf).tolist() == [-2.0, -4.0, -2.0]
    assert gain(np.array([1e300]), np.array([1e300]), 2).tolist() == [np.inf]
    assert gain(np.array([1e300]), np.array([1e200]), 1).tolist() == [1e200]
    assert np.isnan(gain(np.array([1e300]), np.array([1e200]), 3)[0]), "∞ − ∞"
    for p in (1, 2, 3, np.inf):
        assert gain(np.array([1.0, -3.0, 1.5]), np.array([2.0, -6.0, 0.0]), p).tolist() == [0, 0, 0]
        assert not np.isfinite(gain(np.array([1.0]), np.array([np.inf]), p)[0])
        assert np.isnan(gain(np.array([1.0]), np.array([np.nan]), p)[0])


@pytest.mark.parametrize("p", [*NORMS, 40.0])
@pytest.mark.parametrize("scale", [2.0**-900, 2.0**-300, 1.0, 2.0**300, 2.0**900])
def test_gains_rank_alike_whatever_the_magnitude(p: float, scale: float) -> None:
    rng = np.random.default_rng(6)
    x, y = rng.integers(-16, 17, (2, 3, 8)) / 4
    for row, order in zip(gains(x * scale, y * scale, p, Rows()), gain(x, y, p), strict=True):
        assert np.isfinite(row).all()
        assert [[a > b for a in row] for b in row] == [[a > b for a in order] for b in order]
    if scale == 1 and p < 40:
        assert np.array_equal(gains(x, y, p, Rows()), gain(x, y, p))


@pytest.mark.parametrize("p", NORMS)
def test_the_unit_of_gains_is_that_of_negative_entries_too(p: float) -> None:
    x = np.array([[-3.0, -2.0, -2.5]]) * 2.0**900
    y = np.array([[-2.0, -2.5, 0.0]]) * 2.0**880  # far smaller, so that x sets the unit
    found, near = gains(x, y, p, Rows()), gain(x * 2.0**-900, y * 2.0**-900, p)
    assert np.isfinite(found).all() and np.array_equal(np.argsort(found), np.argsort(near))


@pytest.mark.parametrize("p", NORMS)
def test_gain_score_uses_the_scales_of_the_tensor(p: float) -> None:
    rng = np.random.default_rng(5)
    x, q = rng.normal(size=(3, 16)).astype(np.float32), int_(3, block=8)
    assert np.array_equal(Gain(q, p).of(x), gain(x, q(x), p))
    assert Gain(q, p).of(x).dtype == np.float64
    if p == 2:
        assert np.allclose(Gain(q, p).of(x), x.astype(float) ** 2 - (x.astype(float) - q(x)) ** 2, atol=1e-12)


def test_wanda_and_wina_multiply_by_the_norms_of_the_partner_columns() -> None:
    activations = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, 2.0], [0.0, 0.0, 2.0]])
    weight = np.array([[1.0, -2.0, 4.0], [-6.0, 5.0, 0.5]])
    assert wanda(activations).of(weight).tolist() == [[5.0, 0.0, 12.0], [30.0, 0.0, 1.5]]
    x = np.array([[2.0, -1.0, 0.0]])
    expected = np.abs(x) * np.sqrt((weight**2).sum(axis=0))
    assert np.allclose(wina(weight).of(x), expected, rtol=1e-15) and wina(weight).of(x[0]).shape == (3,)
    rng = np.random.default_rng(1)
    w, a = rng.normal(size=(5, 7)).astype(np.float32), rng.normal(size=(20, 7)).astype(np.float16)
    assert np.allclose(wanda(a).of(w), np.abs(w) * np.linalg.norm(a.astype(float), axis=0), rtol=1e-12)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (2, 2), (1, 0), (1, 0.5), (0.5, 2)])
def test_a_power_of_the_operand_times_one_of_the_partner(a: float, b: float) -> None:
    x, p = np.array([[3.0, -2.0, 0.0], [0.5, 1.0, 8.0]]), np.array([[3.0, 0.0, 1.0], [4.0, 0.0, 0.0]])
    score = partnered(p, a, b)
    expected = [[abs(v) ** a * n**b for v, n in zip(row, (5.0, 0.0, 1.0), strict=True)] for row in x]
    np.testing.assert_allclose(score.of(x), expected, rtol=1e-15)
    assert (score.linear(x.shape) is None) == (a != 1)
    spelled = f"threshold(1.0, score={score})"
    assert parse(spelled, {"p": p}) == threshold(1.0, score=score) and str(parse(spelled, {"p": p})) == spelled
    ranks = np.argsort(score.of(x), axis=None, kind="stable"), np.argsort(partnered(p, 1, b / a).of(x), axis=None)
    assert a * b == 0 or [score.of(x).flat[i] for i in ranks[0]] == [score.of(x).flat[i] for i in ranks[1]]


def test_no_power_of_the_partner_is_the_magnitude_and_ones_are_wanda() -> None:
    x, p = np.random.default_rng(3).standard_normal((4, 8)), np.random.default_rng(4).standard_normal((5, 8))
    assert np.array_equal(partnered(p, 1, 0).of(x), magnitude.of(x))
    assert (
        np.array_equal(partnered(p).of(x), wanda(p).of(x)) and str(partnered(p)) == f"partnered({FixedArray(p).name})"
    )


@pytest.mark.parametrize("powers", [(0, 1), (-1, 1), (1, -0.5), (math.inf, 1), (1, math.nan)])
def test_a_power_that_is_none_is_refused(powers: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="partnered needs finite powers a > 0 and b >= 0"):
        partnered(np.ones((1, 2)), *powers)


def test_partners_must_fit() -> None:
    with pytest.raises(ValueError, match=r"wanda has 3 input channels, the tensor of shape \(2, 4\) does not"):
        wanda(np.ones((5, 3))).of(np.ones((2, 4)))
    with pytest.raises(ValueError, match="wina needs a matrix whose columns are the input channels"):
        wina(np.ones(3))
    with pytest.raises(ValueError, match="other needs a matrix"):
        Partnered(FixedArray(np.ones(2)), "other")
    assert Partnered(FixedArray([[3.0, 4.0]]), "other").of(np.ones((1, 2))).tolist() == [[3.0, 4.0]]


def test_given_scores_are_used_as_they_are() -> None:
    scores = np.array([[1, 5, 2], [0, 3, -1]], np.int64)
    assert np.array_equal(given_score(scores).of(np.zeros((2, 3))), scores)
    assert np.array_equal(given_score(scores[0]).of(np.zeros((4, 3))), np.broadcast_to(scores[0], (4, 3)))
    assert given_score(scores) == Given(FixedArray(scores.copy())) != given_score(scores + 1)
    with pytest.raises(ValueError, match=r"an array of shape \(2, 3\) does not fit a tensor of shape \(3,\)"):
        given_score(scores).of(np.zeros(3))


def test_random_scores_are_uniform_and_repeat_with_their_generator() -> None:
    x = np.zeros((40, 50))
    first, again = (Random(np.random.default_rng(3)).of(x) for _ in range(2))
    assert np.array_equal(first, again) and first.shape == x.shape
    assert 0 <= first.min() and first.max() < 1 and abs(first.mean() - 0.5) < 0.03
    score = Random(np.random.default_rng(3))
    assert not np.array_equal(score.of(x), score.of(x))
    copy = pickle.loads(pickle.dumps(score))
    assert np.array_equal(copy.of(x), score.of(x))
    with pytest.raises(TypeError, match=r"a random score needs a numpy\.random\.Generator, got int"):
        Random(3)


@pytest.mark.parametrize(
    ("score", "traits"),
    [
        (magnitude, {ODD, DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT, DETERMINISTIC}),
        (wanda(np.ones((2, 4))), {ODD, DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT, DETERMINISTIC}),
        (Gain(int_(4)), {ODD, DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT, DETERMINISTIC}),
        (Gain(cast(E4M3)), {ODD, DETERMINISTIC}),
        (Gain(int_(4, rounding=stochastic(np.random.default_rng()))), set()),
        (Random(np.random.default_rng()), set()),
    ],
    ids=spelled_in_order,
)
def test_scores_hand_on_what_holds(score: Score, traits: set[object]) -> None:
    assert score.traits == traits
    x = np.random.default_rng(2).normal(size=(3, 4))
    if ODD in traits:
        assert np.array_equal(score.of(-x), score.of(x))
    if DYADIC_EQUIVARIANT in traits:
        assert np.array_equal(np.argsort(score.of(4 * x), axis=None), np.argsort(score.of(x), axis=None))
    if DETERMINISTIC in traits:
        assert np.array_equal(score.of(x), score.of(x))


def test_zero_is_least_where_a_score_says_so() -> None:
    x = np.array([0.0, 3.0, -0.1, -0.0])
    for score in (magnitude, wanda(np.ones((1, 4)))):
        assert score.zero_is_least and (score.of(x)[x == 0] == score.of(x).min()).all()
    negative = Gain(cast(E4M3))
    assert not negative.zero_is_least and negative.of(np.array([0.0, 2000.0]))[1] > 0
    assert negative.of(np.array([2.0**-10 * 1.01]))[0] > 0 == negative.of(np.array([2.0**-11]))[0]
    assert Gain(int_(2, block=2), 0.5).of(np.array([0.51, 1.0]))[0] < 0.2
    assert not given_score(np.ones(4)).zero_is_least and not Random(np.random.default_rng()).zero_is_least


@pytest.mark.parametrize("p", [0, -1, float("nan"), -np.inf])
def test_norms_are_positive(p: float) -> None:
    with pytest.raises(ValueError, match=r"a p-norm needs p in \(0, inf\]"):
        check_norm(p)
    with pytest.raises(ValueError, match="p-norm"):
        Gain(int_(4), p)


def test_gain_needs_an_operator() -> None:
    assert Gain(IDENTITY).of(np.array([3.0])).tolist() == [9.0]
    with pytest.raises(TypeError, match="gain needs a quantizer, got 4"):
        Gain(4)


@pytest.mark.parametrize("p", [1, 2, 1.5, np.inf, 1e-5, 1.23456789, np.float64(1.23456789), 1e300])
def test_norms_are_spelled_to_be_read_back(p: float) -> None:
    assert float(spell_norm(p)) == p
    assert (spell_norm(2.0), spell_norm(np.inf), spell_norm(1.5)) == ("2", "inf", "1.5")


def test_scores_are_spelled() -> None:
    x = np.ones((2, 4))
    name = FixedArray(x).name
    assert [str(s) for s in (magnitude, Gain(int_(4)), Gain(int_(4), np.inf), wanda(x), wina(x), given_score(x))] == [
        "magnitude",
        "gain(int(4), 2)",
        "gain(int(4), inf)",
        f"wanda({name})",
        f"wina({name})",
        f"given({name})",
    ]
    assert str(Random(np.random.default_rng())) == "random(rng)"


@pytest.mark.parametrize("p", [0.5, 1, 2, 3, np.inf])
@pytest.mark.parametrize("scale", [1.0, 2.0**-600, 2.0**600])
def test_unit_norms_rank_like_norms_whatever_the_magnitude(p: float, scale: float) -> None:
    """Integers below 8: the p-th powers of norms are exact for whole p, and so must the ties be."""
    sizes = np.random.default_rng(9).integers(0, 8, (6, 10)).astype(np.float64)
    for unit, label in ((Tiles(2, 3), twin.tiles(2, 3)), (Blocks(4), twin.blocks(4, -1))):
        boxes = twin.boxes(sizes.shape, label)
        exact = [twin.total([Fraction(sizes[i]) for i in box], p) for box in boxes.values()]
        got = unit_norms(unit, sizes * scale, p).reshape(-1)
        if p in (0.5,):
            assert np.argsort(got).tolist() == np.argsort(np.array(exact, float)).tolist()
        else:
            assert [[a > b for a in got] for b in got] == [[a > b for a in exact] for b in exact]


@pytest.mark.parametrize("p", [1 / 3, math.pi, 1e6 + 0.25])
def test_a_norm_that_six_digits_do_not_tell_is_written_in_full(p: float) -> None:
    assert float(spell_norm(p)) == p and float(f"{p:g}") != p


@pytest.mark.parametrize("unit", [2.0**-1060, 1e-165, 1.0, 1e200, 2.0**1018])
def test_norms_of_any_magnitude_rank_alike(unit: float) -> None:
    norms, x = np.array([1.0, 2, 3, 4]), np.ones((1, 4))
    assert nm(2, 4, score=awaiting_wanda.told(norms * unit))(x).tolist() == [[0, 0, 1, 1]]
    rows = np.array([[3.0, 5, 8, 7], [4, 12, 15, 24]])
    units = np.array([unit, 1.0, 1.0, unit])
    assert np.allclose(wanda(rows * units).of(x), np.array([5, 13, 17, 25]) * units, rtol=1e-12, atol=0)


def test_norms_in_a_unit_are_those_without_one_bit_for_bit() -> None:
    rng, x = np.random.default_rng(5), np.ones((1, 7))
    for samples in (0, 1, 2, 9, 300):
        p = rng.normal(size=(samples, 7)) * 2.0 ** rng.integers(-60, 60, (samples, 7))
        p[:, 0] = 0
        for kind in (np.float64, np.float32):
            a = p.astype(kind)
            assert np.array_equal(wanda(a).of(x)[0], np.linalg.norm(a.astype(np.float64), axis=0))


def test_wanda_without_activations_awaits_the_norms_of_the_inputs() -> None:
    x, norms = np.array([[1.0, -3.0, 2.0, 0.5]]), np.array([4.0, 0.5, 1.0, 2.0])
    awaiting = awaiting_wanda
    assert str(awaiting) == "wanda" and awaiting.awaits is Statistic.norms
    assert parse("nm(2, 4, score=wanda)") == nm(2, 4, score=awaiting) != nm(2, 4, score=wanda(x))
    assert awaiting.traits == wanda(np.ones((1, 4))).traits and awaiting.zero_is_least
    with pytest.raises(ValueError, match="wanda ranks by ‖X_j‖₂ of every input j of the tensor, of which nothing is"):
        awaiting.of(x)
    told = awaiting.told(norms)
    assert told.awaits is None and told == wanda(norms[None, :]) and told.told(2 * norms) is told
    assert told.of(x).tolist() == [[4.0, 1.5, 2.0, 1.0]]
    for score in (magnitude, Gain(int_(4)), wina(np.ones((2, 4)))):
        assert score.awaits is None and score.told(norms) is score
