"""Where ties go by no one order of the entries only the first place of a mask is best for sure.

What a partial quicksort leaves of ties (``torch.topk`` on a CPU) is another choice for other values: at a later place
of the chain it can be the better one. Under ties by place it is not (theorem ``places_in_order``).
"""

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import int_, mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import Introselect, Selected
from sqtheory.theory.case import Case
from sqtheory.theory.chains import ERROR_BETWEEN, ERROR_LAST
from sqtheory.theory.claims import NEW, Claim, Separation
from sqtheory.theory.theorem import Theorem

KEPT, PRUNED = Introselect(Selected.keep), Introselect(Selected.prune)

THEOREM = Theorem(
    slug="places_reversed",
    title="Under the ties of torch.topk the mask between two quantizers can do worse than after both",
    claims=(Claim(ERROR_BETWEEN, ">", ERROR_LAST),),
    where=(ERROR_BETWEEN, ERROR_LAST),
    domain=None,
    witness=Separation(
        (
            Case.of([2, 4.5, 3.5, 7], int_(4), nm(2, 4, ties=PRUNED), then=(int_(2),)),
            Case.of([3, 6.5, 5.5, 7], int_(4), nm(2, 4, ties=PRUNED), then=(mxfp(E2M1),)),
            Case.of([6.75, 1, 0, 7], int_(4), nm(1, 4, ties=KEPT), then=(int_(3),)),
        )
    ),
    source=NEW,
)
