"""The numbers a proof speaks of: one row of a case in exact rationals, or one row of unknowns."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqtheory.theory.claims import Quantity
from sqtheory.theory.instance import Number, PairedInstance

__all__ = ["Atoms", "Model", "Number", "Pairs", "Row"]

Row: TypeAlias = list[Any]
Pairs: TypeAlias = list[tuple[Any, Any]]
Model: TypeAlias = Mapping[Quantity, Callable[[Any], Number]]
"""Each quantity of the claims from the atoms of one row."""


class Atoms(PairedInstance):
    """One row: an instance, and what surrounds every entry.

    Lists over the entries of the row; a model combines them one entry at a time, so that it speaks of rationals and
    of unknowns alike. Maxima and minima are asked of the row, since unknowns cannot be compared.
    """

    @property
    @abstractmethod
    def weight(self) -> "Atoms":
        """The same row of the second operand w."""

    @property
    @abstractmethod
    def by_gain(self) -> list[bool]:
        """What a mask keeps that ranks the entries of a group by what keeping them saves."""

    @property
    @abstractmethod
    def images(self) -> list[Row]:
        """x and what each quantizer of a chain makes of it in turn."""

    @abstractmethod
    def placed(self, k: int) -> Row:
        """What the chain makes of x with the mask after k of its quantizers."""

    @property
    @abstractmethod
    def by_original(self) -> list[bool]:
        """What Q→S keeps where ties of |q(x)| go to the larger |x|."""

    @property
    @abstractmethod
    def cut(self) -> list[int]:
        """1 for an entry whose |q(x)| is above the last kept of its group, 0 for one at it, −1 below."""

    @abstractmethod
    def choose_tied(self, order: Sequence[int], places: Sequence[int], count: int) -> list[int]:
        """Which so many of the tied places the rule of s keeps where the entries of a group lie in this order."""

    @property
    @abstractmethod
    def groups(self) -> list[list[int]]:
        """The places of every mask group of the row."""

    @property
    @abstractmethod
    def around(self) -> Pairs:
        """σ times the levels lo ≤ x/σ < hi, the outermost two where x/σ lies beyond."""

    @property
    @abstractmethod
    def ends(self) -> Pairs:
        """What x goes to by rounding down and by rounding up; equal on a level and beyond the grid."""

    @property
    @abstractmethod
    def masked_ends(self) -> Pairs:
        """The same of s(x)."""

    @abstractmethod
    def ends_of(self, factor: Number) -> Pairs:
        """The ends of the cell of every entry times a factor, at the scales of x."""

    @property
    @abstractmethod
    def lower_halves(self) -> Row:
        """h⁻ of every image: from it down to the lower end of its cell."""

    @property
    @abstractmethod
    def half_steps(self) -> Row:
        """Half of σ times the gap of the magnitudes around |x|/σ."""

    @property
    @abstractmethod
    def nearest(self) -> Row:
        """The distance of every entry from the nearest of σ times a level."""

    @property
    @abstractmethod
    def scale(self) -> Row:
        """σ(x), the scale of every entry's block."""

    @property
    @abstractmethod
    def half_step(self) -> Number:
        """Half of σ times the least distance of two levels, for a row of one scale."""

    @property
    @abstractmethod
    def rounded_differences(self) -> Row:
        """The image of x_1, x_2 − x_1, …, x_T − x_{T−1}."""

    @property
    @abstractmethod
    def doubled(self) -> Row:
        """What x goes to under twice its scales."""

    @property
    @abstractmethod
    def halved(self) -> Row:
        """What x goes to in blocks half as long."""

    @property
    @abstractmethod
    def rounded_rests(self) -> tuple[Row, Row]:
        """The images of x − q(s(x)) and of x − s(q(x))."""

    @property
    @abstractmethod
    def steps(self) -> Number:
        """The largest level over the least distance of two."""

    @abstractmethod
    def shifted(self, j: int) -> Row:
        """q(2^j x)."""

    @abstractmethod
    def weighed(self, values: Row) -> Row:
        """n_i times every value, n_i |x_i| the scores of s."""

    @abstractmethod
    def budget(self, group: Sequence[int]) -> int:
        """How many entries of a group are kept."""

    @abstractmethod
    def top_of_groups(self, values: Row) -> list[bool]:
        """Where the largest of these values are, as many of every group as are kept, the first of equals."""

    @abstractmethod
    def top_of_row(self, values: Row) -> list[bool]:
        """Where the largest of these values are, as many of the row as are kept, the first of equals."""

    @abstractmethod
    def largest(self, values: Iterable[Number]) -> Number:
        """The largest of these numbers, none of which is negative; 0 if there are none."""

    @abstractmethod
    def least(self, values: Iterable[Number]) -> Number:
        """The least of these numbers."""

    @abstractmethod
    def total(self, powers: Iterable[Number]) -> Number:
        """Σ of powers of parts of a row; their maximum for p = ∞."""

    @abstractmethod
    def share(self, value: Number, low: Number, high: Number) -> Number:
        """(value − low)/(high − low), the chance that unbiased rounding takes the value up; 0 if both are one."""

    def most(self, errors: Iterable[Number]) -> Number:
        """max |e|; 0 if there are none."""
        return self.largest(map(abs, errors))
