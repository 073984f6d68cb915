"""Weights as a dictionary times sparse codes: pursuit of atoms, refits of the dictionary, inputs whitened."""

import numpy as np

from sqtheory.arrays import Array


def whitened(w: Array, moments: Array) -> Array:
    """Lᵀ W for XᵀX = L Lᵀ: ‖X E‖_F = ‖Lᵀ E‖_F, so that errors of outputs become plain ones (`makhov2025cospadi`).

    w: (inputs, outputs); moments: (inputs, inputs), positive definite; float64. Raises ValueError where it is not.
    """
    try:
        factor = np.linalg.cholesky(moments.astype(np.float64))
    except np.linalg.LinAlgError:
        raise ValueError("second moments are not positive definite: damp them") from None
    return np.asarray(factor.T @ w)


def pursued(w: Array, atoms: Array, sparsity: int) -> Array:
    """Orthogonal matching pursuit: codes C, (atoms, outputs), at most ``sparsity`` entries a column, w ≈ D C.

    Each time the atom of largest |⟨d, rest⟩| is added, the earlier of equal ones, and all chosen are refitted: what is
    left is orthogonal to them. w: (inputs, outputs); D: (inputs, atoms), columns of norm 1. Raises ValueError for
    others and for a sparsity that is no number of atoms.
    """
    count = atoms.shape[1]
    if not 0 <= sparsity <= count or not np.allclose(np.linalg.norm(atoms, axis=0), 1, atol=1e-9):
        raise ValueError(f"pursuit needs atoms of norm 1 and a sparsity of at most {count}, got {sparsity}")
    codes = np.zeros((count, w.shape[1]))
    for column, target in enumerate(w.T.astype(np.float64)):
        chosen: list[int] = []
        rest, fit = target, np.zeros(0)
        for _ in range(sparsity):
            scores = np.abs(atoms.T @ rest)
            scores[chosen] = -1.0
            if scores.max() <= 1e-14 * np.linalg.norm(target):
                break
            chosen.append(int(scores.argmax()))
            fit = np.linalg.lstsq(atoms[:, chosen], target, rcond=None)[0]
            rest = target - atoms[:, chosen] @ fit
        codes[chosen, column] = fit
    return codes


def learned(w: Array, atoms: Array, codes: Array) -> tuple[Array, Array]:
    """One round of K-SVD: every atom and its row of codes become the best rank 1 of what the others leave where used.

    On the columns that use it; the pattern of the codes stays, and ‖w − D C‖_F never grows. New arrays, float64.
    """
    atoms, codes = atoms.astype(np.float64), codes.astype(np.float64)
    for k in range(len(codes)):
        used = np.flatnonzero(codes[k])
        if used.size:
            rest = w[:, used] - atoms @ codes[:, used] + np.outer(atoms[:, k], codes[k, used])
            left, sigma, right = np.linalg.svd(rest, full_matrices=False)
            atoms[:, k], codes[k, used] = left[:, 0], sigma[0] * right[0]
    return atoms, codes


def best_dictionary(w: Array, codes: Array) -> Array:
    """argmin ‖w − D C‖_F over D: least squares, of least norm where codes do not determine it."""
    return np.asarray(np.linalg.lstsq(codes.T, w.T.astype(np.float64), rcond=None)[0].T)


def stored_values(inputs: int, outputs: int, atoms: int, sparsity: int) -> int:
    """inputs · atoms + sparsity · outputs: the values of a dictionary and of its codes, without their places."""
    return inputs * atoms + sparsity * outputs
