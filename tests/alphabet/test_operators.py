"""Composition, calling, and operators as values."""

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.operators import IDENTITY, Chain, Identity, Operator, chained, parts_of
from sqtheory.alphabet.quantizers import cast, hbfp, int_, mxfp, nf4
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scores import Random
from sqtheory.alphabet.sparsifiers import fixed, nm, threshold, top
from sqtheory.alphabet.ties import RandomTies
from sqtheory.alphabet.traits import DETERMINISTIC, IDEMPOTENT, KEEPS_ZERO, MAX_DETERMINED, MONOTONE, ODD, TRAITS, Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused
from tests.operators import operators
from tests.show.page.material import Page

LINKS = [nm(2, 4), top(0.5), int_(4), hbfp(4, block=4), nf4(), threshold(0.5), cast(E4M3), IDENTITY]
X = np.random.default_rng(0).normal(size=(4, 8))
sequences = st.lists(st.sampled_from(LINKS), max_size=6)


def folded(links: list[Operator]) -> Operator:
    op: Operator = IDENTITY
    for link in links:
        op = op >> link
    return op


@given(sequences)
def test_a_chain_applies_its_links_in_the_order_of_the_arrow(links: list[Operator]) -> None:
    y = X
    for link in links:
        y = link(y)
    assert np.array_equal(folded(links)(X), y)


@given(sequences, sequences, sequences)
def test_composition_is_associative_flat_and_has_a_unit(
    first: list[Operator], second: list[Operator], third: list[Operator]
) -> None:
    f, g, h = folded(first), folded(second), folded(third)
    assert (f >> g) >> h == f >> (g >> h) == chained([f, g, h]) == folded([*first, *second, *third])
    assert IDENTITY >> f == f == f >> IDENTITY == f >> Identity()
    real = [link for link in [*first, *second] if link != IDENTITY]
    assert list(parts_of(f >> g)) == real
    if len(real) > 1:
        assert f >> g == Chain(tuple(real)) and hash(f >> g) == hash(Chain(tuple(real)))
        assert str(f >> g) == " >> ".join(map(str, real))
    else:
        assert f >> g == (real[0] if real else IDENTITY)


def test_chains_are_equal_when_their_links_are() -> None:
    assert nm(2, 4) >> int_(4) == nm(2, 4) >> int_(4) != int_(4) >> nm(2, 4)
    assert nm(2, 4) >> int_(4) != nm(2, 4) and len({nm(2, 4) >> int_(4), nm(2, 4) >> int_(4), int_(4)}) == 2
    assert parts_of(IDENTITY) == () and parts_of(nm(2, 4)) == (nm(2, 4),)
    assert Identity() == IDENTITY and chained([]) == IDENTITY


@pytest.mark.parametrize(
    "parts",
    [(), (nm(2, 4),), (nm(2, 4), IDENTITY), (nm(2, 4), nm(2, 4) >> int_(4)), (nm(2, 4), 3), ("2:4", "int4")],
)
def test_only_flat_chains_can_be_built(parts: Any) -> None:
    with pytest.raises(
        ValueError, match="a chain needs two or more operators that are neither chains nor the identity"
    ):
        Chain(parts)


def test_only_operators_compose() -> None:
    for other in (3, "int4", None, np.abs):
        with pytest.raises(TypeError, match=">>"):
            nm(2, 4) >> other
        with pytest.raises(TypeError, match=">>"):
            other >> nm(2, 4)


@pytest.mark.parametrize("op", [*LINKS, nm(2, 4) >> int_(4), fixed(X > 0)], ids=str)
def test_the_result_is_new_and_the_input_is_left_alone(op: Operator) -> None:
    for dtype in (np.float32, np.float64):
        x = X.astype(dtype)
        before = x.copy()
        y = op(x)
        assert y.dtype == dtype and y.shape == x.shape and y.flags.writeable and not np.may_share_memory(x, y)
        y[...] = 7
        assert np.array_equal(x, before)
        x.flags.writeable = False
        assert np.array_equal(op(x), op(before))


@pytest.mark.parametrize("op", [*LINKS, nm(2, 4) >> int_(4)], ids=str)
def test_out_takes_the_result_and_may_be_the_input(op: Operator) -> None:
    expected = op(X)
    out = np.full_like(X, 9)
    assert op(X, out=out) is out and np.array_equal(out, expected)
    x = X.copy()
    assert op(x, out=x) is x and np.array_equal(x, expected)
    strided = np.zeros((4, 16))[:, ::2]
    assert np.array_equal(op(X, out=strided), expected) and np.array_equal(strided, expected)
    for wrong in (np.empty((4, 7)), np.empty((4, 8), np.float32), np.empty(8)):
        with pytest.raises(ValueError) as caught:
            op(X, out=wrong)
        assert str(caught.value) == f"out needs float64 (4, 8), got {wrong.dtype} {wrong.shape}"


def test_lists_and_numbers_are_tensors() -> None:
    assert IDENTITY([1, 2]).tolist() == [1.0, 2.0] and IDENTITY([1, 2]).dtype == np.float64
    assert int_(4)([7, 3.2, -1]).tolist() == [7.0, 3.0, -1.0]
    assert nm(1, 2)([[1, 2], [4, 3]]).tolist() == [[0, 2], [4, 0]]
    assert (nm(1, 2) >> int_(2))([5, 1]).tolist() == [5, 0] and cast(E4M3)([1000]).tolist() == [448]
    assert IDENTITY(X.astype(np.float16)).dtype == np.float32 and IDENTITY(3.5).shape == ()
    with pytest.raises(TypeError, match="got dtype <U1"):
        IDENTITY(["a"])


