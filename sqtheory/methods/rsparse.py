"""R-Sparse: activations stay by |x_j|·‖(VΣ)_j‖₂, WINA's score; the others go through a low rank of the weight."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.arrays import Array
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import Fails, Holds, OrderVerdict, Runs
from sqtheory.methods.method import Method
from sqtheory.methods.wina import build, two_of_four
from sqtheory.methods.work import PrunedOperand
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import partner_exact, partner_optimal, partner_regret, weighted_dominates

W = np.array([[4.0, 1, 0, -2], [1, 3, -1, 0], [0, 1, 2, 5]])


def low_rank(weight: Array, rank: int) -> tuple[Array, float]:
    """U_r Σ_r V_rᵀ of a weight and σ_{r+1}: of z the low rank loses ‖(W − U_rΣ_rV_rᵀ) z‖ ≤ σ_{r+1} ‖z‖.

    Raises ValueError for a rank that is no number from 0 to that of the singular values.
    """
    u, sigma, v = np.linalg.svd(weight.astype(np.float64), full_matrices=False)
    if not 0 <= rank <= sigma.size:
        raise ValueError(f"a weight of shape {weight.shape} has no part of rank {rank}")
    return (u[:, :rank] * sigma[:rank]) @ v[:rank], float(sigma[rank]) if rank < sigma.size else 0.0


def quantized_after() -> bool:
    """The part of rank 1 of q(W) loses less of q(W) than that of W does."""
    image = int_(2)(W)
    own, other = (np.linalg.norm(image - low_rank(w, 1)[0], 2) for w in (image, W))
    return bool(own < other)


METHOD = Method(
    name="rsparse",
    title="R-Sparse: activations pruned as by WINA, the rest through a low rank of the weight (here: the mask alone)",
    source=Reference("zhang2025rsparse", "VITA-Group/R-Sparse 59e9a8e, utils/prepare_low_rank_weight.py"),
    needs=(),
    build=build,
    evidence=(
        Fails(
            "of the mask, in the norm of the columns, where these differ in a group",
            weighted_dominates.THEOREM,
            Case.of([7, 1.4375, 1, 0], int_(4), two_of_four(1, 1, 1.375, 1)),
        ),
        Holds(
            "of the mask in that norm, if the columns of a group have one",
            weighted_dominates.THEOREM,
            Case.of([7, 1.4375, 1, 0], int_(4), two_of_four(2, 2, 2, 2)),
        ),
        Runs(
            "the low rank is to be taken of the quantized weight, or it makes up for another",
            OrderVerdict.fails,
            quantized_after,
            through=(OrderChannel.transform,),
        ),
    ),
    rests_on=(partner_exact.THEOREM, partner_optimal.THEOREM, partner_regret.THEOREM),
    prunes=PrunedOperand.activations,
)
