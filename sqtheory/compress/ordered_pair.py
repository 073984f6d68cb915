"""One tensor under a mask and a format in one order, as values and as codes."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.storage import Index
from sqtheory.arrays import Array, Mask
from sqtheory.files.packing import Packed, pack_image, pack_kept, pack_values
from sqtheory.orders.applied import Order
from sqtheory.orders.optimum import gain_mask


@final
@dataclass(frozen=True)
class OrderedPair:
    """x ↦ q(s(x)), s(q(x)) or m* ⊙ q(x), m* the best mask for q(x) in the norm p."""

    s: Sparsifier
    q: Quantizer
    order: Order
    p: float
    frozen_scale: bool
    """S→Q at the scales of x, as the others are anyway."""

    def image(self, x: Array) -> Array:
        """The result in the dtype of x, a new array. Raises what s and q raise."""
        s, q = self.s, self.q
        if self.order is Order.qs:
            return (q >> s)(x, out=np.empty_like(x))
        if self.order is Order.gain:
            image = q(x)
            np.copyto(image, 0, where=~self._best(x, image, s))
            return image
        if self.frozen_scale:
            y = s(x)
            return q.frozen(x).into(y, y, x)
        return (s >> q)(x, out=np.empty_like(x))

    def packed(self, x: Array, index: Index | None = None) -> Packed:
        """The codes of ``image``; ``unpack`` gives it bit for bit. Raises what s, q and ``pack_image`` raise."""
        s, q = self.s, self.q
        if self.order is Order.qs:
            return pack_image(x, q >> s, index=index)
        if self.order is Order.gain:
            image = q(x)
            kept = self._best(x, image, s)
        elif self.frozen_scale:
            kept = s.mask(x)
            image = np.where(kept, x, x.dtype.type(0))
            image = q.frozen(x).into(image, image, x)
            if not q.format.has_zero:  # pruned entries come back as other levels
                return pack_values(image, q, q.scales(x))
        else:
            return pack_image(x, s >> q, index=index)
        return pack_kept(image, q, q.scales(x), s, kept, f"m * {q}, m by {s}", index=index)

    def _best(self, x: Array, image: Array, s: Sparsifier) -> Mask:
        """The mask of the optimum of ``order``, group by group where groups have a budget of their own."""
        if not s.fixed_budget or not x.ndim:
            return gain_mask(x, image, s, self.p)
        kept = np.empty(x.shape, np.bool_)
        for cut in s.groups.slabs(x.shape):
            kept[cut] = gain_mask(x[cut], image[cut], s, self.p)
        return kept
