"""Ties that a tensor brings along: groups whose scores on x itself are equal at the cut."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, StreamedTensor

PIECE = 1 << 20
"""About so many entries of a stored tensor are looked at at once."""


@final
@dataclass(frozen=True)
class SourceTies:
    """How many groups of a mask tie at the cut on x, where x stands for codes and few magnitudes are different."""

    tied: int
    groups: int

    @classmethod
    def together(cls, some: Iterable["SourceTies"]) -> "SourceTies | None":
        """Those of several tensors; None of none."""
        given = list(some)
        return cls(sum(one.tied for one in given), sum(one.groups for one in given)) if given else None

    def __str__(self) -> str:
        share = f" ({100 * self.tied / self.groups:.1f}%)" if self.groups else ""
        return (
            f"The source is quantized: {self.tied} of {self.groups} groups of x{share} tie at the cut there already, "
            "before any other format; which entries they keep, the tie rule decides."
        )


def source_ties(x: Array | StreamedTensor, s: Sparsifier) -> SourceTies | None:
    """The ties of x under s; None where s does not rank entries by what they are.

    A stored tensor is looked at piece by piece where the groups lie along its last axis without a rest.
    """
    if not s.ranks or s.score is None or s.score.is_drawn:
        return None
    groups = s.groups.count(x.shape)
    m, shape = s.groups.run, x.shape
    if not isinstance(x, StreamedTensor):
        return SourceTies(s.tied_groups(x), groups)
    joined = m is not None and s.groups.sides(shape) == (*(1,) * (len(shape) - 1), m) and shape[-1] % m == 0
    if m is None or not (joined and s.by_magnitude):
        return SourceTies(s.tied_groups(x.whole()), groups)
    return SourceTies(sum(s.tied_groups(piece.reshape(-1, m)) for piece in x.pieces(PIECE // m * m)), groups)
