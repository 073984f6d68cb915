"""What an order costs beside the best that its format and its mask could do: the optimum over mask, scale and codes."""

from sqtheory.theory.price.block import Optimum, optimum
from sqtheory.theory.price.ratios import Prices, price_table, prices
from sqtheory.theory.price.sweep import LevelGrid, fit, searched

__all__ = ["LevelGrid", "Optimum", "Prices", "fit", "optimum", "price_table", "prices", "searched"]
