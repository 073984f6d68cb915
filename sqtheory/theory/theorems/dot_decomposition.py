"""The error of a dot product, by the errors of its operands."""

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4
from sqtheory.alphabet.scaling import HalfRange
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim, NoneKnown, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.measured import measured
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem

WHOLE = measured(
    "xw",
    r"\langle x,w\rangle",
    "⟨x, w⟩",
    lambda o: o.dot(o.x, o.w),
)
SQ = measured(
    "xw_sq",
    r"\langle q(x),q(s(w))\rangle",
    "⟨q(x), q(s(w))⟩, the dot product of the quantized activation with the weight after S→Q",
    lambda o: o.dot(o.q, o.weight.sq),
)
QS = measured(
    "xw_qs",
    r"\langle q(x),s(q(w))\rangle",
    "⟨q(x), s(q(w))⟩, the dot product of the quantized activation with the weight after Q→S",
    lambda o: o.dot(o.q, o.weight.qs),
)
LEFT = measured(
    "ew",
    r"\langle\varepsilon_q(x),w\rangle",
    "⟨ε_q(x), w⟩",
    lambda o: o.dot(o.minus(o.x, o.q), o.w),
)
RIGHT_SQ = measured(
    "xe_sq",
    r"\langle x,\varepsilon_{q\circ s}(w)\rangle",
    "⟨x, ε_{q∘s}(w)⟩",
    lambda o: o.dot(o.x, o.minus(o.w, o.weight.sq)),
)
RIGHT_QS = measured(
    "xe_qs",
    r"\langle x,\varepsilon_{s\circ q}(w)\rangle",
    "⟨x, ε_{s∘q}(w)⟩",
    lambda o: o.dot(o.x, o.minus(o.w, o.weight.qs)),
)
BOTH_SQ = measured(
    "ee_sq",
    r"\langle\varepsilon_q(x),\varepsilon_{q\circ s}(w)\rangle",
    "⟨ε_q(x), ε_{q∘s}(w)⟩",
    lambda o: o.dot(o.minus(o.x, o.q), o.minus(o.w, o.weight.sq)),
)
BOTH_QS = measured(
    "ee_qs",
    r"\langle\varepsilon_q(x),\varepsilon_{s\circ q}(w)\rangle",
    "⟨ε_q(x), ε_{s∘q}(w)⟩",
    lambda o: o.dot(o.minus(o.x, o.q), o.minus(o.w, o.weight.qs)),
)
KINDS = (normal, ties, one_signed, heavy)

THEOREM = Theorem(
    slug="dot_decomposition",
    title="The error of a dot product is the sum of each operand's error against the other, less that of both errors",
    claims=(
        Claim(WHOLE - SQ, "==", LEFT + RIGHT_SQ - BOTH_SQ),
        Claim(WHOLE - QS, "==", LEFT + RIGHT_QS - BOTH_QS),
    ),
    where=(WHOLE, SQ, QS, LEFT, RIGHT_SQ, RIGHT_QS, BOTH_SQ, BOTH_QS),
    domain=Domain(
        x=Arrays(8, kinds=KINDS),
        w=Arrays(8, kinds=KINDS),
        q=OneOf(int_(4), int_(4, scaling=HalfRange()), hbfp(4, block=4), mxfp(E2M1), nf4(), bcq(3)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(4, 8)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=Reference("harma2025interplay", "§3.3, as an identity"),
    unconditional=True,
)
EXAMPLE = Case.of([7, 2.5], int_(4), nm(1, 2), w=[7, 1.25])
"""(7, 5/2) against (7, 5/4): every error sits in the one pruned entry."""
