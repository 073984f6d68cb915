"""SwiftPrune: weights stay that contribute no less than a running mean of those before them, without sorting.

Of the contribution only the abstract's words are known here: it is taken to be w_j² Σ x_j², Wanda's score squared.
"""

import numpy as np

from sqtheory.alphabet.one_pass import above_running_mean, regret
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, Mask
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import Holds, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import weighted_dominates

DECAY = 0.5
LOSES, WINS = np.array([[7.0, 6.75, 2, 5.25]]), np.array([[2.25, 1.75, 7, 5.25]])


def kept(w: Array, powers: Array, decay: float) -> Mask:
    """Of every row of w (outputs, inputs) what w_j² p_j above the running mean keeps, p_j = Σ x_j² (inputs,)."""
    return above_running_mean(w.astype(np.float64) ** 2 * powers, decay)


def both_errors(w: Array) -> tuple[float, float]:
    """‖w − q(m ⊙ w)‖ and ‖w − m′ ⊙ q(w)‖ at int4, with one power of all inputs."""
    q, powers = int_(4), np.ones(w.shape[1])
    image = q(w)
    orders = q(np.where(kept(w, powers, DECAY), w, 0)), np.where(kept(image, powers, DECAY), image, 0)
    first, second = (float(np.linalg.norm(w - made)) for made in orders)
    return first, second


def loses() -> bool:
    """6.75 is below 7 and goes, on the grid it is 7 and stays, and 5.25 goes in its place."""
    return both_errors(LOSES)[0] > both_errors(LOSES)[1] + 1


def wins() -> bool:
    """1.75 is as large as 2.25 on the grid, and the 5.25 after the 7 is rounded to 5 below the mean."""
    return both_errors(WINS)[0] < both_errors(WINS)[1] - 1


def follows_places() -> bool:
    """Scores in falling order keep the first alone, in rising order all; sorting does not see the order."""
    falling = np.arange(8.0, 0, -1)
    masks = [above_running_mean(s, DECAY) for s in (falling, falling[::-1])]
    swapped = np.array([5.0, 4, 6, 3])
    return masks[0].sum() == 1 and bool(masks[1].all()) and regret(swapped, above_running_mean(swapped, DECAY)) == 0


METHOD = Idea(
    name="swiftprune",
    title="SwiftPrune: weights above a running mean of contributions, in one pass",
    source=Reference("kang2025swiftprune", "abstract; contribution and selection are read from its words alone"),
    computes="the one-pass selection, and how much less it keeps than sorting would.",
    outside="its time on hardware.",
    evidence=(
        Runs("what is kept depends on the order of weights", OrderVerdict.none, follows_places),
        Runs(
            "a weight just below the mean can be rounded up to it, and quantizing first keeps the larger one",
            OrderVerdict.fails,
            loses,
            through=(OrderChannel.selection,),
        ),
        Runs("… and one just above it can be rounded below, and quantizing first loses it", OrderVerdict.holds, wins),
        Holds(
            "sorted in its place, in the norm of the inputs, if those of a group have one",
            weighted_dominates.THEOREM,
            Case.of([7, 1.4375, 1, 0], int_(4), nm(2, 4)),
        ),
    ),
)
