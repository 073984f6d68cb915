"""How long operators take, as a multiple of copying their input, and whether that is far off: ``sqtheory bench``."""

from sqtheory.bench.cases import CASES, Case
from sqtheory.bench.checking import Check, Comparison, check
from sqtheory.bench.measuring import Measured, Report, measure
from sqtheory.bench.passes import PASSES, Pass

__all__ = ["CASES", "PASSES", "Case", "Check", "Comparison", "Measured", "Pass", "Report", "check", "measure"]
