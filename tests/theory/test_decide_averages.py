"""Claims on norms under unbiased rounding are decided on average: exact witnesses, proofs, what is said of chance."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.rationals import rationals
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scaling import Frozen
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.ties import by_original
from sqtheory.arrays import FixedArray
from sqtheory.theory.decide import Decision, Effort, decide
from sqtheory.theory.decide.averages import AgainstQuantizeFirst, throw
from sqtheory.theory.decide.draws import Draw
from sqtheory.theory.expectations.coins import expected_prune_first, expected_quantize_first, expected_rounding
from tests.theory.expectations.test_coins import listed

RNG = np.random.default_rng(0)
UNIT = int_(4, scaling=Frozen(FixedArray(1.0)), rounding=stochastic(RNG))


def decided(claim: str, mask: str, fmt: str, p: float, shape: tuple[int, ...] = (8,)) -> Decision:
    rng = np.random.default_rng(0)
    s, q = parse(mask, {"rng": rng}), parse(fmt, {"rng": rng})
    assert isinstance(s, Sparsifier) and isinstance(q, Quantizer)
    return decide(claim, s, q, p=p, shape=shape, rng=rng, effort=Effort(seconds=5, instances=5_000, examples=0))


@pytest.mark.parametrize("p", [1, 2, 3])
def test_in_fractions_as_every_outcome_listed(p: int) -> None:
    rng = np.random.default_rng(p)
    for n, m in ((1, 2), (2, 4), (2, 3)):
        row = rng.integers(-28 * 8, 28 * 8, m) / 32
        thrown = throw(nm(n, m, ties=by_original), UNIT, rationals(row), p)
        assert (thrown.prune_first, thrown.quantize_first) == listed([Fraction(v) for v in row], n, p)


@pytest.mark.parametrize("fmt", ["int(3, block=4", "mxfp(e2m1", "nvfp4(block=8", "hbfp(4, block=2"])
def test_in_fractions_as_in_floats(fmt: str) -> None:
    """Scales of powers of two and others, and the mean images that a reader is shown."""
    q = parse(f"{fmt}, rounding=stochastic(rng))", {"rng": RNG})
    assert isinstance(q, Quantizer)
    s, x = nm(2, 4), np.random.default_rng(3).integers(-64, 64, 8) / 16
    thrown = throw(s, q, rationals(x), 2)
    found = [float(v) for v in (thrown.quantize, thrown.prune_first, thrown.quantize_first)]
    wanted = [expected_rounding(x, x, q, 2), *(f(x, s, q, 2) for f in (expected_prune_first, expected_quantize_first))]
    assert found == pytest.approx([v.sum() for v in wanted], rel=1e-5)
    assert thrown.shown.x == tuple(map(Fraction, x.tolist()))


@pytest.mark.parametrize("mask", ["2:4", "nm(1, 2, ties=by_original)"])
@pytest.mark.parametrize("p", [1, 2])
def test_unbiased_rounding_refutes_the_order_on_average(mask: str, p: int) -> None:
    found = decided("sq_never_worse", mask, "int(4, rounding=stochastic(rng))", p)
    assert (found.verdict, found.chance) == ("refuted", "expectation")
    assert found.witness is not None and found.witness.arithmetic == "rational"
    assert found.statement.startswith("E‖x − q(s(x))‖_p^p ≤ E‖x − s(q(x))‖_p^p over the coins")
    assert "asked of the mean over all draws" in found.text() and "means" in found.witness.draw
    assert found.to_dict()["chance"] == "expectation"
    assert found.witness.prune_first == found.witness.sparse and found.witness.image == found.witness.x
    one = throw(*operators(mask), rationals(np.array([float(v) for v in found.witness.x])), p)
    assert one.prune_first > one.quantize_first


def operators(mask: str) -> tuple[Sparsifier, Quantizer]:
    s = parse(mask)
    assert isinstance(s, Sparsifier)
    return s, int_(4, rounding=stochastic(RNG))


def test_the_sum_of_both_errors_bounds_the_mean() -> None:
    found = decided("no_additional_error", "2:4", "int(4, rounding=stochastic(rng))", 2)
    assert (found.verdict, found.theorem, found.chance) == ("proved", "stochastic_rounding", "expectation")
    found = decided("no_additional_error", "2:4", "bcq(3, rounding=stochastic(rng))", 2)
    assert found.verdict == "refuted" and found.witness is not None and "‖x − s(x)‖_2^2 + E‖" in found.witness.sentence


def test_one_mask_throws_the_same_coins() -> None:
    for mask in ("nm(4, 4)", "fixed(kept)"):
        kept = FixedArray(np.array([True, False] * 4))
        s = parse(mask, {"kept": kept})
        assert isinstance(s, Sparsifier)
        q = int_(4, block=1, rounding=stochastic(RNG))
        found = decide("sq_never_worse", s, q, p=2, shape=(8,), rng=np.random.default_rng(0))
        assert (found.verdict, found.theorem, found.chance) == ("proved", None, "expectation")


@pytest.mark.parametrize(
    ("claim", "mask", "fmt", "p", "chance"),
    [
        ("sq_never_worse", "2:4", "int4", 2, "none"),
        ("sq_never_worse", "2:4", "int(4, rounding=stochastic(rng))", np.inf, "every draw"),
        ("sq_never_worse", "2:4", "int(4, rounding=stochastic(rng))", 1.5, "every draw"),
        ("sq_never_worse", "nm(2, 4, score=random(rng))", "int4", 2, "every draw"),
        ("scale_kept", "2:4", "int(4, rounding=stochastic(rng))", 2, "every draw"),
    ],
)
def test_it_is_said_for_which_draws_a_claim_is_asked(claim: str, mask: str, fmt: str, p: float, chance: str) -> None:
    found = decided(claim, mask, fmt, p)
    assert found.chance == found.to_dict()["chance"] == chance
    assert ("asked of every draw" in found.text()) == (chance == "every draw")


def test_groups_of_too_many_coins_stay_open() -> None:
    found = decided("sq_never_worse", "nm(8, 16)", "int(4, rounding=stochastic(rng))", 2, (16,))
    assert found.verdict == "open" and "at most 10 coins of a group are tried" in found.text()


def test_a_tensor_on_which_the_order_holds_is_no_witness() -> None:
    q, s = int_(4, rounding=stochastic(RNG)), nm(1, 2)
    draw, against = Draw(s, s, q, q), AgainstQuantizeFirst()
    for row, fails in (((7, 0.875, 0.875, 0), False), ((0.875, 0.875, 7, 0), True)):
        x = np.array(row)
        assert (against.excess(draw, x[None], 2, (4,)) > 0).all() == fails
        assert (against.certify(draw, x, 2, (4,)) is not None) == fails
