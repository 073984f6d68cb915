"""How much each token counts in the second moments of a layer's inputs: XᵀRX, R diagonal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np

from sqtheory.arrays import Array

LEAST, MOST = 1.0, 3.0
"""Weights before they are brought to a sum of n (`sung2025rsq`, §4.2 and its published settings)."""
Weigh: TypeAlias = Callable[[str, Array, Array], None]
"""What is told the name of a linear, its inputs (batch, positions, inputs) and their weights (batch, positions)."""


def token_weights(received: Array) -> Array:
    """r_t of every token of a sample, mapped linearly from the range of what is received to [1, 3], then to a sum of n.

    ``received`` (batch, positions); the same shape, float64. A sample whose tokens all receive the same has weights 1;
    published code divides 0 by 0 there.
    """
    low, high = (pick(received, axis=1, keepdims=True) for pick in (np.min, np.max))
    width = np.where(high > low, high - low, 1.0)
    raised = LEAST + (MOST - LEAST) * (received - low) / width
    return np.asarray(raised * (received.shape[1] / raised.sum(axis=1, keepdims=True)), np.float64)


@final
@dataclass(frozen=True, eq=False)
class AttentionWeighting:
    """The inputs of every linear of a batch, with the weights that the attention of its block gives their tokens.

    Linears before the attention of their block wait for it.
    """

    weigh: Weigh
    _weights: dict[str, Array] = field(default_factory=dict, init=False)
    _waiting: list[tuple[str, Array]] = field(default_factory=list, init=False)

    def see(self, name: str, x: Array) -> None:
        """The inputs of a linear, copied where they must wait."""
        for block, weights in self._weights.items():
            if name.startswith(f"{block}."):
                return self.weigh(name, x, weights)
        self._waiting.append((name, x.copy()))

    def attending(self, block: str, received: Array) -> None:
        """What the tokens receive in the attention of a block."""
        self._weights[block] = token_weights(received)
        waiting = self._waiting.copy()
        self._waiting.clear()
        for name, x in waiting:
            self.see(name, x)

    def end(self) -> None:
        """Forget the weights of the batch. Raises ValueError naming a linear for which there were none."""
        if self._waiting:
            raise ValueError(f"tokens of the inputs of {self._waiting[0][0]!r} receive no attention: it has no weights")
        self._weights.clear()
