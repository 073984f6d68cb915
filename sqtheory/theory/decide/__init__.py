"""Is a claim true for every tensor under one pipeline? Proved, refuted with a witness, or open."""

from sqtheory.theory.decide.answers import Decision, Discharged, Effort, Refutation, Spent
from sqtheory.theory.decide.engine import decide, usual_norm
from sqtheory.theory.decide.statements import CLAIMS

__all__ = ["CLAIMS", "Decision", "Discharged", "Effort", "Refutation", "Spent", "decide", "usual_norm"]
