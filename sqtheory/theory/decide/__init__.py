"""Is a claim true for every tensor under one pipeline? Proved, refuted with a witness, or open."""

from sqtheory.theory.decide.answers import Decision, Discharged, Effort, Refutation, Spent
from sqtheory.theory.decide.chains import decide_chain
from sqtheory.theory.decide.engine import decide
from sqtheory.theory.decide.questions import CLAIMS, usual_norm

__all__ = ["CLAIMS", "Decision", "Discharged", "Effort", "Refutation", "Spent", "decide", "decide_chain", "usual_norm"]
