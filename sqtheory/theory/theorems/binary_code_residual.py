"""What binary codes fitted greedily leave, and that least squares and nearest codes take no less."""

from sqtheory.alphabet.binary.fitting import errors, greedy, refined
from sqtheory.alphabet.quantizers import bcq
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem


def left(case: Case, bits: int) -> Array:
    """‖r‖² after so many bits."""
    return errors(case.x, greedy(case.x, bits))


ENERGY = Quantity(
    "energy",
    r"\lVert x\rVert_2^2",
    "the squared norm of x",
    lambda case: (case.x**2).sum(axis=1),
)
FIRST = Quantity("left_1", r"\lVert r_1\rVert_2^2", "what is left of it by the best α₁ b₁", lambda case: left(case, 1))
SECOND = Quantity(
    "left_2", r"\lVert r_2\rVert_2^2", "what α₂ b₂, the best for r₁, leaves of that", lambda case: left(case, 2)
)
TAKEN = Quantity(
    "taken_1",
    r"n\,(\overline{|x|})^2",
    "n times the square of the mean magnitude of x",
    lambda case: case.x.shape[1] * greedy(case.x, 1).scales[:, 0] ** 2,
)
TAKEN_AGAIN = Quantity(
    "taken_2",
    r"n\,(\overline{|r_1|})^2",
    "n times the square of the mean magnitude of r₁ = x − α₁ b₁",
    lambda case: case.x.shape[1] * greedy(case.x, 2).scales[:, 1] ** 2,
)
CAPTURED = Quantity(
    "captured",
    r"\lVert x\rVert_2^2-\lVert x-\alpha_1'b_1'-\alpha_2'b_2'\rVert_2^2",
    "what two bits take with the scales by least squares for b₁ and b₂, and then the nearest codes for these scales",
    lambda case: (case.x**2).sum(axis=1) - errors(case.x, refined(case.x, greedy(case.x, 2))),
)

THEOREM = Theorem(
    slug="binary_code_residual",
    title="Every greedy bit takes n times the squared mean magnitude; least squares and nearest codes take no less",
    claims=(
        Claim(FIRST, "==", ENERGY - TAKEN),
        Claim(SECOND, "==", FIRST - TAKEN_AGAIN),
        Claim(TAKEN + TAKEN_AGAIN, "<=", CAPTURED),
    ),
    where=(ENERGY, FIRST, SECOND, TAKEN, TAKEN_AGAIN, CAPTURED),
    domain=Domain(x=Arrays(8, kinds=(normal, ties, one_signed, heavy), subnormal=False), q=OneOf(bcq(2))),
    witness=Attained(Case.of([4, 2, 1, 1], bcq(2))),
    source=Reference("xu2018alternating", "§3 and Algorithm 2"),
    unconditional=True,
)
