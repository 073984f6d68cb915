"""How a mask and a format are put to a weight: entry by entry, or with other entries making up for what is lost."""

from sqtheory.alphabet.procedures.plain import PLAIN, Plain
from sqtheory.alphabet.procedures.procedure import Procedure

__all__ = ["PLAIN", "Plain", "Procedure"]
