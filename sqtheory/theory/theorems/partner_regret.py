"""The converse of ``partner_optimal``: columns that are not orthogonal make some operand's best mask another.

Stated for 4 inputs of which 1 stays. Of any number, with 2 or more dropped and 1 or more kept, the instance is the same
with zeros to drop and large entries to keep; where a single input is dropped its score is its loss, and is exact.
"""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.arrays import Array, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import decided_by_tensor
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, matrix
from sqtheory.theory.theorems.partner_optimal import cosines

PAIRS = [(i, j) for i in range(INPUTS) for j in range(i + 1, INPUTS)]
OTHER = [next(k for k in range(INPUTS) if k not in pair) for pair in PAIRS]


def hardest(x: Array) -> tuple[Array, Array]:
    """The largest |cosine| of two columns of every matrix, and entries over the columns' norms that miss the best mask.

    The pair (i, j) of that cosine has entries ±1 that add up, another input k one of 1 + |cosine|/4 against j.
    """
    r = cosines(x)
    each = np.stack([r[:, i, j] for i, j in PAIRS], axis=1)
    at = np.abs(each).argmax(axis=1)
    row = np.arange(len(r))
    (i, j), k, coherence = np.array(PAIRS)[at].T, np.array(OTHER)[at], np.abs(each[row, at])
    u = np.zeros((len(r), INPUTS))
    u[row, i], u[row, j] = 1.0, np.where(r[row, i, j] < 0, -1.0, 1.0)
    u[row, k] = np.where(u[row, j] * r[row, j, k] > 0, -1.0, 1.0) * (1 + coherence / 4)
    return coherence, u


def regret(x: Array) -> Array:
    """What keeping the input of largest score of the hardest operand loses more than keeping the best."""
    _, u = hardest(x)
    r = cosines(x)
    dropped = u[:, None] * ~np.eye(INPUTS, dtype=bool)
    lost = np.einsum("bki,bij,bkj->bk", dropped, r, dropped)
    score = u**2 * np.einsum("bii->bi", r)
    return np.asarray(np.take_along_axis(lost, score.argmax(axis=1)[:, None], axis=1)[:, 0] - lost.min(axis=1))


def _all_seen(case: Case) -> Mask:
    return np.asarray((matrix(case.x) != 0).any(axis=1).all(axis=1))


COHERENCE = Quantity(
    "mu",
    r"\mu(X)=\max_{i\ne j}\lvert\cos(X_i,X_j)\rvert",
    "the largest |cosine| of the angle between two columns of X",
    lambda case: hardest(case.x)[0],
    noise=1e-12,
)
REGRET = Quantity(
    "regret",
    r"\lVert Xz_{\mathrm{score}}\rVert_2^2-\lVert Xz_{\mathrm{best}}\rVert_2^2",
    "what the mask by |w_j| ‖X_j‖₂, 1 kept of 4, loses more than the best, of the w that this pair of columns gives",
    lambda case: regret(case.x),
    noise=1e-12,
)
SEEN = Assumption("all_seen", "no column of X is 0", _all_seen, decided_by_tensor)

THEOREM = Theorem(
    slug="partner_regret",
    title="Two inputs at an angle make ranking by |w_j|·‖X_j‖₂ miss the best mask of some w, by their cosine at least",
    claims=(Claim(COHERENCE, "<=", REGRET),),
    where=(COHERENCE, REGRET),
    given=(SEEN.shown(Case.of([1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], int_(4))),),
    domain=Domain(x=Arrays(16, kinds=(normal, ties, one_signed, heavy), subnormal=False), q=OneOf(int_(4))),
    witness=NoneKnown(
        "the margin that keeps rounding from tying the scores is given away: without it twice the cosine"
    ),
    source=NEW,
)
