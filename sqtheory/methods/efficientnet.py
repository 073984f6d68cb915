"""EfficientNets: depth, width and resolution grow together, so that twice the products are one step."""

import math

from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

DEPTH, WIDTH, RESOLUTION = 1.2, 1.1, 1.15
"""α, β, γ as published."""


def doubled() -> bool:
    """α β² γ² is 1.92, not 2: seven steps are 0.75 of what 2⁷ is."""
    step = DEPTH * WIDTH**2 * RESOLUTION**2
    return math.isclose(step, 1.92027, rel_tol=1e-5) and 0.75 < (step / 2) ** 7 < 0.76


METHOD = Idea(
    name="efficientnet",
    title="EfficientNets: compound scaling",
    source=Reference("tan2019efficientnet", "§3.3, (3), and §4"),
    computes="what a step of the published exponents costs.",
    outside="an architecture, searched for and trained.",
    evidence=(
        Runs(
            "the published numbers make a step 1.92 times the products, where it is said to be 2",
            OrderVerdict.none,
            doubled,
        ),
    ),
)
