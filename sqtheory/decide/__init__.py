"""Is a claim true for every tensor under one pipeline? Proved, refuted with a witness, or open."""

from sqtheory.decide.answers import Decision, Discharged, Effort, Refutation, Spent
from sqtheory.decide.engine import decide, usual_norm
from sqtheory.decide.statements import CLAIMS

__all__ = ["CLAIMS", "Decision", "Discharged", "Effort", "Refutation", "Spent", "decide", "usual_norm"]
