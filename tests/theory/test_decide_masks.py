"""What is decided of masks as tools make them: by which choice among equals, in how many digits."""

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.theory.decide import Effort, decide


@pytest.mark.parametrize(
    ("mask", "verdict"),
    [
        ("nm(2, 4, ties=introselect(prune))", "proved"),
        ("nm(2, 4, ties=introselect(keep), tail=prune)", "proved"),
        ("nm(2, 4, ties=all_survive)", "refuted"),
        ("patterns(2, 4)", "refuted"),
        ("nm(2, 4, score=power(2, bfloat16))", "refuted"),
        ("nm(2, 4, score=magnitude(float32))", "refuted"),
    ],
)
def test_whether_pruning_first_is_never_worse(mask: str, verdict: str) -> None:
    """A witness is checked in rational arithmetic, sums and scores rounded as the mask rounds them."""
    s, q = parse_as(Sparsifier, "mask", mask), parse_as(Quantizer, "quantizer", "mxfp4")
    found = decide("sq_never_worse", s, q, shape=(32,), rng=np.random.default_rng(0))
    assert found.verdict == verdict
    assert verdict == "proved" or (found.witness is not None and found.witness.arithmetic == "rational")


def test_numbers_that_differ_are_told_apart() -> None:
    s, q = parse_as(Sparsifier, "mask", "patterns(2, 4)"), parse_as(Quantizer, "quantizer", "int4:b32")
    first = [(14, 9, 9 + 2.0**-21)]
    found = decide("sq_never_worse", s, q, rng=np.random.default_rng(0), first=first)
    assert found.witness is not None
    left, right = found.witness.sentence.split(" > ")
    assert float(left.split(" = ")[1].rstrip("…")) > float(right.split(" = ")[0].rstrip("…"))


def test_groups_that_keep_nothing_are_decided() -> None:
    """No cut falls among the entries of such a group."""
    q = parse_as(Quantizer, "quantizer", "int(4, block=8)")
    few = parse_as(Sparsifier, "mask", "top(0.1, block=7, count=one_more)")
    found = decide("scale_kept", few, q, shape=(14,), rng=np.random.default_rng(0), effort=Effort(seconds=1.0))
    assert found.verdict != "proved"


@pytest.mark.parametrize("p", [1, 2, 3.5, np.inf])
@pytest.mark.parametrize("fmt", ["int4", "int(4, block=2)", "int(3, block=4, rounding=floor)"])
def test_masks_by_gain_keep_scales_and_are_never_worse_first(fmt: str, p: float) -> None:
    """Of the format's own gain in the p of the norm, over several scales of a group too."""
    s = parse_as(Sparsifier, "mask", f"nm(2, 4, score=gain({fmt}, {p}))")
    q = parse_as(Quantizer, "quantizer", fmt)
    claims = ("sq_never_worse", "scale_kept", "no_additional_error")
    found = [decide(claim, s, q, p=p, rng=np.random.default_rng(0)) for claim in claims]
    assert [f.theorem for f in found] == ["gain_dominates", "score_keeps_scale", "prune_first_bound"]
    assert all(f.verdict == "proved" and f.effort.instances == 0 for f in found)


@pytest.mark.parametrize(
    ("mask", "fmt", "p"),
    [
        ("nm(1, 2, score=gain(hbfp4, 1))", "hbfp4", 1),
        ("nm(2, 4, score=gain(int3, 2))", "int4", 2),
        ("nm(2, 4, score=gain(int4, 1))", "int4", 2),
        ("nm(2, 4, score=gain(int(4, block=6), 2))", "int(4, block=6)", 2),
    ],
)
def test_masks_by_other_gains_are_not_proved(mask: str, fmt: str, p: float) -> None:
    """Gains that tie below the maximum, of another format, in another norm, over blocks that groups straddle."""
    s, q = parse_as(Sparsifier, "mask", mask), parse_as(Quantizer, "quantizer", fmt)
    brief = Effort(seconds=600, instances=300, examples=0, smt_entries=0)
    found = decide("sq_never_worse", s, q, p=p, shape=(12,), rng=np.random.default_rng(0), effort=brief)
    assert found.verdict != "proved"


@pytest.mark.parametrize("mask", ["2:4", "1:4", "50%"])
@pytest.mark.parametrize("fmt", ["hbfp(4, block=1)", "mxfp(e2m1, block=1)", "mxint(4, block=1)", "nvfp4(block=1)"])
def test_entries_that_are_blocks_of_their_own_have_one_map(fmt: str, mask: str) -> None:
    """Though a group has several scales: plain floating point."""
    s, q = parse_as(Sparsifier, "mask", mask), parse_as(Quantizer, "quantizer", fmt)
    found = decide("sq_never_worse", s, q, rng=np.random.default_rng(0))
    assert (found.verdict, found.theorem) == ("proved", "nearly_monotone_dominates")
    by_original = s.with_ties(parse_as(Sparsifier, "mask", "nm(2, 4, ties=by_original)").ties)
    commute = decide("orders_commute", by_original, q, rng=np.random.default_rng(0))
    assert (commute.verdict, commute.theorem) == ("proved", "frozen_commutation")
