"""Sirius: neurons are chosen on the prompt; every so many tokens the whole model corrects what has drifted."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

PROMPT = np.array([[3.0, 0, 1, 0], [0, 2, 1, 0]])
TOKEN = np.array([0.0, 1, 1, 4])


def from_prompt(activations: Array, k: int) -> tuple[int, ...]:
    """The k neurons of largest Σ over tokens of (a/‖a‖)², of equal ones those of least index; (tokens, neurons).

    Raises ValueError for a token that is 0.
    """
    norms = np.linalg.norm(activations, axis=1, keepdims=True)
    if not norms.all():
        raise ValueError("a token that is 0 has no shares")
    return tuple(sorted(np.argsort(-((activations / norms) ** 2).sum(axis=0), kind="stable")[:k].tolist()))


def regret(token: Array, chosen: tuple[int, ...]) -> float:
    """What of ‖a‖² the k largest of a token keep beyond those that were chosen."""
    own = np.sort(token**2)[::-1][: len(chosen)].sum()
    return float(own - (token**2)[list(chosen)].sum())


def drift(rate: float, step: float, every: int, tokens: int, floor: float = 0.0) -> list[float]:
    """e ← a·e + δ token by token, set to the floor before each of every K-th."""
    made, e = [], floor
    for t in range(tokens):
        e = rate * (floor if t % every == 0 else e) + step
        made.append(e)
    return made


def bounded() -> bool:
    """At most Kδ where errors last, δ(1 − aᴷ)/(1 − a) where they fade."""
    return max(drift(1.0, 0.25, 8, 100)) == 2.0 and max(drift(0.5, 1.0, 4, 100)) == (1 - 0.5**4) / 0.5


def prompts_mislead() -> bool:
    """A token that lives on a neuron of which the prompt knew nothing loses nearly all."""
    chosen = from_prompt(PROMPT, 2)
    return chosen == (0, 1) and regret(TOKEN, chosen) == 16.0 and regret(PROMPT[0], (0, 2)) == 0


def floored() -> bool:
    """A corrected state on a grid of step 1 is off by ½ and less: that is where each stretch begins."""
    state = np.array([7, 2.5, 1.25])
    floor = float(np.abs(state - int_(4)(state)).max())
    return floor == 0.5 and max(drift(1.0, 0.25, 8, 100, floor)) == 2.5


METHOD = Idea(
    name="sirius",
    title="Sirius: sparsity of the context, corrected by the whole model",
    source=Reference("zhou2024sirius", "abstract; the drift is that of any error that adds up between corrections"),
    computes="what a choice on the prompt loses on a token, and how far errors drift between corrections.",
    outside="trees of tokens, roll-back and speed.",
    evidence=(
        Runs("corrections every K tokens bound the drift by Kδ", OrderVerdict.none, bounded),
        Runs("the choice on a prompt can lose nearly all of a token", OrderVerdict.none, prompts_mislead),
        Runs("a quantized corrector leaves half a step to begin with", OrderVerdict.none, floored),
    ),
)
