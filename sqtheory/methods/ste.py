"""The straight-through estimator: the derivative of rounding is taken to be 1, and of a mask what the mask is."""

from fractions import Fraction

from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference


def straight_through(w: Fraction, target: Fraction) -> Fraction:
    """E[q − t] for stochastic rounding q of w on the integers: the mean of the estimate of d/dw ½(q − t)²."""
    low, share = w // 1, w % 1
    return (1 - share) * (low - target) + share * (low + 1 - target)


def true_slope(w: Fraction, target: Fraction) -> Fraction:
    """d/dw E ½(q − t)² inside a cell: the loss there is linear in w."""
    low = w // 1
    return ((low + 1 - target) ** 2 - (low - target) ** 2) / 2


def biased() -> bool:
    """True slope less estimate = ½ − f, f the place in the cell, for every weight and target tried."""
    pairs = [(Fraction(a, 8), Fraction(b, 3)) for a in range(-20, 21) for b in range(-5, 6)]
    return all(true_slope(w, t) - straight_through(w, t) == Fraction(1, 2) - w % 1 for w, t in pairs if w % 1)


METHOD = Idea(
    name="ste",
    title="The straight-through estimator",
    source=Reference("bengio2013ste", "§4, the estimator without the derivative of the sigmoid"),
    computes="its bias on a square loss under stochastic rounding, in closed form.",
    outside="training by it.",
    evidence=(
        Runs(
            "under stochastic rounding with step Δ it misses (½ − f)Δ of the slope, f the place in the cell, whatever "
            "the target is: it is right in the middle of cells and on average over one",
            OrderVerdict.none,
            biased,
        ),
    ),
)
