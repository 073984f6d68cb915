"""The progressive-intensity hypothesis is no law of tensors: neither its sign rule nor its monotony."""

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import hbfp, int_, mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim, Reference, Separation
from sqtheory.theory.measured import measured
from sqtheory.theory.quantities import ERROR_Q, ERROR_QS, ERROR_S, ERROR_SQ
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.four_words_separation import WEIGHT_QS, WEIGHT_SQ

WEIGHT_S = measured(
    "ew_s",
    r"\lVert\varepsilon_s(w)\rVert_p",
    "the p-norm of w − s(w)",
    lambda o: o.norm(o.minus(o.w, o.weight.sparse)),
)
WEIGHT_Q = measured(
    "ew_q",
    r"\lVert\varepsilon_q(w)\rVert_p",
    "the p-norm of w − q(w)",
    lambda o: o.norm(o.minus(o.w, o.weight.q)),
)

THEOREM = Theorem(
    slug="weaker_first_loses",
    title="Quantizing can harm less than pruning and still lose by coming first; and S→Q can gain the more, the less "
    "quantizing harms beyond pruning",
    claims=(
        Claim(ERROR_Q, "<", ERROR_S),
        Claim(ERROR_SQ, "<", ERROR_QS),
        Claim(ERROR_Q - ERROR_S, "<", WEIGHT_Q - WEIGHT_S),
        Claim(ERROR_QS - ERROR_SQ, ">", WEIGHT_QS - WEIGHT_SQ),
    ),
    where=(ERROR_Q, ERROR_S, ERROR_SQ, ERROR_QS, WEIGHT_Q, WEIGHT_S, WEIGHT_QS, WEIGHT_SQ),
    domain=None,
    witness=Separation(
        (
            Case.of([7, 0.25, -5.5, 6], int_(4), nm(2, 4), w=[7, 3.5, 0, 3.75]),
            Case.of([7, 1, -5.5, 6.5], hbfp(4), nm(2, 4), w=[7, 0.75, 1, 0]),
            Case.of([7, 2, 5.5, 6], mxfp(E2M1), nm(2, 4), w=[7, 0.5, 3.75, 4]),
        )
    ),
    source=Reference("kim2026order", "abstract alone, whose hypothesis on models it refutes for tensors"),
)
