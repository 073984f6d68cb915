"""A sparse core between block-diagonal wrappers: fitted, quantized, and the wrappers fitted again."""

import math
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from sqtheory.alphabet.compensation.wrappers import EXACT_STEP, CoreStep, Wrapped, joined, wrapped
from sqtheory.alphabet.procedures.procedure import Procedure
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import need

SUPPORTS = 100
"""So many supports of a run are tried at most; where there are more the first stays."""
REFITS = 4
"""So many times A and B are fitted to a core that is rounded."""
UNSEEN = 2.0**-10
"""What an input that was never seen weighs, as a share of the least that was."""


@final
@dataclass(frozen=True)
class Wrapping(Procedure):
    """W ≈ A S B with A and B block-diagonal: S is pruned and quantized, A and B are least squares of what it leaves.

    S starts as the pruned W with columns, then rows brought to norm 1, A and B as what undoes that. Then ``passes``
    times: an exact step on every run of S, A, B. S→Q rounds that S, Q→S prunes a rounded W; A and B are fitted after
    both. What is fitted is Σ_j h_j Σ_i (W − A S B)²_ij, h_j = ‖X_j‖² (``norms``, (inputs,)), or with ``normalized`` the
    same of the W of norms 1, as published code does. ``side``: entries of a block, of which the largest divisor of rows
    and inputs is taken: A and B have side·(rows + inputs) entries that are not compressed (`liu2025armor`, §3).
    """

    norms: FixedArray
    side: int = 8
    passes: int = 8
    step: CoreStep = EXACT_STEP
    normalized: bool = False
    title = "between block-diagonal wrappers"
    keeps_pattern = False
    on_grid = False

    def __post_init__(self) -> None:
        need(self.norms, FixedArray, "wrapping: the norms")
        if self.norms.values.ndim != 1 or self.side < 1 or self.passes < 0:
            raise ValueError(
                "wrappers need one norm of every input, blocks of an entry or more, and no negative passes"
            )
        if not (np.isfinite(self.norms.values) & (self.norms.values >= 0)).all():
            raise ValueError("wrappers need finite norms of the inputs, none of them negative")

    @property
    def compensates(self) -> bool:
        return True

    @property
    def changes_basis(self) -> bool:
        return True

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return self._made(w, self._fitted(w, s))

    def quantized(self, w: Array, q: Quantizer) -> Array:
        dense = self._started(w)
        return self._made(w, self._rounded(dense, q(joined(dense.core))))

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        found = self._fitted(w, s)
        return self._made(w, self._rounded(found, q(joined(found.core))))

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        dense = self._started(w)
        image = q(joined(dense.core))
        return self._made(w, self._rounded(dense, self._pruned(image, s)))

    def _fitted(self, w: Array, s: Sparsifier) -> Wrapped:
        """The core of s with its wrappers, after all passes."""
        start = self._started(w)
        found = replace(start, core=_blocks(self._pruned(joined(start.core), s), start))
        size = self._run(s, found)
        for _ in range(self.passes):
            found = (found if size is None else found.stepped(size, s.budget(size), self.step)).refitted(1)
        return found

    def _run(self, s: Sparsifier, f: Wrapped) -> int | None:
        """The entries of a group along a row if its supports can all be tried; None where the first mask stays."""
        size = s.groups.run if s.fixed_budget and s.groups.along_rows else None
        if size is None or f.core.shape[3] % size or math.comb(size, s.budget(size)) > SUPPORTS:
            return None
        return size

    def _rounded(self, f: Wrapped, core: Array) -> Wrapped:
        return replace(f, core=_blocks(core, f)).refitted(REFITS)

    def _pruned(self, core: Array, s: Sparsifier) -> Array:
        """The entries of the core of largest squares, weighed by the inputs."""
        mask = s.with_score(given(np.abs(core) * self._weights())).mask(core)
        return np.where(mask, core, 0.0)

    def _started(self, w: Array) -> Wrapped:
        """The W of norms 1 between its norms."""
        if w.shape[1] != self.norms.values.size:
            raise ValueError(f"norms of {self.norms.values.size} inputs do not fit a weight of shape {w.shape}")
        roots = self._weights()
        rows, columns, core = _normalized(w.astype(np.float64))
        target = (core if self.normalized else w) * roots
        left, right = (np.ones(len(w)), roots) if self.normalized else (rows, columns * roots)
        run = math.gcd(w.shape[1], 4)
        sides = _divisor(len(w), self.side, 1), _divisor(w.shape[1], self.side, run)
        return wrapped(target, core, left, right, sides)

    def _made(self, w: Array, f: Wrapped) -> Array:
        """A S B without the weights of the inputs."""
        image = joined(f.product) / self._weights()
        if self.normalized:
            rows, columns, _ = _normalized(w.astype(np.float64))
            image = rows[:, None] * image * columns
        return image.astype(w.dtype)

    def _weights(self) -> Array:
        """‖X_j‖, none 0."""
        norms = self.norms.values.astype(np.float64)
        seen = norms[norms > 0]
        return np.where(norms > 0, norms, UNSEEN * seen.min()) if seen.size else np.ones(norms.size)


def _normalized(w: Array) -> tuple[Array, Array, Array]:
    """‖·‖₂ of the rows after the columns', of the columns, and W without both; 1 for what is 0."""
    columns = _sizes(w, 0)
    rows = _sizes(w / columns, 1)
    return rows, columns, w / columns / rows[:, None]


def _sizes(w: Array, axis: int) -> Array:
    sizes = np.linalg.norm(w, axis=axis)
    return np.where(sizes > 0, sizes, 1.0)


def _divisor(size: int, most: int, of: int) -> int:
    """The largest divisor of a size up to ``most`` that is a multiple of a number that divides it too."""
    return max((d for d in range(of, max(most, of) + 1, of) if size % d == 0), default=of)


def _blocks(core: Array, like: Wrapped) -> Array:
    p, q, b, c = like.core.shape
    return np.asarray(core.reshape(p, b, q, c).swapaxes(1, 2), np.float64)
