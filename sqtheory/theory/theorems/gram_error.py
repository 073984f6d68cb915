"""The error of a linear layer is that of its weights, weighted by the second moments of its inputs."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.theory.claims import Claim, NoneKnown, Quantity, Reference
from sqtheory.theory.domain import KINDS, Arrays, Domain, OneOf
from sqtheory.theory.theorem import Theorem

INPUTS = 4
"""Columns of the matrices that rows of a case are read as."""


def matrix(rows: Array) -> Array:
    """Every row of n entries as a matrix of n/4 rows: samples of X or outputs of W, by 4 inputs.

    Raises Undefined where 4 does not divide n.
    """
    if rows.shape[1] % INPUTS:
        raise Undefined(f"a row of {rows.shape[1]} entries is no matrix of {INPUTS} columns")
    return rows.reshape(len(rows), -1, INPUTS)


def layer(x: Array, w: Array) -> Array:
    """X Wᵀ of every row, samples × outputs."""
    return np.asarray(matrix(x) @ matrix(w).swapaxes(1, 2))


def square_sum(matrices: Array) -> Array:
    """‖·‖_F² of every matrix."""
    return np.asarray((matrices**2).sum(axis=(1, 2)))


def weighted(x: Array, e: Array) -> Array:
    """n tr(E Σ_x Eᵀ), Σ_x = XᵀX/n."""
    samples, errors = matrix(x), matrix(e)
    moments = np.einsum("bni,bnj->bij", samples, samples) / samples.shape[1]
    return np.asarray(samples.shape[1] * np.einsum("boi,bij,boj->b", errors, moments, errors))


LAYER_SQ = Quantity(
    "Y_sq",
    r"\lVert X\,\varepsilon_{q\circ s}(W)^{\top}\rVert_F^2",
    "the squared Frobenius norm of X (W − q(s(W)))ᵀ, the error of the layer's output under S→Q",
    lambda case: square_sum(layer(case.x, case.weight.x - case.weight.orders.after_mask)),
    2,
)
LAYER_QS = Quantity(
    "Y_qs",
    r"\lVert X\,\varepsilon_{s\circ q}(W)^{\top}\rVert_F^2",
    "the squared Frobenius norm of X (W − s(q(W)))ᵀ, the error of the layer's output under Q→S",
    lambda case: square_sum(layer(case.x, case.weight.x - case.weight.orders.masked_image)),
    2,
)
TRACE_SQ = Quantity(
    "T_sq",
    r"n\operatorname{tr}\bigl(\varepsilon_{q\circ s}(W)\,\Sigma_x\,\varepsilon_{q\circ s}(W)^{\top}\bigr)",
    "n tr(E Σ_x Eᵀ) for E = W − q(s(W)) and the second moments Σ_x = XᵀX/n",
    lambda case: weighted(case.x, case.weight.x - case.weight.orders.after_mask),
    2,
)
TRACE_QS = Quantity(
    "T_qs",
    r"n\operatorname{tr}\bigl(\varepsilon_{s\circ q}(W)\,\Sigma_x\,\varepsilon_{s\circ q}(W)^{\top}\bigr)",
    "n tr(E Σ_x Eᵀ) for E = W − s(q(W)) and the second moments Σ_x = XᵀX/n",
    lambda case: weighted(case.x, case.weight.x - case.weight.orders.masked_image),
    2,
)

THEOREM = Theorem(
    slug="gram_error",
    title="What a layer's output loses is the weights' error in the norm of the inputs' second moments",
    claims=(Claim(LAYER_SQ, "==", TRACE_SQ), Claim(LAYER_QS, "==", TRACE_QS)),
    where=(LAYER_SQ, TRACE_SQ, LAYER_QS, TRACE_QS),
    domain=Domain(
        x=Arrays(16, kinds=KINDS),
        w=Arrays(16, kinds=KINDS),
        q=OneOf(int_(4), int_(3, block=4), hbfp(4, block=4), mxfp(E2M1), nf4(), bcq(3)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=Reference("frantar2023gptq", "§3, the layer-wise objective as a trace"),
    unconditional=True,
)
