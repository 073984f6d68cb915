"""The worst over more masks: by ``later_masks`` what an adversary can choose at one place he can choose at the next."""

from sqtheory.theory.chains import WORST_BETWEEN, WORST_FIRST, WORST_LAST
from sqtheory.theory.theorems.worst_by_position import THEOREM

from .chains import READ, worst
from .conclusions import Concludes
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .shapes import Groups
from .unknowns import LARGEST, REAL

PROOF = Proof(
    theorem=THEOREM,
    model={WORST_FIRST: worst(0), WORST_BETWEEN: worst(1), WORST_LAST: worst(-1)},
    steps=(
        ROOTS,
        Concludes(Groups(2, 4), readings=READ),
        *(Concludes(Groups(n, m), REAL, lemmas=(LOWERED,), readings=READ) for n, m in ((1, 2), (1, 3))),
        Concludes(Groups(1, 4), LARGEST, readings=READ),
    ),
)
