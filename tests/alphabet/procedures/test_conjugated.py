"""A procedure in rotated inputs is itself there, and what it loses is the same seen from both bases."""

from dataclasses import dataclass
from typing import final

import numpy as np
import pytest

from sqtheory.alphabet.procedures import PLAIN, Procedure
from sqtheory.alphabet.procedures.conjugated import Conjugated
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.transforms import random_signs, randomized_hadamard
from sqtheory.arrays import Array, FixedArray
from sqtheory.orders.matrix_errors import gram_norm

RNG = np.random.default_rng(0)
W = RNG.standard_normal((6, 16))
R = randomized_hadamard(random_signs(16, RNG))
BY = Conjugated(PLAIN, FixedArray(R))
S, Q = nm(2, 4), int_(4)


@final
@dataclass(frozen=True)
class Doubled(Procedure):
    """Every result twice what it should be, with a joint pass."""

    title = "doubled"
    keeps_pattern = True
    on_grid = False

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return 2 * s(w)

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return 2 * q(w)

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return 2 * q(s(w))

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return 2 * s(q(w))

    def joint(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return 3 * w


def made(by: Procedure, w: Array) -> list[Array]:
    return [by.sparse(w, S), by.quantized(w, Q), by.sparse_quantized(w, S, Q), by.quantized_sparse(w, S, Q)]


def test_every_map_is_that_of_the_rotated_weight() -> None:
    x = W @ R
    for found, expected in zip(made(BY, W), (S(x), Q(x), Q(S(x)), S(Q(x))), strict=True):
        np.testing.assert_allclose(found, expected @ R.T, rtol=0, atol=1e-13)
    assert BY.joint(W, S, Q) is None and not BY.keeps_pattern and not BY.on_grid
    assert (made(BY, W)[0] != 0).all()


def test_any_procedure_is_conjugated_its_joint_pass_too() -> None:
    by = Conjugated(Doubled(), FixedArray(R))
    for found, plain in zip(made(by, W), made(BY, W), strict=True):
        np.testing.assert_allclose(found, 2 * plain, rtol=0, atol=1e-13)
    joint = by.joint(W, S, Q)
    assert joint is not None and by.title == "doubled, in rotated inputs"
    np.testing.assert_allclose(joint, 3 * W, rtol=0, atol=1e-13)


def test_the_loss_of_the_output_is_that_in_rotated_inputs() -> None:
    """tr E H Eᵀ = tr (ER)(RᵀHR)(ER)ᵀ: what a procedure must know of the inputs is RᵀHR."""
    x = RNG.standard_normal((40, 16)) @ RNG.standard_normal((16, 16))
    h = x.T @ x
    e = W - BY.sparse_quantized(W, S, Q)
    assert gram_norm(e, h) == pytest.approx(gram_norm(e @ R, R.T @ h @ R), rel=1e-9)


def test_signed_permutations_change_no_error_of_a_mask_by_magnitude() -> None:
    p = np.eye(16)[RNG.permutation(4).repeat(4) * 4 + np.tile(np.arange(4), 4)] * random_signs(16, RNG)
    by = Conjugated(PLAIN, FixedArray(p))
    np.testing.assert_array_equal(by.sparse(W, S), S(W))


def test_float32_comes_back_and_is_rotated_in_float64() -> None:
    w = W.astype(np.float32)
    found = BY.sparse(w, S)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, BY.sparse(w.astype(np.float64), S).astype(np.float32))


def test_what_is_no_rotation_of_these_inputs_is_refused() -> None:
    for wrong in (np.ones((2, 2)), np.ones((2, 3)), 1.001 * np.eye(3)):
        with pytest.raises(ValueError, match="needs an orthogonal matrix"):
            Conjugated(PLAIN, FixedArray(wrong))
    with pytest.raises(ValueError, match=r"rotation of 16 inputs does not fit a weight of shape \(6, 8\)"):
        BY.sparse(W[:, :8], S)
    with pytest.raises(TypeError, match="conjugated: the procedure"):
        Conjugated(None, FixedArray(R))  # type: ignore[arg-type]
