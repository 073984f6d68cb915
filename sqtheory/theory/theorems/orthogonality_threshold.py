"""The threshold depends on the metric: where both parts harm, that of perplexity is below that of cross-entropy."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import hbfp, int_, mxfp, mxint
from sqtheory.alphabet.rounding import toward_zero
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption, Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.orthogonality import orthogonality_threshold
from sqtheory.theory.quantities import decided_by_tensor, dot
from sqtheory.theory.samples import normal, one_signed
from sqtheory.theory.theorem import Theorem


def cross_entropy(case: Case, product: Array) -> Array:
    """Log(1 + e^{−z}) of the logit z = product/Σ|x_i w_i| for the right one of two classes."""
    whole = np.abs(case.x * case.weight.x).sum(axis=1)
    logit = np.divide(product, whole, out=np.zeros(len(case)), where=whole > 0)
    return np.asarray(np.log1p(np.exp(-logit)))


def dense(case: Case) -> Array:
    """The cross-entropy of ⟨x, w⟩."""
    return cross_entropy(case, dot(case.x, case.weight.x))


def quantized(case: Case) -> Array:
    """The cross-entropy of ⟨q(x), q(w)⟩."""
    return cross_entropy(case, dot(case.orders.image, case.weight.orders.image))


def sparse(case: Case) -> Array:
    """The cross-entropy of ⟨x, s(w)⟩."""
    return cross_entropy(case, dot(case.x, case.weight.orders.sparse))


DENSE = Quantity(
    "ppl",
    r"\mathrm{PPL}",
    "the perplexity 1 + exp(−⟨x, w⟩/Σ|x_i w_i|) of one choice of two",
    lambda c: np.exp(dense(c)),
    0,
)
QUANTIZED = Quantity(
    "ppl_q", r"\mathrm{PPL}_q", "the same with ⟨q(x), q(w)⟩ for ⟨x, w⟩", lambda c: np.exp(quantized(c)), 0
)
SPARSE = Quantity("ppl_s", r"\mathrm{PPL}_s", "the same with ⟨x, s(w)⟩ for ⟨x, w⟩", lambda c: np.exp(sparse(c)), 0)
THRESHOLD = Quantity(
    "threshold",
    r"\tau(\mathrm{PPL})",
    "the orthogonality threshold of the perplexity",
    lambda c: np.array(
        [orthogonality_threshold(*v) for v in zip(*np.exp([dense(c), quantized(c), sparse(c)]), strict=True)]
    ),
    0,
)
LOG_THRESHOLD = Quantity(
    "exp_threshold",
    r"e^{\tau(\mathrm{CE})}",
    "the exponential of the orthogonality threshold of the cross-entropy, the logarithm of the perplexity",
    lambda c: np.exp([orthogonality_threshold(*v) for v in zip(dense(c), quantized(c), sparse(c), strict=True)]),
    0,
)


def _agree(case: Case) -> Mask:
    whole = dense(case)
    return np.asarray((quantized(case) - whole) * (sparse(case) - whole) >= 0)


AGREE = Assumption(
    "parts_agree",
    "quantization alone and sparsity alone both worsen the metric, or neither does",
    _agree,
    decided_by_tensor,
)

THEOREM = Theorem(
    slug="orthogonality_threshold",
    title="Of one choice of two, perplexity's threshold is at most e to that of cross-entropy, where both parts agree",
    claims=(
        Claim(THRESHOLD, "<=", LOG_THRESHOLD),
        Claim(LOG_THRESHOLD - THRESHOLD, "==", (QUANTIZED - DENSE) * (SPARSE - DENSE) / DENSE.symbol),
    ),
    where=(THRESHOLD, LOG_THRESHOLD, QUANTIZED, DENSE, SPARSE),
    given=(AGREE.shown(Case.of([1, 0, 1, 0], int_(4), nm(2, 4), w=[7, 1, 1.75, 7])),),
    domain=Domain(
        x=Arrays(8, kinds=(one_signed, one_signed, normal), subnormal=False),
        w=Arrays(8, kinds=(one_signed,), subnormal=False),
        q=OneOf(
            *(int_(3, rounding=toward_zero), hbfp(4, rounding=toward_zero), mxint(4, rounding=toward_zero)),
            *(mxfp(E2M1, rounding=toward_zero), int_(4)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(4, 8)),
    ),
    witness=Attained(Case.of([7, 1, 2, 4], int_(4), nm(2, 4), w=[7, 1, 2, 4])),
    source=Reference("harma2025interplay", "Eq. 12, the definition; its dependence on the metric is new"),
)
