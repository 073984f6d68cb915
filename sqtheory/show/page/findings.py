"""What a page is made of."""

from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.shares import Pruned, paired
from sqtheory.execution.rules import Rules
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
    rule: int | None = None
    """By which rule of a recipe, counted from 1."""

    @property
    def pipeline(self) -> str:
        """The mask and the format as they are spelled."""
        by = "" if self.rule is None else f"rule {self.rule}: "
        return f"{by}{paired(self.rows[0].order.mask, self.rows[0].order.format)}"


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
    rules: Rules | None = None
    """The recipe, where there is one."""

    @property
    def tensors(self) -> int:
        """How many tensors were compared."""
        return len({row.name for section in self.sections for row in section.rows})
