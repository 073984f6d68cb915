"""The six ways in which the order of a mask and a format can come to matter."""

from enum import Enum
from typing import final


@final
class OrderChannel(Enum):
    """One of them, by its symbol and the question that opens it."""

    selection = "M", "q changes which entries rank first"
    scale = "Σ", "the mask changes the scale of a block that lives on"
    zero = "Z", "q of 0 is not 0"
    compensation = "C", "entries that stay make up for others"
    transform = "T", "mask and format act in another basis than the weight's"
    operand = "O", "the error is that of a product whose other operand counts"

    def __str__(self) -> str:
        return self.value[0]

    @property
    def says(self) -> str:
        """What opens it."""
        return self.value[1]


def opened(symbols: str) -> tuple[OrderChannel, ...]:
    """The channels of these symbols, in their own order."""
    return tuple(channel for channel in OrderChannel if str(channel) in symbols)


def symbols(channels: tuple[OrderChannel, ...]) -> str:
    """As in ``MΣ``; ``–`` for none."""
    return "".join(str(channel) for channel in OrderChannel if channel in channels) or "–"
