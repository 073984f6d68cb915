"""ShortGPT: layers whose output points where their input does are left out; BlockPruner leaves out half layers."""

import numpy as np

from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

X = np.array([[3.0, 4], [-5, 12]])


def influence(given: Array, made: Array) -> float:
    """1 − mean cos(x, f(x)) over tokens; given and made: (tokens, width). Raises ValueError for a token that is 0."""
    norms = np.linalg.norm(given, axis=1) * np.linalg.norm(made, axis=1)
    if not norms.all():
        raise ValueError("a token that is 0 has no direction")
    return float(1 - np.mean(np.sum(given * made, axis=1) / norms))


def blind_to_length() -> bool:
    """A layer that doubles every token has influence 0; left out, half of its output is lost."""
    return influence(X, 2 * X) == 0 and bool(np.linalg.norm(2 * X - X) / np.linalg.norm(2 * X) == 0.5)


def not_a_sum() -> bool:
    """Two quarter turns, one back: each has influence 1, both together are nothing."""
    turn = np.array([[0.0, -1], [1, 0]])
    return (
        influence(X, X @ turn) == 1 == influence(X @ turn, X @ turn @ turn.T) and influence(X, X @ turn @ turn.T) == 0
    )


METHOD = Idea(
    name="shortgpt",
    title="ShortGPT: layers of least influence are left out",
    source=Reference("men2024shortgpt", "§3.2, block influence"),
    computes="the influence of a layer, and what it does not see.",
    outside="which layers of a trained model are left out.",
    evidence=(
        Runs(
            "it does not see lengths: of a layer of influence 0 half of the output can be lost",
            OrderVerdict.none,
            blind_to_length,
        ),
        Runs(
            "it does not add up: of two layers of influence 1 both can be left out at no loss, which a search one by "
            "one, as BlockPruner's, does not find either",
            OrderVerdict.none,
            not_a_sum,
        ),
    ),
)
