"""SNELLA: an update of weights from distances between few learned factors, of which the largest stay."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

X = np.array([7, 3.4, 2, 1])


def merged(inputs: Array, outputs: Array) -> Array:
    """Σ_h (−1)^h ‖i_h − o_h‖₂ for factors (heads, inputs, width) and (heads, outputs, width): (inputs, outputs)."""
    apart = np.linalg.norm(inputs[:, :, None, :] - outputs[:, None, :, :], axis=-1)
    return np.asarray(np.tensordot((-1.0) ** np.arange(len(apart)), apart, axes=1))


def signed_square(x: Array) -> Array:
    """x|x|: what published code makes of an entry that stays, where the paper keeps x."""
    return np.asarray(x * np.abs(x))


def full_rank() -> bool:
    """Factors of width 1 merge into a matrix of rank 6: |i − o| of six numbers each."""
    at = np.arange(6.0)[None, :, None]
    return int(np.linalg.matrix_rank(merged(at, at + 0.25))) == 6


def same_mask() -> bool:
    """It is monotone in |x|: the mask by magnitude is the same before and after."""
    return np.array_equal(nm(2, 4).mask(signed_square(X)), nm(2, 4).mask(X))


def other_grid() -> bool:
    """Integer codes of the square: 1 of 7 is 1/49 of the largest and rounds to 0, which it does not before."""
    after, before = int_(4)(signed_square(X)), int_(4)(X)
    return bool(after[3] == 0 and before[3] == 1)


METHOD = Idea(
    name="snella",
    title="SNELLA: sparse tuning with kernels of low-rank factors",
    source=Reference("shen2025snella", "abstract; distances and the square from its published code, ssfgunner/SNELL"),
    computes="the merged matrix, its rank, and the square that published code takes of what stays.",
    outside="training of the factors, and the budgets of layers that it moves.",
    evidence=(
        Runs("distances between factors of width 1 have full rank", OrderVerdict.none, full_rank),
        Runs("published code multiplies what stays by its magnitude: no mask changes", OrderVerdict.none, same_mask),
        Runs("but the grid does: small entries of the square round to zero sooner", OrderVerdict.none, other_grid),
    ),
)
