"""With scales of least error among one set of numbers, halving the blocks never errs more.

That finer blocks can err more is no matter of blocks: it takes a rule that leaves no choice, such as a maximum over
max Γ rounded to E4M3, whose subnormal numbers lie far apart. (12, 8) 2^−9 is exact in one block of σ = 2^−8; alone
8 · 2^−9 would have σ = 4/3 · 2^−9, gets 2^−9, and saturates at 6. The claim is that of
`schaefer2026finer`, of which the abstract was read.
"""

from dataclasses import replace
from math import inf

from sqtheory.alphabet.formats import E2M1, E3M2, E4M3, E8M0
from sqtheory.alphabet.partition import Blocks, Shape
from sqtheory.alphabet.quantizers import Quantizer, cast, int_, mxfp, scaled
from sqtheory.alphabet.scaling import BlockError, Frozen, StoredScale, SweptScale
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import Undefined
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_Q, of_pipeline
from sqtheory.theory.theorem import Theorem


def halved_image(case: Case) -> Array:
    """The image of x in blocks half as long. Raises Undefined where blocks are no runs of an even length."""
    run = case.q.partition.run
    if run is None or run % 2 or not case.q.partition.along_rows:
        raise Undefined(f"blocks of {case.q.partition} are not runs of an even length")
    return replace(case.q, partition=Blocks(run // 2)).apply(case.x, case.x)


def _even(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    run = q.partition.run
    even = run is not None and run % 2 == 0 and q.partition.along_rows
    return Ruling(even, f"blocks of {q.partition} {'halve' if even else 'do not halve'}")


def _chosen(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    if not (q.nearest and q.saturate):
        return Ruling(False, f"{q} does not round to the nearest level in range")
    one = q.scaling.constant is not None
    known = one or (q.scaling.fits(p) and q.scaling.stored_as is not None and not q.scaling.max_determined)
    return Ruling(known, f"scales by {q.scaling} {'are' if known else 'are not'} chosen so from one set")


ERROR_HALVED = Quantity(
    "e_halved",
    r"\lVert x-q_{B/2}(x)\rVert_p",
    "the p-norm of what q errs in blocks half as long",
    lambda case: case.norms(case.x - halved_image(case)),
)
CHOSEN = of_pipeline(
    "chosen",
    "the scale of a block is one of least ‖x_B − q_σ(x_B)‖_p among numbers that are the same for every block, q_σ to "
    "nearest",
    _chosen,
)
HALVES = of_pipeline("even_blocks", "blocks are runs of an even number of entries", _even, defining=True)
UNIT = 2.0**-9

THEOREM = Theorem(
    slug="finer_blocks",
    title="With scales of least error among one set of numbers, blocks half as long never err more",
    claims=(Claim(ERROR_HALVED, "<=", ERROR_Q),),
    where=(ERROR_HALVED, ERROR_Q),
    given=(
        CHOSEN.shown(Case.of([12 * UNIT, 8 * UNIT], scaled(E2M1, block=2, scaling=StoredScale(E4M3)))),
        HALVES.shown(Case.of([3, 1, 2], scaled(E2M1, block=3, scaling=SweptScale(E4M3)))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(scaled(E2M1, block=8, scaling=SweptScale(E2M1, e)) for e in BlockError),
            *(int_(3, block=4, scaling=SweptScale(E3M2, e)) for e in BlockError),
            *(cast(E2M1, block=2), cast(E2M1, block=4), int_(3, block=8, scaling=Frozen(FixedArray(0.5)))),
        ),
        p=OneOf(1.0, 2.0, inf),
    ),
    witness=Attained(Case.of([5, 0], mxfp(E2M1, block=2, scaling=SweptScale(E8M0, BlockError.mae)))),
    source=Reference("schaefer2026finer", "abstract: the claim; the proof is ours"),
)
