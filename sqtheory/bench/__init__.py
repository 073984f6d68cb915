"""How long verbs and operators take, as ratios, and whether that is far off: ``sqtheory bench``."""

from sqtheory.bench.builds import Build, ProcessCost
from sqtheory.bench.cases import CASES, Operation
from sqtheory.bench.checking import SpeedCheck, SpeedRatio, check
from sqtheory.bench.comparing import Bench
from sqtheory.bench.comparison import BuildComparison, Line
from sqtheory.bench.measuring import Timing, Timings, measure
from sqtheory.bench.passes import PASSES, Pass
from sqtheory.bench.products import ProductRate, ProductRates, measure_products
from sqtheory.bench.rows import BenchRow, rows

__all__ = [
    "CASES",
    "PASSES",
    "Bench",
    "BenchRow",
    "Build",
    "BuildComparison",
    "Line",
    "Operation",
    "Pass",
    "ProcessCost",
    "ProductRate",
    "ProductRates",
    "SpeedCheck",
    "SpeedRatio",
    "Timing",
    "Timings",
    "check",
    "measure",
    "measure_products",
    "rows",
]
