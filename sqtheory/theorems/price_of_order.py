"""No order does better than the best mask, scale and codes together; what each pays beyond that is its price."""

from sqtheory.case import Case
from sqtheory.domain import Arrays, Domain, OneOf
from sqtheory.formats import E2M1
from sqtheory.price import optimum
from sqtheory.quantizers import bcq, hbfp, int_, mxfp, mxint, scaled
from sqtheory.samples import heavy, normal, one_signed, ties, zeros
from sqtheory.sparsifiers import nm
from sqtheory.theorem import NEW, Attained, Claim, Quantity, Theorem
from sqtheory.theorems.vocabulary import ERROR_QS, ERROR_SQ, GRID_OPTIMUM, Z
from sqtheory.ties import high_index

BEST = Quantity(
    "e_best",
    r"\min_{m,\sigma,c}\lVert x-\sigma\,(m\odot c)\rVert_p",
    "the least p-norm of x − σ (m ⊙ c) over all admissible masks m, scales of the kind of q, and codes",
    lambda case: optimum(case.x, case.q, case.s, case.p).errors,
)

THEOREM = Theorem(
    slug="price_of_order",
    title="The optimum over mask, scale and codes keeps the largest magnitudes; neither order, nor any mask, beats it",
    claims=(Claim(BEST, "<=", GRID_OPTIMUM), Claim(BEST, "<=", ERROR_SQ), Claim(BEST, "<=", ERROR_QS)),
    where=(BEST, GRID_OPTIMUM, ERROR_SQ, ERROR_QS),
    given=(Z.shown(Case.of([3, 1], bcq(2), nm(1, 2))),),
    domain=Domain(
        x=Arrays(4, kinds=(normal, ties, one_signed, heavy, zeros)),
        q=OneOf(*(int_(3), int_(2), scaled(E2M1), hbfp(3), hbfp(4), mxint(3), mxfp(E2M1))),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2), nm(2, 4, ties=high_index)),
        p=OneOf(1.0, 2.0),
    ),
    witness=Attained(Case.of([7, 2, 1, 1], int_(4), nm(2, 4))),
    source=NEW,
)
