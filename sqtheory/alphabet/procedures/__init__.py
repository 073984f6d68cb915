"""How a mask and a format are put to a weight: entry by entry, or with other entries making up for what is lost."""

from sqtheory.alphabet.procedures.conjugated import Conjugated
from sqtheory.alphabet.procedures.of_dense import OfDense
from sqtheory.alphabet.procedures.plain import PLAIN, Plain
from sqtheory.alphabet.procedures.procedure import Procedure
from sqtheory.alphabet.procedures.wrapping import Wrapping

__all__ = ["PLAIN", "Conjugated", "OfDense", "Plain", "Procedure", "Wrapping"]
