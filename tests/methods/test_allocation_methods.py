"""ERK and water-filling share one budget of a checkpoint exactly, from shapes alone."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.allocation.densities import erdos_renyi_kernel
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import hbfp, int_
from sqtheory.alphabet.scores import Random
from sqtheory.alphabet.sparsifiers import IndexedSparsifier, Sparsifier, nm, sap, threshold, top
from sqtheory.alphabet.sparsity_index import pq_index
from sqtheory.methods import find
from sqtheory.methods.evidence import OnWeight
from sqtheory.methods.method import Facts
from sqtheory.orders.pair import Pair

SHAPES = {"narrow": (16, 8), "conv": (8, 4, 3, 3), "wide": (64, 96), "bias": (8,)}
MATRICES = {name: shape for name, shape in SHAPES.items() if len(shape) > 1}


def built(method: str, s: Sparsifier, bits: int = 4) -> dict[str, Pair]:
    return {name: find(method).build(s, int_(bits), Facts(name, {}, SHAPES)) for name in MATRICES}


@pytest.mark.parametrize("method", ["erk", "erk:er", "erk:uniform"])
@pytest.mark.parametrize(("s", "share"), [(top(0.25), 4), (nm(2, 4, axis=0), 2)])
def test_the_budget_of_the_mask_is_met_exactly(method: str, s: Sparsifier, share: int) -> None:
    total = sum(math.prod(shape) for shape in MATRICES.values())
    kept = {name: pair.s.budget(math.prod(SHAPES[name])) for name, pair in built(method, s).items()}
    assert sum(kept.values()) == total // share
    assert all(
        pair.s.mask(np.random.default_rng(0).random(SHAPES[name])).sum() == kept[name]
        for name, pair in built(method, s).items()
    )


def test_erk_keeps_what_its_densities_say_and_wider_layers_less() -> None:
    found = built("erk", top(0.25))
    wanted = erdos_renyi_kernel(list(MATRICES.values()), Fraction(1, 4))
    assert [pair.s.budget(10**6) for pair in found.values()] == list(wanted.kept)
    shares = [Fraction(k, math.prod(s)) for k, s in zip(wanted.kept, MATRICES.values(), strict=True)]
    assert shares[0] == 1 and shares[2] < shares[1]
    rng = np.random.default_rng(3)
    score = Random(rng)
    assert built("erk", top(0.25, score=score))["wide"].s.score is score


def test_water_filling_gives_bits_to_narrow_layers_and_keeps_to_the_budget() -> None:
    found = {name: pair.q.format.bits for name, pair in built("waterfill", nm(2, 4), 4).items()}
    spent = sum(bits * math.prod(SHAPES[name]) for name, bits in found.items())
    assert found["narrow"] > found["wide"] and found["conv"] > found["wide"]
    assert spent <= 4 * sum(math.prod(shape) for shape in MATRICES.values())
    assert built("waterfill", nm(2, 4), 8)["wide"].q == int_(8)


def test_what_rounding_does_to_the_index_of_saps_two_weights() -> None:
    """Both indices rise; of the first more stays all the same, since its smallest entries are tied."""
    for one, more in zip(find("sap").evidence, (True, False), strict=True):
        assert isinstance(one, OnWeight)
        w, s = one.weight.values, one.pair.s
        image = one.pair.q(w)
        assert isinstance(s, IndexedSparsifier)
        before, after = (float(pq_index(x.reshape(1, -1), s.p, s.q)[0]) for x in (w, image))
        assert after > before and (int(s.mask(image).sum()) > int(s.mask(w).sum())) == more


def test_sap_takes_the_index_of_rows_or_of_the_tensor() -> None:
    nothing = Facts("w", {}, {})
    rows, whole = (find("sap").build(s, int_(4), nothing) for s in (top(0.5, per=Rows()), nm(2, 4)))
    assert (rows.s, whole.s) == (sap(0.5, 1, per=Rows()), sap(0.5, 1)) and rows.q == int_(4)
    assert find("sap:1-2").build(nm(2, 4), int_(4), nothing).s == sap(1, 2)


@pytest.mark.parametrize(
    ("method", "name", "s", "q", "message"),
    [
        ("erk", "bias", top(0.5), int_(4), "'bias' is none of them"),
        ("erk", "wide", threshold(0.5), int_(4), "keeps no fixed number of entries"),
        ("erk", "narrow", top(1), int_(4), "of 3 entries to keep erk gives 'narrow' none"),
        ("waterfill", "bias", top(0.5), int_(4), "'bias' is none of them"),
        ("waterfill", "wide", top(0.5), hbfp(16), "integer formats of 2 to 8 bits"),
        ("shiftaddllm:lat", "other", top(0.5), int_(4), "its shape is not known"),
        ("srste:transposable", "wide", top(0.5), int_(4), "is for n:m masks"),
    ],
)
def test_what_cannot_be_shared_is_refused(method: str, name: str, s: Sparsifier, q: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find(method).build(s, q, Facts(name, {}, SHAPES))  # type: ignore[arg-type]
