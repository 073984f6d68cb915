"""MobileNets: a convolution in depth, then one of 1×1, instead of one of both."""

from fractions import Fraction

from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference


def products(size: int, inputs: int, outputs: int, separable: bool) -> int:
    """Multiplications for each place of a convolution of size² places, inputs and outputs channels."""
    return size**2 * inputs + inputs * outputs if separable else size**2 * inputs * outputs


def share() -> bool:
    """1/outputs + 1/size² of the products, whatever the inputs are."""
    shapes = [(k, n, m) for k in (1, 3, 5) for n in (1, 8, 24) for m in (1, 16, 96)]
    return all(
        Fraction(products(k, n, m, True), products(k, n, m, False)) == Fraction(1, m) + Fraction(1, k * k)
        for k, n, m in shapes
    )


METHOD = Idea(
    name="mobilenet",
    title="MobileNets: convolutions in depth and across, apart",
    source=Reference("howard2017mobilenets", "§3.1"),
    computes="the share of products that is left.",
    outside="an architecture, searched for and trained.",
    evidence=(Runs("1/outputs + 1/size² of the products are left, at any width", OrderVerdict.none, share),),
)
