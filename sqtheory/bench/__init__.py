"""How long operators take, as a multiple of copying their input, and whether that is far off: ``sqtheory bench``."""

from sqtheory.bench.cases import CASES, Operation
from sqtheory.bench.checking import SpeedCheck, SpeedRatio, check
from sqtheory.bench.measuring import Timing, Timings, measure
from sqtheory.bench.passes import PASSES, Pass

__all__ = ["CASES", "PASSES", "Operation", "Pass", "SpeedCheck", "SpeedRatio", "Timing", "Timings", "check", "measure"]
