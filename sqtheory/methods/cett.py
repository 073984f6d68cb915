"""CETT: a threshold on |x_j|·‖W_:j‖₂, so large that what it prunes is a share of the layer's output (Sparsing Law)."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.thresholds import cett, cett_bound, safe_threshold
from sqtheory.arrays import Array
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import Holds, OrderVerdict, Runs
from sqtheory.methods.method import Method
from sqtheory.methods.wina import build, two_of_four
from sqtheory.methods.work import PrunedOperand
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import partner_optimal, weighted_dominates

X = np.array([[-2.0, -0.5, -1.0], [1.0, 1.0, 1.0]])
W = np.array([[3.0, 1.75, -1.25], [-1.75, -1.5, 1.0]])
TARGET = 0.125


def largest(weight: Array) -> float:
    """The largest score up to which the tail is at most the target of the output, one score after the other."""
    scores = np.unique(np.abs(X) * np.linalg.norm(weight, axis=0))
    return max((float(t) for t in scores if cett(X, weight, float(t)) <= TARGET), default=0.0)


def stale() -> bool:
    """The threshold of W exceeds the target on q(W), that of q(W) does not."""
    image = int_(3)(W)
    return cett(X, image, largest(W)) > TARGET >= cett(X, image, largest(image))


def falls() -> bool:
    """Of (1, 1, ¼) through (2, −1.75, 1) the two largest cancel: pruning one loses more than pruning both."""
    x, w = np.array([[1.0, 1, 0.25]]), np.array([[2.0, -1.75, 1]])
    lost = [cett(x, w, t) for t in (1.75, 2.0)]
    bounds = [cett_bound(x, w, t) for t in (1.75, 2.0)]
    return lost[0] > lost[1] and bounds[0] < bounds[1] and all(a <= b for a, b in zip(lost, bounds, strict=True))


def safe() -> bool:
    """The threshold by the bound of the quantized weight keeps the target on it."""
    image = int_(3)(W)
    return cett(X, image, safe_threshold(X, image, TARGET)) <= TARGET


METHOD = Method(
    name="cett",
    title="CETT: activations below a share of the layer's output pruned; the threshold is the mask's",
    source=Reference("luo2025sparsing", "thunlp/SparsingLaw a6d9b4c, src/model_utils.py"),
    needs=(),
    build=build,
    evidence=(
        Runs(
            "a threshold found before the weight is quantized can prune more than its share after",
            OrderVerdict.fails,
            stale,
            through=(OrderChannel.operand,),
        ),
        Runs("what is lost can fall as the threshold grows, a sum of norms cannot", OrderVerdict.none, falls),
        Runs("a threshold by that sum never loses more than its share", OrderVerdict.none, safe),
        Holds(
            "of a fixed number of activations, in the norm of the columns, if those of a group have one",
            weighted_dominates.THEOREM,
            Case.of([7, 1.4375, 1, 0], int_(4), two_of_four(2, 2, 2, 2)),
        ),
    ),
    rests_on=(partner_optimal.THEOREM,),
    prunes=PrunedOperand.activations,
)
