"""What an order costs beside the best that its format and its mask could do: the optimum over mask, scale and codes."""

from sqtheory.price.block import Optimum, optimum
from sqtheory.price.ratios import Prices, price_table, prices

__all__ = ["Optimum", "Prices", "optimum", "price_table", "prices"]
