"""The three products of a layer, against sums of integers block by block."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.operators import IDENTITY
from sqtheory.alphabet.quantizers import hbfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.models.studies.hbfp.arithmetic import Arithmetic, Conversion
from sqtheory.orders.applied import Order

B = 4
RNG = np.random.default_rng(0)
X, W, G = RNG.standard_normal((6, 10)), RNG.standard_normal((8, 10)), RNG.standard_normal((6, 8))


def block_float(values: list[float], bits: int) -> tuple[list[int], int]:
    """Integers of a block and the exponent of one unit, by the definition: E = ⌈log₂ max⌉, f = bits − 1 digits."""
    most = max(abs(Fraction(v)) for v in values)
    exponent = 0
    if most:
        while Fraction(2) ** exponent < most:
            exponent += 1
        while Fraction(2) ** (exponent - 1) >= most:
            exponent -= 1
    unit = Fraction(2) ** (exponent - bits + 1)
    end = 2 ** (bits - 1) - 1
    return [max(-end, min(end, round(Fraction(v) / unit))) for v in values], exponent - bits + 1


def product(a: Array, b: Array, bits: int) -> Array:
    """a bᵀ, every block of either a row of integers under an exponent, every sum in a block one of integers."""
    out = np.zeros((len(a), len(b)))
    for i, row in enumerate(a.tolist()):
        for j, other in enumerate(b.tolist()):
            total = Fraction(0)
            for start in range(0, len(row), B):
                (m, e), (n, f) = (block_float(side[start : start + B], bits) for side in (row, other))
                total += sum(p * q for p, q in zip(m, n, strict=True)) * Fraction(2) ** (e + f)
            out[i, j] = float(total)
    return out


@pytest.mark.parametrize("bits", [2, 4, 6, 8])
def test_every_product_is_one_of_integers_along_what_it_sums_over(bits: int) -> None:
    """Exactly: in float64 no sum of so few such numbers rounds, so no order of summation matters."""
    arithmetic = Arithmetic(hbfp(bits, block=B))
    operand = arithmetic.operand(W)
    np.testing.assert_array_equal(arithmetic.output(X, operand), product(X, W, bits))
    np.testing.assert_array_equal(arithmetic.input_gradient(G, operand), product(G, W.T, bits))
    np.testing.assert_array_equal(arithmetic.weight_gradient(G, X), product(G.T, X.T, bits))


def test_blocks_along_the_other_axis_give_other_products() -> None:
    """What the oracle would see if an operand were converted along the wrong axis."""
    q = hbfp(4, block=B)
    assert (q(W.T).T != q(W)).any()
    once = Arithmetic(q, conversion=Conversion.tensor)
    operand = once.operand(W)
    np.testing.assert_array_equal(once.output(X, operand), product(X, W, 4))
    np.testing.assert_array_equal(once.input_gradient(G, operand), q(G) @ q(W))
    np.testing.assert_array_equal(once.weight_gradient(G, X), q(G).T @ q(X))
    assert (once.input_gradient(G, operand) != product(G, W.T, 4)).any()
    assert (once.weight_gradient(G, X) != product(G.T, X.T, 4)).any()


@pytest.mark.parametrize("order", [Order.sq, Order.qs])
def test_a_masked_weight_is_that_of_its_order_and_keeps_its_pattern_backward(order: Order) -> None:
    w, s, q = RNG.standard_normal((8, 12)), nm(2, 4), hbfp(3, block=B)
    operand = Arithmetic(q, s, order).operand(w)
    np.testing.assert_array_equal(operand.image, (s >> q if order is Order.sq else q >> s)(w))
    seen = Arithmetic(q, s, order).input_gradient(3 * np.eye(8), operand) / 3  # 3 is a level, 1 is not
    kept = s.mask(w) if order is Order.sq else s.mask(q(w), w)
    wide = np.where(kept, w, 0) if order is Order.sq else w
    np.testing.assert_array_equal(seen, np.where(kept, q(np.ascontiguousarray(wide.T)).T, 0))


def test_the_orders_train_on_other_weights() -> None:
    w, s, q = np.array([[7, 1.75, 2.25, 0]]), nm(2, 4), hbfp(4)
    first, second = (Arithmetic(q, s, order).operand(w).image for order in (Order.sq, Order.qs))
    assert first.tolist() == [[7, 0, 2, 0]] and second.tolist() == [[7, 2, 0, 0]]


@pytest.mark.parametrize("conversion", Conversion)
def test_without_a_format_products_are_those_of_matrices(conversion: Conversion) -> None:
    arithmetic = Arithmetic(IDENTITY, conversion=conversion)
    found: dict[str, Callable[[], Array]] = {
        "output": lambda: arithmetic.output(X, arithmetic.operand(W)) - X @ W.T,
        "input": lambda: arithmetic.input_gradient(G, arithmetic.operand(W)) - G @ W,
        "weight": lambda: arithmetic.weight_gradient(G, X) - G.T @ X,
    }
    for difference in found.values():
        assert np.abs(difference()).max() <= 16 * np.finfo(float).eps * 10 * 9
