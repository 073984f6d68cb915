"""Orthogonal changes of the basis in which a weight's inputs are written."""

from sqtheory.alphabet.transforms.hadamard import block_of, hadamard, random_signs, randomized_hadamard
from sqtheory.alphabet.transforms.principal import PrincipalAxes, axes_by_power, principal_axes

__all__ = [
    "PrincipalAxes",
    "axes_by_power",
    "block_of",
    "hadamard",
    "principal_axes",
    "random_signs",
    "randomized_hadamard",
]
