"""SquareHead: a sparse student is tuned towards its teacher's features, each layer by its own size."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.methods.evidence import Holds, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import frozen_commutation

TEACHER, STUDENT = np.array([[4.0, -2], [1, 3]]), np.array([[3.5, -2], [1, 2]])


def distance(teacher: Array, student: Array, eps: float = 0.0) -> float:
    """Σ (s − t)² / (Σ t² + ε n). Raises ValueError where the teacher is 0 and ε is."""
    size = float((teacher**2).sum() + eps * teacher.size)
    if size == 0:
        raise ValueError("a teacher that is 0 has no size to measure by")
    return float(((student - teacher) ** 2).sum() / size)


def sees_no_scale() -> bool:
    """Layers 1024 times as large count as much, where a mean square counts them a million times."""
    big = distance(1024 * TEACHER, 1024 * STUDENT)
    return big == distance(TEACHER, STUDENT) == 1.25 / 30


def dead_is_one() -> bool:
    """A layer that is all zeros has distance 1, a halved one ¼: it is the relative energy that is lost."""
    return distance(TEACHER, 0 * TEACHER) == 1 and distance(TEACHER, TEACHER / 2) == 0.25


METHOD = Idea(
    name="squarehead",
    title="SquareHead: sparse fine-tuning towards features of the dense model",
    source=Reference("kurtic2023squarehead", "abstract; an L2 distance, by the size of the teacher's features"),
    computes="the distance, which is a relative energy.",
    outside="the tuning by it, and speed.",
    evidence=(
        Runs("it sees no scale of a layer", OrderVerdict.none, sees_no_scale),
        Runs("it is the share of the energy that is lost", OrderVerdict.none, dead_is_one),
        Holds(
            "the mask is fixed while weights are tuned: at fixed scales masking and quantizing commute",
            frozen_commutation.THEOREM,
            Case.of([7, 1.75, 2.25, 0], int_(4), nm(2, 4)),
        ),
    ),
)
