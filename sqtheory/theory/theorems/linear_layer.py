"""A certificate for one linear layer: norms of the errors against norms of the operands."""

import numpy as np
import sympy

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4
from sqtheory.alphabet.scaling import HalfRange
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.orders.applied import TwoOrders
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import layer, matrix, square_sum

KINDS = (normal, ties, one_signed, heavy)


def frobenius(matrices: Array) -> Array:
    """‖·‖_F of every matrix."""
    return np.asarray(np.sqrt(square_sum(matrices)))


def spectral(matrices: Array) -> Array:
    """‖·‖₂ of every matrix."""
    return np.asarray(np.linalg.norm(matrices, 2, axis=(1, 2)))


def _lost(case: Case, image: Array) -> Array:
    """X Wᵀ − q(X) Ŵᵀ."""
    x, w = case.x, case.weight.x
    return layer(x - case.orders.image, w) + layer(case.orders.image, w - image)


OUTPUT_SQ = Quantity(
    "y_sq",
    r"\lVert XW^{\top}-q(X)\,q(s(W))^{\top}\rVert_F",
    "the Frobenius norm of XWᵀ − q(X) q(s(W))ᵀ, what S→Q changes in the output",
    lambda case: frobenius(_lost(case, case.weight.orders.after_mask)),
)
OUTPUT_QS = Quantity(
    "y_qs",
    r"\lVert XW^{\top}-q(X)\,s(q(W))^{\top}\rVert_F",
    "the Frobenius norm of XWᵀ − q(X) s(q(W))ᵀ, what Q→S changes in the output",
    lambda case: frobenius(_lost(case, case.weight.orders.masked_image)),
)
X_ERROR = Quantity(
    "x_err",
    r"\lVert\varepsilon_q(X)\rVert_F",
    "the Frobenius norm of X − q(X)",
    lambda case: frobenius(matrix(case.x - case.orders.image)),
)
X_SPECTRAL = Quantity("x_2", r"\lVert X\rVert_2", "the spectral norm of X", lambda case: spectral(matrix(case.x)))
IMAGE_SPECTRAL = Quantity(
    "qx_2", r"\lVert q(X)\rVert_2", "the spectral norm of q(X)", lambda case: spectral(matrix(case.orders.image))
)
IMAGE_FROBENIUS = Quantity(
    "qx_f", r"\lVert q(X)\rVert_F", "the Frobenius norm of q(X)", lambda case: frobenius(matrix(case.orders.image))
)
W_SPECTRAL = Quantity(
    "w_2", r"\lVert W\rVert_2", "the spectral norm of W", lambda case: spectral(matrix(case.weight.x))
)


def _weight_error(name: str, latex: str, order: str, norm: str) -> Quantity:
    """A norm of the error of the weight under one order."""
    size = {"F": frobenius, "2": spectral}[norm]
    word = {"F": "Frobenius", "2": "spectral"}[norm]

    def image(orders: TwoOrders) -> Array:
        return orders.after_mask if order == "q(s(W))" else orders.masked_image

    return Quantity(
        name,
        rf"\lVert\varepsilon_{{{latex}}}(W)\rVert_{norm}",
        f"the {word} norm of W − {order}",
        lambda case: size(matrix(case.weight.x - image(case.weight.orders))),
    )


SQ_FROBENIUS = _weight_error("sq_f", r"q\circ s", "q(s(W))", "F")
SQ_SPECTRAL = _weight_error("sq_2", r"q\circ s", "q(s(W))", "2")
QS_FROBENIUS = _weight_error("qs_f", r"s\circ q", "s(q(W))", "F")
QS_SPECTRAL = _weight_error("qs_2", r"s\circ q", "s(q(W))", "2")


def _claims(output: Quantity, whole: Quantity, largest: Quantity) -> tuple[Claim, ...]:
    """Both splittings of X̂ ε(W)ᵀ into norms, and the one with the interaction."""
    activations: sympy.Expr = X_ERROR * W_SPECTRAL
    return (
        Claim(output, "<=", activations + IMAGE_SPECTRAL * whole),
        Claim(output, "<=", activations + IMAGE_FROBENIUS * largest),
        Claim(output, "<=", activations + X_SPECTRAL * whole + X_ERROR * largest),
    )


THEOREM = Theorem(
    slug="linear_layer",
    title="A linear layer's output changes by at most error times spectral norm, activations' and weights' parts added",
    claims=(*_claims(OUTPUT_SQ, SQ_FROBENIUS, SQ_SPECTRAL), *_claims(OUTPUT_QS, QS_FROBENIUS, QS_SPECTRAL)),
    where=(
        *(OUTPUT_SQ, X_ERROR, W_SPECTRAL, IMAGE_SPECTRAL, SQ_FROBENIUS, IMAGE_FROBENIUS, SQ_SPECTRAL, X_SPECTRAL),
        *(OUTPUT_QS, QS_FROBENIUS, QS_SPECTRAL),
    ),
    domain=Domain(
        x=Arrays(8, kinds=KINDS, subnormal=False),
        w=Arrays(8, kinds=KINDS, subnormal=False),
        q=OneOf(int_(4), int_(4, scaling=HalfRange()), hbfp(4, block=4), mxfp(E2M1), nf4(), bcq(3)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2)),
    ),
    witness=Attained(Case.of([1, 0, 0, 0, 0, 0, 0, 0], hbfp(4), nm(2, 4), w=[1, 0, 0, 0, 0, 0, 0, 0])),
    source=Reference("golub2013", "§2.3, submultiplicative norms"),
    unconditional=True,
)
