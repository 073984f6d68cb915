"""What an order costs beside the best that its format and its mask could do: the optimum over mask, scale and codes."""

from sqtheory.price.block import Optimum, optimum
from sqtheory.price.ratios import Prices, price_table, prices
from sqtheory.price.sweep import Grid, fit

__all__ = ["Grid", "Optimum", "Prices", "fit", "optimum", "price_table", "prices"]
