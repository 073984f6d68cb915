"""A mask on top of x is on top of q(x): |x_i| ≥ |x_j| gives |q(x)_i| ≥ |q(x)_j|, from each tensor to the next."""

from sqtheory.theory.chains import LOST, OUTCOMES_FIRST, OUTCOMES_LAST
from sqtheory.theory.theorems.later_masks import THEOREM

from .chains import READ, lost, outcomes
from .conclusions import Concludes
from .proof import Proof
from .shapes import Groups
from .steps import Formal

PROOF = Proof(
    theorem=THEOREM,
    model={LOST: lost, OUTCOMES_FIRST: outcomes(0), OUTCOMES_LAST: outcomes(-1)},
    steps=(
        Concludes(Groups(1, 2), readings=READ),
        Concludes(Groups(2, 4), readings=READ),
        Concludes(Groups(1, 4), readings=READ),
        Formal("no mask is lost: every size, group, budget and number of quantizers", "later_masks"),
    ),
)
