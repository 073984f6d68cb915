"""Loops between the linear layers in machine code (extra ``fast``): the bits of numpy's, in fewer passes.

Sums, exp and tanh stay numpy's, whose last bits no other loop has.
"""

from numba import njit


@njit(cache=True, nogil=True)
def centred(rows, means, out):  # type: ignore[no-untyped-def]
    """Every row less its mean."""
    for r in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            out[r, j] = rows[r, j] - means[r]


@njit(cache=True, nogil=True)
def affine(rows, factors, weight, bias):  # type: ignore[no-untyped-def]
    """Multiply every row by its factor and by the weights, and add the biases."""
    for r in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            rows[r, j] = rows[r, j] * factors[r] * weight[j] + bias[j]


@njit(cache=True, nogil=True)
def odd_polynomial(x, coefficients, out):  # type: ignore[no-untyped-def]
    """x P(x²) by Horner's rule, the constant of P first of its seven ``coefficients``."""
    c0, c1, c2, c3, c4, c5, c6 = coefficients
    for i in range(x.size):
        u = x[i] * x[i]
        high = (((u * c6 + c5) * u + c4) * u + c3) * u
        out[i] = (((high + c2) * u + c1) * u + c0) * x[i]


@njit(cache=True, nogil=True)
def gated(x, t, half):  # type: ignore[no-untyped-def]
    """Multiply x by (t + 1)/2, where ``half`` is 1/2 in their dtype."""
    for i in range(x.size):
        x[i] = x[i] * (t[i] * half + half)
