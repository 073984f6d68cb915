"""Quantities of one definition, over rows of float64, rationals and terms alike."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sqtheory.theory.claims import Quantity
from sqtheory.theory.instance import FloatRows, Number, rows_of


def measured(name: str, latex: str, meaning: str, read: Callable[[FloatRows], Number]) -> Quantity:
    """The quantity that ``read`` defines: its value in every row of a case is read from rows of float64."""
    return Quantity(name, latex, meaning, lambda case: np.asarray(read(rows_of(case))), read=read)


def readings(*quantities: Quantity) -> dict[Quantity, Callable[[Any], Number]]:
    """How those of these quantities are read that have one definition over all kinds of numbers."""
    return {quantity: quantity.read for quantity in quantities if quantity.read is not None}
