"""How a mask and a format are put to a weight: entry by entry, or with other entries making up for what is lost."""

from sqtheory.alphabet.procedures.conjugated import Conjugated
from sqtheory.alphabet.procedures.error_feedback import ErrorFeedback
from sqtheory.alphabet.procedures.greedy_removal import GreedyRemoval
from sqtheory.alphabet.procedures.known_inputs import KnownInputs
from sqtheory.alphabet.procedures.of_dense import OfDense
from sqtheory.alphabet.procedures.plain import PLAIN, Plain
from sqtheory.alphabet.procedures.procedure import Procedure
from sqtheory.alphabet.procedures.pruning_feedback import PruningFeedback
from sqtheory.alphabet.procedures.wrapping import Wrapping

__all__ = [
    "PLAIN",
    "Conjugated",
    "ErrorFeedback",
    "GreedyRemoval",
    "KnownInputs",
    "OfDense",
    "Plain",
    "Procedure",
    "PruningFeedback",
    "Wrapping",
]
