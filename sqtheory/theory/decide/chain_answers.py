"""What a decision about a chain says: the verdict, and a tensor with what the chain makes of it at each place."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

from sqtheory.alphabet.partition import Shape
from sqtheory.tables import Table, Tabular
from sqtheory.theory.decide.answers import Decision, spell


@final
@dataclass(frozen=True, repr=False)
class ChainRefutation(Tabular):
    """A tensor on which a claim fails, and what the chain makes of it with the mask at each place; in C order.

    Numbers are the exact values of the outputs of the float64 operators.
    """

    shape: Shape
    x: tuple[Fraction, ...]
    places: tuple[tuple[str, tuple[Fraction, ...]], ...]
    sentence: str
    """What fails, in numbers."""
    found_by: str

    def to_dict(self) -> dict[str, Any]:
        """Numbers as strings such as ``23/8``."""
        return {
            "shape": list(self.shape),
            "x": list(map(str, self.x)),
            "orders": [{"order": word, "result": list(map(str, y))} for word, y in self.places],
            "fails": self.sentence,
            "arithmetic": "implementation",
            "found_by": self.found_by,
        }

    def table(self) -> Table:
        """One line for each tensor."""
        rows = tuple((name, spell(values)) for name, values in (("x", self.x), *self.places))
        return Table(("tensor", "entries"), rows, self.sentence)

    def text(self) -> str:
        """One line for each tensor, and what fails."""
        rows = self.table().rows
        width = max(len(name) for name, _ in rows)
        shape = "×".join(map(str, self.shape))
        head = f"witness of shape {shape} ({self.found_by}; checked on the exact values of the float64 operators):"
        return "\n".join([head, *(f"  {name:<{width}} = {entries}" for name, entries in rows), f"  {self.sentence}"])


@final
@dataclass(frozen=True, repr=False)
class ChainDecision(Tabular):
    """The answer to: does the claim hold for every tensor of this shape under this chain?"""

    decision: Decision
    """The verdict, the assumptions, the effort."""
    witness: ChainRefutation | None = None

    @property
    def verdict(self) -> str:
        """Proved, refuted or open."""
        return self.decision.verdict

    @property
    def theorem(self) -> str | None:
        """What proves it."""
        return self.decision.theorem

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        return {**self.decision.to_dict(), "witness": None if self.witness is None else self.witness.to_dict()}

    def table(self) -> Table:
        """One line for each assumption."""
        return self.decision.table()

    def text(self) -> str:
        """The answer in words, one line for each assumption; the witness after it."""
        return "\n".join([self.decision.text(), *([] if self.witness is None else [self.witness.text()])])

    def __str__(self) -> str:
        return self.text()
