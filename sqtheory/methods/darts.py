"""DARTS: operators mixed by softmax weights while searching, one of them afterwards."""

import numpy as np

from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference


def choice_loses() -> bool:
    """Two operators that answer 0 and 1 where ½ + 1/64 is wanted: mixed they are near, the chosen one is not."""
    shares, answers, wanted = np.array([0.484375, 0.515625]), np.array([0.0, 1.0]), 0.515625
    return bool(abs(shares @ answers - wanted) == 0 and abs(answers[np.argmax(shares)] - wanted) > 0.48)


METHOD = Idea(
    name="darts",
    title="DARTS: differentiable architecture search",
    source=Reference("liu2019darts", "§2.2 and §2.3"),
    computes="the gap between a mixture and the operator that is chosen of it.",
    outside="the search.",
    evidence=(
        Runs("a mixture without error can leave an operator that errs by half", OrderVerdict.none, choice_loses),
    ),
)
