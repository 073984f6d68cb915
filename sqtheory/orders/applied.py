"""The arrays that a sparsifier and a quantizer make of one tensor, in either order."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.arrays import Array, ArrayLike, Mask, as_real, plain_array
from sqtheory.exceptions import NonFinite, first_at


class Order(Enum):
    """What is made of x by a sparsifier s and a quantizer q: q(s(x)), s(q(x)), q(x) on the best mask for it.

    ``joint`` is the one pass that does both, of procedures that have one.
    """

    sq = "S→Q"
    qs = "Q→S"
    gain = "gain"
    joint = "joint"

    def __str__(self) -> str:
        return self.value


ENTRYWISE = (Order.sq, Order.qs, Order.gain)
"""Those that any s and q have."""


@final
class Winner(StrEnum):
    """The order of the smaller error, if there is one."""

    sq = "sq"
    qs = "qs"
    equal = "equal"

    @property
    def sign(self) -> str:
        """How a table writes it."""
        return "=" if self is Winner.equal else Order[self.name].value


@final
@dataclass(frozen=True, eq=False)
class TwoOrders:
    """The arrays that S→Q and Q→S make of x, in the dtype of x.

    S→Q is ``after_mask`` = q(s(x)); Q→S is ``masked_image`` = s(q(x)), ties seeing the original x.
    """

    x: Array
    s: Sparsifier
    q: Operator
    mask: Mask
    """m(x), the mask S→Q uses."""
    image: Array
    """q(x)."""
    image_mask: Mask
    """m(q(x)), the mask Q→S uses."""
    after_mask: Array
    """q(s(x))."""

    @property
    def sparse(self) -> Array:
        """s(x)."""
        return np.where(self.mask, self.x, self.x.dtype.type(0))

    @property
    def masked_image(self) -> Array:
        """s(q(x))."""
        return np.where(self.image_mask, self.image, self.x.dtype.type(0))

    @property
    def reselected(self) -> Mask:
        """Entries of non-zero image that one order keeps and the other prunes."""
        return np.asarray((self.mask != self.image_mask) & (self.image != 0))

    @property
    def swaps(self) -> int:
        """Entries of non-zero image that S→Q keeps and Q→S prunes."""
        return int(np.count_nonzero(self.reselected & self.mask))

    @cached_property
    def tied(self) -> int:
        """Groups whose scores on q(x) tie at the cut, so that the tie rule decides."""
        drawn = self.s.score is not None and self.s.score.is_drawn
        return 0 if drawn else self.s.tied_groups(self.image)


def survivors(kept: Mask, x: NDArray[Any], q: Operator) -> Mask:
    """The kept entries that a block's scale is for: those that are not 0, where q keeps zero; all of them elsewhere."""
    return np.asarray(kept & (x != 0)) if KEEPS_ZERO in q.traits else kept


def both(
    x: ArrayLike, s: Sparsifier, q: Operator, *, mask: Mask | None = None, image: Array | None = None
) -> TwoOrders:
    """Apply S→Q and Q→S to x; ``mask`` = m(x) and ``image`` = q(x) may be given when they are known already."""
    if not isinstance(s, Sparsifier) or not isinstance(q, Operator) or isinstance(q, Sparsifier):
        raise TypeError(f"needed a tensor, a mask and a quantizer, got {s!s} and {q!s}: see sqtheory.parse")
    given = as_real(x)
    kept = s.mask(given) if mask is None else plain_array(mask)
    quantized = q.apply(given, given) if image is None else plain_array(image)
    after = np.where(kept, given, given.dtype.type(0))
    after = q.into(after, after, given)
    if not np.isfinite(after).all():
        where = first_at(~np.isfinite(after))
        raise NonFinite(f"{q} makes {after[where]} of entry {where} of the masked tensor: it has no error")
    return TwoOrders(given, s, q, kept, quantized, s.mask(quantized, given), after)
