"""Partitions of a tensor into boxes: scale blocks, mask groups, and whether one cuts the other."""

from sqtheory.alphabet.partition.boxes import Boxes, Where
from sqtheory.alphabet.partition.kinds import Blocks, Channels, Columns, Heads, Rows, Tiles, Whole
from sqtheory.alphabet.partition.partition import Overlap, Partition, Scalar, Shape, Tail

__all__ = [
    "Blocks",
    "Boxes",
    "Channels",
    "Columns",
    "Heads",
    "Overlap",
    "Partition",
    "Rows",
    "Scalar",
    "Shape",
    "Tail",
    "Tiles",
    "Where",
    "Whole",
]
