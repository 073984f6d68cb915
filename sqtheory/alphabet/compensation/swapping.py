"""A mask whose entries are swapped until the mean output of the layer loses little (DSnoT), and a format."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.compensation.swap import SWAPS, InputLaw, SwapRule, swapped
from sqtheory.alphabet.procedures.procedure import Procedure
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, Mask


@final
@dataclass(frozen=True)
class Swapping(Procedure):
    """The mask of s after swaps in its groups, q after it or before; jointly, swaps that know q's errors too.

    Q→S masks and swaps q(W) as if it were the weight. The joint pass, S → Q → swaps, keeps m′ ⊙ q(W) at the scales of
    W, where m′ makes up for what rounding adds to the mean output as well. What s prunes may come back for another
    entry of its row and group: a group keeps its number.
    """

    law: InputLaw
    rule: SwapRule = SWAPS
    title = "with swaps in the mask"
    keeps_pattern = False
    on_grid = True

    def mask(self, w: Array, image: Array, s: Sparsifier) -> Mask:
        """The mask of s at w after swaps, for keep ⊙ image in the place of w."""
        return swapped(w, s.mask(w), image, s.groups, self.law, self.rule)

    def sparse(self, w: Array, s: Sparsifier) -> Array:
        return np.where(self.mask(w, w, s), w, w.dtype.type(0))

    def quantized(self, w: Array, q: Quantizer) -> Array:
        return q(w)

    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return q(self.sparse(w, s))

    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        return self.sparse(q(w), s)

    @property
    def has_joint(self) -> bool:
        return True

    def joint(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        image = q(w)
        return np.where(self.mask(w, image, s), image, w.dtype.type(0))
