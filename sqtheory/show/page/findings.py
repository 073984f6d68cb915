"""What a page is made of."""

from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.shares import Pruned
from sqtheory.execution.selection import Selection
from sqtheory.orders.grid import Row
from sqtheory.theory.expectations import AgreementReport


@final
@dataclass(frozen=True)
class Section:
    """One mask and one format on every tensor: both orders, the predicted order gap where there is one, the recipe."""

    rows: tuple[Row, ...]
    gaps: AgreementReport
    unpredicted: dict[str, int]
    """In how many tensors no gap is predicted, by reason."""
    commands: tuple[str, ...]
    """Command lines that compress as is best here, and check it."""
    pruned: Pruned | None = None
    """What a mask that is asked for a share prunes of all tensors together."""

    @property
    def pipeline(self) -> str:
        """The mask and the format as they are spelled."""
        return f"{self.rows[0].order.mask} with {self.rows[0].order.format}"


@final
@dataclass(frozen=True)
class Findings:
    """A checkpoint under one or more pipelines."""

    checkpoint: str
    version: str
    p: float
    sections: tuple[Section, ...]
    chosen: Selection
    """Which tensors are compared, and why the others are left alone."""
    command: str
    """What made the page."""
