"""The converse of ``weighted_dominates``: two inputs of unlike norms make S→Q lose, in its own norm, on some weight.

Stated for 4 inputs of which 1 stays. Of any number, with 1 or more pruned and kept, the instance is the same with zeros
to prune and large entries to keep.
"""

import numpy as np

from sqtheory.alphabet.formats import IntFormat
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer, int_, scaled
from sqtheory.alphabet.rounding import half_away
from sqtheory.alphabet.scaling import Frozen, Reach
from sqtheory.alphabet.selection import top
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, FixedArray
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import of_pipeline
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem

MOST = 2.0**64
"""What quotients beyond it are taken for: the instance is one from r = 5 on."""


def extremes(c: Array) -> tuple[Array, Array, Array]:
    """The places of the largest and the least |c| > 0 of every row, and their quotient; 1 of a row of zeros."""
    size = np.abs(c)
    high, low = size.argmax(axis=1), np.where(size > 0, size, np.inf).argmin(axis=1)
    row = np.arange(len(c))
    least = size[row, low]
    with np.errstate(over="ignore"):
        ratio = np.divide(size[row, high], least, out=np.ones(len(c)), where=least > 0)
    return high, low, np.minimum(ratio, MOST)


def hard(c: Array) -> Array:
    """w = (1 + 1/r)/4 at the largest |c|, min(1, (3 + r)/8) at the least, r times smaller, and 0 elsewhere."""
    high, low, r = extremes(c)
    w, row = np.zeros(c.shape), np.arange(len(c))
    w[row, high] = (1 + 1 / r) / 4
    w[row, low] = np.where(r > 1, np.minimum(1, (3 + r) / 8), w[row, low])
    return w


def reversal(case: Case) -> Array:
    """Σ c² ((w − q(s(w)))² − (w − s(q(w)))²) of ``hard``, 1 of all kept by |c_j w_j|, the least |c_j| > 0 being 1."""
    high, low, r = extremes(case.x)
    w, row = hard(case.x), np.arange(len(case))
    image, norms = case.q(w), np.zeros(case.x.shape)
    norms[row, low], norms[row, high] = 1.0, r
    first, second = (np.where(top(np.abs(norms * scored), 1), image, 0.0) for scored in (w, image))
    return np.asarray((norms**2 * ((w - first) ** 2 - (w - second) ** 2)).sum(axis=1))


GAP = Quantity(
    "gap",
    r"\min\bigl(1,\tfrac{r-1}4\bigr)",
    "min(1, (r − 1)/4) for the largest and the least positive of the norms |c_j| of the inputs, r their quotient",
    lambda case: np.minimum(1, (extremes(case.x)[2] - 1) / 4),
    noise=1e-15,
)
REVERSAL = Quantity(
    "reversal",
    r"\frac{\lVert c\odot\varepsilon_{q\circ s}(w)\rVert_2^2-\lVert c\odot\varepsilon_{s\circ q}(w)\rVert_2^2}{c_j^2}",
    "what S→Q loses more than Q→S of ‖c ⊙ ·‖₂² over the least positive c_j², 1 entry kept by |c_j w_j|, of w with "
    "(1 + 1/r)/4 at the largest |c_j|, min(1, (3 + r)/8) at the least and 0 elsewhere",
    reversal,
    noise=1e-15,
)


def _to_integers(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    values = q.format.values
    unit = q.scaling.looks_at is Reach.nothing and bool((q.scales(np.zeros(shape)) == 1).all())
    whole = unit and values[(values > -1) & (values < 2)].tolist() == [0, 1] and q.nearest
    return Ruling(whole, f"{q} {'rounds' if whole else 'does not round'} numbers of [0, 1] to the nearer of 0 and 1")


TO_INTEGERS = of_pipeline("to_integers", "q rounds every number of [0, 1] to the nearer of 0 and 1", _to_integers)
UNIT = Frozen(FixedArray(1.0))

THEOREM = Theorem(
    slug="wanda_converse",
    title="Two inputs of unlike norms make S→Q lose more than Q→S in Wanda's own norm, for some weight",
    claims=(Claim(REVERSAL, "==", GAP),),
    where=(REVERSAL, GAP),
    given=(TO_INTEGERS.shown(Case.of([4, 1, 1, 2], int_(4))),),
    domain=Domain(
        x=Arrays(4, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        q=OneOf(
            *(scaled(IntFormat(k), scaling=UNIT) for k in (2, 4, 8)),
            *(int_(4, scaling=UNIT, block=2), int_(3, scaling=UNIT, rounding=half_away)),
        ),
    ),
    witness=Attained(Case.of([4, 1, 2, 2], int_(4, scaling=UNIT))),
    source=NEW,
)
