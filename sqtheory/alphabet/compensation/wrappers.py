"""A sparse core between block-diagonal wrappers: W ≈ A S B, fitted by exact steps none of which loses more."""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import final

import numpy as np

from sqtheory.arrays import Array

RANK = 1e-12
"""Share of the largest eigenvalue of a Gram matrix below which one counts as 0."""


@final
@dataclass(frozen=True, eq=False)
class Wrapped:
    """A S B in blocks, float64: ``left`` (P, b, b), ``core`` (P, Q, b, c), ``right`` (Q, c, c), for P b × Q c entries.

    What is lost is Σ_ij (target − A S B)²_ij; weights of rows and columns are those of a scaled target, since their
    roots go into A and B (`liu2025armor`, §3).
    """

    target: Array
    left: Array
    core: Array
    right: Array

    @property
    def product(self) -> Array:
        """A S B, in blocks."""
        return np.asarray(self.left[:, None] @ self.core @ self.right)

    @property
    def loss(self) -> float:
        """‖target − A S B‖_F²."""
        return float(np.square(self.target - self.product).sum())

    def left_fitted(self) -> "Wrapped":
        """The A of least loss: of every block of rows, T Zᵀ (Z Zᵀ)⁺ for Z = S B."""
        z = _rows(self.core @ self.right)
        left = _rows(self.target) @ z.swapaxes(1, 2) @ _inverse(z @ z.swapaxes(1, 2))
        return self._better(replace(self, left=left))

    def right_fitted(self) -> "Wrapped":
        """The B of least loss: of every block of columns, (Yᵀ Y)⁺ Yᵀ T for Y = A S."""
        y = _columns(self.left[:, None] @ self.core)
        right = _inverse(y.swapaxes(1, 2) @ y) @ y.swapaxes(1, 2) @ _columns(self.target)
        return self._better(replace(self, right=right))

    def refitted(self, rounds: int) -> "Wrapped":
        """A and B fitted in turn, so many times."""
        found = self
        for _ in range(rounds):
            found = found.left_fitted().right_fitted()
        return found

    def stepped(self, size: int, kept: int, step: "CoreStep") -> "Wrapped":
        """One pass of a step over all runs of ``size`` entries of the core, in place one after another in each block.

        Of every run ``kept`` entries may be other than 0. Blocks do not touch each other and go together.
        """
        core, rest = self.core.copy(), self.target - self.product
        runs = self.right.reshape(len(self.right), -1, size, self.right.shape[2])
        grams = runs @ runs.swapaxes(2, 3)
        solved = step.solved(grams, np.array(list(combinations(range(size), kept))))
        for i in range(core.shape[2]):
            a = self.left[:, :, i]
            power, pulled = np.square(a).sum(axis=1)[:, None], np.einsum("pr,pqrc->pqc", a, rest)
            for g in range(runs.shape[1]):
                rows, run = runs[:, g], slice(g * size, (g + 1) * size)
                old = core[:, :, i, run]
                pull = (
                    np.einsum("pqc,qvc->pqv", pulled, rows)
                    + power[..., None] * (old[:, :, None] @ grams[:, g])[:, :, 0]
                )
                new = step.chosen(pull, power, grams[:, g], solved[:, g], old)
                moved = np.einsum("pqv,qvc->pqc", new - old, rows)
                rest -= a[:, None, :, None] * moved[:, :, None]
                pulled -= power[..., None] * moved
                core[:, :, i, run] = new
        return replace(self, core=core)

    def _better(self, other: "Wrapped") -> "Wrapped":
        """The one that loses less: no fit is worse but by rounding."""
        return other if other.loss < self.loss else self


