"""How near the best mask is the one that ranks by the partner's norm: weights by Wanda, activations by WINA.

A row w of a layer's operand loses ‖X ((1 − m) ⊙ w)ᵀ‖² by a mask m: for weights X are samples of the inputs, for
activations X is the weight, whose columns their entries multiply.
"""

import itertools

import numpy as np

from sqtheory.alphabet.norms import column_norms
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold
from sqtheory.alphabet.ties import high_index
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import of_pipeline
from sqtheory.theory.samples import heavy, normal, one_signed, powers, ties, zeros
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, matrix

KINDS = (normal, ties, powers, zeros, one_signed, heavy)
IDENTITY = np.eye(INPUTS).ravel()


def _within(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    run = s.groups.run
    some = s.fixed_budget and s.groups.along_rows and run is not None and INPUTS % run == 0
    return Ruling(
        some, f"{s} {'keeps' if some else 'does not keep'} a number of every m inputs, m a divisor of {INPUTS}"
    )


WITHIN = of_pipeline(
    "within_inputs", f"s keeps a number of every m consecutive inputs, m a divisor of {INPUTS}", _within, defining=True
)


def masks(s: Sparsifier) -> Mask:
    """Every mask of the inputs that keeps the budget of s of every group (masks, inputs). Raises Undefined."""
    run = s.groups.run
    if not _within(s, int_(4), 1.0, (1, INPUTS)).closed or run is None:
        raise Undefined(f"{s} does not keep a number of every m of {INPUTS} inputs")
    every = np.array(list(itertools.product((True, False), repeat=INPUTS)))
    counts = every.reshape(len(every), -1, run).sum(axis=2)
    return np.asarray(every[(counts == s.budget(run)).all(axis=1)])


def by_score(s: Sparsifier, x: Array, w: Array) -> Mask:
    """The mask of w that ranks by |w_j| ‖X_j‖₂, the shape of w."""
    masks(s)
    power = np.tile((matrix(x) ** 2).sum(axis=1), (1, w.shape[1] // INPUTS))
    return s.best_mask(w**2 * power, w, w)


def lost(x: Array, dropped: Array) -> Array:
    """‖X zᵀ‖² of every row z of every matrix: (rows, outputs), or with choices before the outputs."""
    return np.asarray((np.einsum("bni,b...i->b...n", matrix(x), dropped) ** 2).sum(axis=-1))


def least(s: Sparsifier, x: Array, w: Array) -> tuple[Array, Array]:
    """The least loss of every row and what the best mask drops, the first of equals: (rows, outputs), (…, inputs)."""
    dropped = matrix(w)[:, None] * ~masks(s)[None, :, None, :]
    each = lost(x, dropped)
    best = each.argmin(axis=1)[:, None]
    at = np.take_along_axis(dropped, best[..., None], axis=1)
    return np.take_along_axis(each, best, axis=1)[:, 0], at[:, 0]


def cosines(x: Array) -> Array:
    """⟨X_i, X_j⟩/(‖X_i‖₂‖X_j‖₂) of every matrix, 0 for a column of zeros with any."""
    samples = matrix(x)
    norms = np.stack([column_norms(one) for one in samples])[:, None]
    unit = np.divide(samples, norms, where=norms > 0, out=np.zeros(samples.shape))
    return np.asarray(np.einsum("bni,bnj->bij", unit, unit))


def _extreme(x: Array, which: int) -> Array:
    found = cosines(x)
    found[:, range(INPUTS), range(INPUTS)] = 1.0
    return np.asarray(np.linalg.eigvalsh(found)[:, which])


SCORED = Quantity(
    "Y_score",
    r"\lVert X\,\varepsilon_{\mathrm{score}}(W)^{\top}\rVert_F^2",
    "the squared Frobenius norm of X (W − m ⊙ W)ᵀ for the mask m by |W_oj| ‖X_j‖₂ in the groups of s",
    lambda case: lost(case.x, matrix(case.weight.x * ~by_score(case.s, case.x, case.weight.x))).sum(axis=1),
    2,
)
LEAST = Quantity(
    "Y_best",
    r"\min_m\lVert X\,(W-m\odot W)^{\top}\rVert_F^2",
    "the least of it over all masks m of as many entries in every group",
    lambda case: least(case.s, case.x, case.weight.x)[0].sum(axis=1),
    2,
)
LOW = Quantity(
    "low",
    r"\lambda_{\min}(R)",
    "the smallest eigenvalue of the matrix R of cosines between the columns of X, 1 of each with itself",
    lambda case: _extreme(case.x, 0),
    noise=1e-12,
)
HIGH = Quantity(
    "high", r"\lambda_{\max}(R)", "the largest eigenvalue of R", lambda case: _extreme(case.x, -1), noise=1e-12
)

THEOREM = Theorem(
    slug="partner_optimal",
    title="Ranking by |W_oj|·‖X_j‖₂ (Wanda, WINA) loses λ_max/λ_min of the columns' cosines times the least at most",
    claims=(Claim(LOW * SCORED, "<=", HIGH * LEAST),),
    where=(LOW, SCORED, HIGH, LEAST),
    given=(WITHIN.shown(Case.of(IDENTITY, int_(4), threshold(1), w=[3, 1, 1, 0] * 4)),),
    domain=Domain(
        x=Arrays(16, kinds=KINDS, subnormal=False),
        w=Arrays(16, kinds=KINDS, subnormal=False),
        q=OneOf(int_(4)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2), nm(2, 4, ties=high_index)),
    ),
    witness=Attained(Case.of(IDENTITY * 2, int_(4), nm(2, 4), w=[3, 1, 2, 1] * 4)),
    source=NEW,
)
