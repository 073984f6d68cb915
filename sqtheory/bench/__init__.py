"""How long operators take, as a multiple of copying their input: what ``sqtheory bench`` shows."""

from sqtheory.bench.cases import CASES, Case
from sqtheory.bench.measuring import Measured, Report, measure

__all__ = ["CASES", "Case", "Measured", "Report", "measure"]
