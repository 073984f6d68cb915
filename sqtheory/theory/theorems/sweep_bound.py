"""What a sweep with feedback loses: of every column what it rounds or prunes away, weighed by what can answer it."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4
from sqtheory.alphabet.rounding import floor
from sqtheory.alphabet.scaling import Frozen
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, FixedArray, Mask
from sqtheory.theory.case import KEEP_ALL, Case
from sqtheory.theory.claims import Assumption, Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import NEAREST, decided_by_tensor, of_weight
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, matrix

SHARE = 100
"""One part in so many of the mean power of the inputs is added to the power of every one (`frantar2023gptq`, §3.3)."""


@final
@dataclass(frozen=True, eq=False)
class Moments:
    """H = XᵀX + tr(XᵀX)/(100 n) I of every row, the identity where X = 0, and H = R Rᵀ with R upper triangular.

    ``h`` and ``factor`` (rows, inputs, inputs) are those of X divided by ``unit`` (rows,).
    """

    h: Array
    factor: Array
    unit: Array

    @classmethod
    def of(cls, case: Case) -> "Moments":
        """Those of the samples in x."""
        _, exponent = np.frexp(np.abs(case.x).max(axis=1))
        samples = matrix(np.ldexp(case.x, -exponent[:, None]))
        moments = samples.swapaxes(1, 2) @ samples
        mean = np.einsum("bii->b", moments) / INPUTS
        h = moments + np.where(mean > 0, mean / SHARE, 1.0)[:, None, None] * np.eye(INPUTS)
        factor = np.linalg.cholesky(h[:, ::-1, ::-1])[:, ::-1, ::-1]
        return cls(h, factor, np.ldexp(1.0, np.where(mean > 0, exponent, 0)))

    def lost(self, errors: Array) -> Array:
        """tr(E H Eᵀ) of every row, E (rows, outputs, inputs)."""
        return np.asarray(np.einsum("boi,bij,boj->b", errors, self.h, errors) * self.unit**2)

    def weighed(self, values: Array) -> Array:
        """Σ_j D_j Σ_o v_oj of every row for D_j = R_jj², which the inputs after j cannot make up for."""
        conditional = np.einsum("bjj->bj", self.factor) ** 2
        return np.asarray(np.einsum("boj,bj->b", values, conditional) * self.unit**2)


@final
@dataclass(frozen=True, eq=False)
class Swept:
    """Kept entries rounded at the scales of W, column by column, pruned ones sent to 0: (rows, outputs, inputs) each.

    ``held`` is what an entry was when its column came, w_j + Σ_{i<j} (w_i − v_i) R_ij/R_jj (`chee2023quip`, §3),
    ``images`` what it became, ``steps`` the largest step of the grid at its scale.
    """

    moments: Moments
    held: Array
    images: Array
    mask: Mask
    steps: Array

    @classmethod
    def of(cls, case: Case) -> "Swept":
        """The sweep over w under the moments of x and the mask of w."""
        moments, w, fmt = Moments.of(case), matrix(case.weight.x), case.q.format
        scales, mask = matrix(case.weight.dense_scale), mask_of(case)
        held, images, unit = w.copy(), np.zeros(w.shape), np.where(scales == 0, 1, scales)
        for j in range(INPUTS):
            before = np.einsum("boi,bi->bo", (w - images)[:, :, :j], moments.factor[:, :j, j])
            held[:, :, j] = w[:, :, j] + before / moments.factor[:, j, j, None]
            rounded = scales[:, :, j] * fmt.round(held[:, :, j] / unit[:, :, j], case.q.rounding)
            images[:, :, j] = np.where(mask[:, :, j], rounded, 0.0)
        return cls(moments, held, images, mask, scales * np.diff(fmt.values).max(initial=0))

    def weighed(self, values: Array, *, kept: bool) -> Array:
        """Σ D_j v² over kept, or over pruned entries."""
        return self.moments.weighed(np.where(self.mask == kept, values, 0.0) ** 2)


def mask_of(case: Case) -> Mask:
    """What s keeps of w, (rows, outputs, inputs)."""
    return np.asarray(matrix(case.weight.orders.mask.astype(np.float64)) > 0)


def lost(case: Case) -> Array:
    """tr(E H Eᵀ) of the sweep."""
    swept = Swept.of(case)
    return swept.moments.lost(matrix(case.weight.x) - swept.images)


def _of_sweep(case: Case, part: str) -> Array:
    swept = Swept.of(case)
    if part == "pruned":
        return swept.weighed(swept.held, kept=False)
    return swept.weighed(swept.steps / 2 if part == "bound" else swept.held - swept.images, kept=True)


LOST = Quantity(
    "T_sweep",
    r"\operatorname{tr}\bigl((W-V)H(W-V)^{\top}\bigr)",
    "tr((W − V) H (W − V)ᵀ), V made of W column by column, kept entries rounded, pruned ones 0, with feedback through "
    "H = XᵀX + 1 % of its mean diagonal",
    lost,
    2,
)
ROUNDED = Quantity(
    "T_rounded",
    r"\textstyle\sum_K D_j(r_{oj}-v_{oj})^2",
    "the sum over kept entries of D_j (r − v)², r what an entry was when its column came, v its image, D of H = UDUᵀ",
    lambda case: _of_sweep(case, "rounded"),
    2,
)
PRUNED = Quantity(
    "T_pruned",
    r"\textstyle\sum_P D_j\,r_{oj}^2",
    "the sum over pruned entries of D_j r²",
    lambda case: _of_sweep(case, "pruned"),
    2,
)
BOUND = Quantity(
    "T_half",
    r"\textstyle\sum_K D_j(\sigma_{oj}\Delta/2)^2",
    "the sum over kept entries of D_j (σ Δ/2)², σ the scale in W and Δ the largest step of the grid",
    lambda case: _of_sweep(case, "bound"),
    2,
)
NO_FEEDBACK = Quantity(
    "T_alone",
    r"\textstyle\sum_K H_{jj}(\sigma_{oj}\Delta/2)^2",
    "the same sum with H_jj for D_j: what half a step in every kept entry loses if their errors do not add up",
    lambda case: alone(case),
    2,
)


def alone(case: Case) -> Array:
    """Σ H_jj (σ Δ/2)² over kept entries."""
    swept = Swept.of(case)
    half = np.where(swept.mask, swept.steps / 2, 0.0) ** 2
    return np.asarray(np.einsum("boj,bjj->b", half, swept.moments.h) * swept.moments.unit**2)


def _unclipped(case: Case) -> Mask:
    swept, grid = Swept.of(case), case.q.format.values
    scales = matrix(case.weight.dense_scale)
    half = swept.steps / 2
    inside = (swept.held >= scales * grid[0] - half) & (swept.held <= scales * grid[-1] + half)
    return np.asarray((inside | ~swept.mask).all(axis=(1, 2)))


UNCLIPPED = Assumption(
    "unclipped",
    "what is rounded lies at most half of the largest step beyond an end of the grid",
    _unclipped,
    decided_by_tensor,
)
EYE = np.eye(INPUTS).ravel()
MIXED = np.array([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]]).ravel()

THEOREM = Theorem(
    slug="sweep_bound",
    title="With feedback a layer loses D_j times each squared rounding error: unclipped, at most ¼ Σ σ² D_j",
    claims=(
        Claim(LOST, "==", ROUNDED + PRUNED),
        Claim(ROUNDED, "<=", BOUND),
        Claim(BOUND, "<=", NO_FEEDBACK),
    ),
    where=(LOST, ROUNDED, PRUNED, BOUND, NO_FEEDBACK),
    given=(
        of_weight(NEAREST).shown(Case.of(EYE, int_(4, rounding=floor), nm(2, 4), w=[7, 2.875, 2.25, 0] * 4)),
        UNCLIPPED.shown(Case.of(EYE, int_(4, scaling=Frozen(FixedArray(1.0))), nm(2, 4), w=[9, 2, 1, 0] * 4)),
    ),
    domain=Domain(
        x=Arrays(16, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        w=Arrays(16, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        q=OneOf(int_(4), int_(3), int_(4, block=4), hbfp(4, block=4), mxfp(E2M1), nf4(), bcq(3), int_(8, block=4)),
        s=OneOf(KEEP_ALL, nm(2, 4), nm(1, 4), nm(1, 2), nm(3, 4)),
    ),
    witness=Attained(Case.of(EYE, int_(4), nm(2, 4), w=[7, 2.5, 1, 1] * 2 + [3.5, 2.5, 1, 1] * 2)),
    source=Reference("babai1986lattice", "nearest plane; as LDLQ `chee2023quip`, Theorem 1"),
)