def test_the_links_of_a_chain_see_where_it_started() -> None:
    seen: list[Array] = []

    class Watch(Operator):
        traits = frozenset[Trait]()

        def apply(self, x: Array, origin: Array) -> Array:
            seen.append(origin)
            return x + 1

        def __str__(self) -> str:
            return "watch"

    x = np.array([1.0, 2.0])
    assert (Watch() >> Watch() >> Watch())(x).tolist() == [4.0, 5.0]
    assert len(seen) == 3 and all(origin is x for origin in seen)


@given(operators)
def test_operators_survive_pickling_and_are_hashable(op: Operator) -> None:
    again = pickle.loads(pickle.dumps(op))
    assert again == op and hash(again) == hash(op) and str(again) == str(op) and len({again, op}) == 1


@given(operators)
def test_a_pickled_operator_does_what_the_first_did(op: Operator) -> None:
    try:
        y = op(X[:, :4])
    except (ValueError, InputRefused):
        return
    assert np.array_equal(pickle.loads(pickle.dumps(op))(X[:, :4]), y, equal_nan=True)


@pytest.mark.parametrize(
    "op",
    [
        nm(2, 4, score=Random(np.random.default_rng(1))),
        nm(2, 4, ties=RandomTies(np.random.default_rng(1))),
        int_(4, rounding=stochastic(np.random.default_rng(1))),
        int_(2, rounding=stochastic(np.random.default_rng(1))) >> nm(2, 4, score=Random(np.random.default_rng(2))),
    ],
    ids=str,
)
def test_a_pickled_generator_continues_where_it_was(op: Operator) -> None:
    x = np.round(X, 1)
    op(x)
    again = pickle.loads(pickle.dumps(op))
    assert str(again) == str(op)
    for _ in range(3):
        assert np.array_equal(again(x), op(x))


@given(operators)
def test_repr_shows_every_policy(op: Operator) -> None:
    def assert_shown(value: Any, text: str) -> None:
        if dataclasses.is_dataclass(value):
            assert text.startswith(type(value).__name__ + "(")
            for field in dataclasses.fields(value):
                assert f"{field.name}={getattr(value, field.name)!r}" in text
                assert_shown(getattr(value, field.name), repr(getattr(value, field.name)))

    assert_shown(op, repr(op))


@given(operators)
def test_operators_cannot_be_changed(op: Operator) -> None:
    values: list[Any] = [op]
    for value in values:
        for field in dataclasses.fields(value):
            values += [part for part in [getattr(value, field.name)] if dataclasses.is_dataclass(part)]
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(value, field.name, None)


def test_a_chain_keeps_the_traits_that_all_its_links_have_and_that_survive() -> None:
    survive = frozenset(t for t in TRAITS if t.survives)
    assert IDENTITY.traits == frozenset(TRAITS) and survive == frozenset(TRAITS) - {IDEMPOTENT, MAX_DETERMINED}
    assert {ODD, KEEPS_ZERO, DETERMINISTIC} <= (nm(2, 4) >> int_(4)).traits
    for f, g in ((nm(2, 4), int_(4)), (mxfp(E4M3), int_(8)), (threshold(1), cast(E4M3)), (int_(4), top(0.5))):
        assert (f >> g).traits == f.traits & g.traits & survive
    assert MONOTONE in (int_(4) >> threshold(1.0)).traits and MONOTONE not in (int_(4) >> nm(2, 4)).traits
    random = nm(2, 4, score=Random(np.random.default_rng()))
    assert (int_(4) >> random).traits == {KEEPS_ZERO}


@pytest.mark.parametrize("op", [*LINKS, nm(2, 4) >> int_(4)], ids=str)
def test_out_that_overlaps_the_input_takes_the_result_of_what_the_input_was(op: Operator) -> None:
    x = np.random.default_rng(5).normal(size=(2048, 128))
    expected = op(x)
    for first in (0, 1):  # before the input, and after it
        buffer = np.empty((2049, 128))
        given, out = buffer[1 - first :][:2048], buffer[first:][:2048]
        given[...] = x
        assert op(given, out=out) is out and np.array_equal(out, expected)


def test_into_returns_what_it_fills() -> None:
    for op in (*LINKS, nm(2, 4) >> int_(4), IDENTITY, fixed(X > 0)):
        out = np.empty_like(X)
        assert op.into(out, X, X) is out


@pytest.mark.parametrize("written", ["2:4 >> int4", "nf4", "identity()", "top(0.5, per=row)"])
def test_an_operator_shows_its_spelling_and_its_traits(written: str) -> None:
    op = parse(written)
    page = Page(op._repr_html_())
    cells = page.texts["td"]
    assert page.texts["caption"] == [str(op)] and op._repr_latex_().isascii()
    assert cells[::3] == [str(t) for t in TRAITS]
    assert {name for name, has in zip(cells[::3], cells[1::3], strict=True) if has == "yes"} == {
        str(t) for t in op.traits
    }