@final
@dataclass(frozen=True)
class CoreStep:
    """The values of one run of the core, all else fixed: of every support the least squares, of all supports the best.

    ``damping`` on the diagonal of the Gram matrix and ``epsilon`` beside ‖a‖² are those of published code, 1e-9 and
    1e-8: with them a step may lose more than before, and the run is replaced all the same. ``free`` False leaves the
    support as it is.
    """

    damping: float = 0.0
    epsilon: float = 0.0
    free: bool = True

    @property
    def exact(self) -> bool:
        """No run is replaced by one that loses more."""
        return self.damping == 0 and self.epsilon == 0

    def solved(self, grams: Array, supports: Array) -> Array:
        """(…, S, m, m): of every Gram matrix (…, m, m) and support (S, n) the inverse on it, 0 elsewhere."""
        n, m = supports.shape[1], grams.shape[-1]
        some = grams[..., supports[:, :, None], supports[:, None, :]] + self.damping * np.eye(n)
        found = np.zeros((*grams.shape[:-2], len(supports), m, m))
        each = np.arange(len(supports))[:, None, None]
        found[..., each, supports[:, :, None], supports[:, None, :]] = _inverse(some)
        return found

    def chosen(self, pull: Array, power: Array, gram: Array, solved: Array, old: Array) -> Array:
        """The new runs (P, Q, m): v of a support that minimizes ‖a‖² v G vᵀ − 2 ⟨pull, v⟩.

        ``pull`` (P, Q, m): aᵀ R Bᵀ with the run out of R; ``power`` (P, 1): ‖a‖²; ``gram`` (Q, m, m): G of the rows of
        B; ``solved`` (Q, S, m, m). A run on which nothing depends stays as it is.
        """
        values = np.einsum("pqv,qsvu->pqsu", pull, solved)
        saved = np.einsum("pqsu,pqu->pqs", values, pull)
        if not self.free:
            outside = (solved[:, :, np.arange(gram.shape[-1]), np.arange(gram.shape[-1])] == 0)[None]
            saved = np.where(((old != 0)[:, :, None] & outside).any(axis=3), -np.inf, saved)
        best = saved.argmax(axis=2)[..., None]
        scale = power + self.epsilon
        new = np.take_along_axis(values, best[..., None], axis=2)[:, :, 0]
        new = np.divide(new, scale[..., None], out=np.zeros_like(new), where=scale[..., None] > 0)
        if not self.exact:
            return np.asarray(new)
        kept = 2 * (pull * old).sum(axis=2) - power * np.einsum("pqv,qvu,pqu->pq", old, gram, old)
        gained = np.take_along_axis(saved, best, axis=2)[..., 0] > power * kept
        return np.asarray(np.where(gained[..., None], new, old))


EXACT_STEP = CoreStep()
PUBLISHED_STEP = CoreStep(damping=1e-9, epsilon=1e-8)
"""As in the code of `liu2025armor`."""


def wrapped(target: Array, core: Array, left: Array, right: Array, sides: tuple[int, int]) -> Wrapped:
    """A S B near a target (rows, inputs) from a core and the diagonals of A (rows,) and B (inputs,), in blocks.

    ``sides``: rows and columns of a block. Raises ValueError where they do not divide those of the target.
    """
    (rows, inputs), (b, c) = target.shape, sides
    if rows % b or inputs % c:
        raise ValueError(f"wrappers in blocks of {b} × {c} do not divide a weight of shape {target.shape}")

    def blocks(x: Array) -> Array:
        return np.asarray(x.reshape(rows // b, b, inputs // c, c).swapaxes(1, 2), np.float64)

    diagonals = (np.asarray(d, np.float64).reshape(-1, n, 1) * np.eye(n) for d, n in ((left, b), (right, c)))
    a, z = diagonals
    return Wrapped(blocks(target), a, blocks(core), z)


def joined(blocks: Array) -> Array:
    """(P, Q, b, c) as one matrix (P b, Q c)."""
    p, q, b, c = blocks.shape
    return blocks.swapaxes(1, 2).reshape(p * b, q * c)


def _rows(blocks: Array) -> Array:
    """(P, b, Q c): the blocks of a block of rows side by side."""
    p, _, b, _ = blocks.shape
    return blocks.swapaxes(1, 2).reshape(p, b, -1)


def _columns(blocks: Array) -> Array:
    """(Q, P b, c): the blocks of a block of columns one below another."""
    _, q, _, c = blocks.shape
    return blocks.swapaxes(0, 1).reshape(q, -1, c)


def _inverse(gram: Array) -> Array:
    """The pseudoinverse of symmetric positive semidefinite matrices."""
    return np.linalg.pinv(gram, rcond=RANK, hermitian=True)
