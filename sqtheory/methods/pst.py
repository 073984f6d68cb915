"""PST: weights are scored by magnitude, plus a low-rank matrix, plus a number for every row and every column."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.arrays import Array
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

ROW = np.array([[7, 1.625, 1.375]])


def scores(weight: Array, low_rank: tuple[Array, Array], rows: Array, columns: Array) -> Array:
    """|W| + AB + r1ᵀ + 1cᵀ for A (outputs, rank), B (rank, inputs), r (outputs,), c (inputs,)."""
    return np.asarray(np.abs(weight) + low_rank[0] @ low_rank[1] + rows[:, None] + columns[None, :])


def parameters(outputs: int, inputs: int, rank: int) -> int:
    """(rank + 1)(outputs + inputs): what such scores hold, instead of outputs·inputs."""
    return (rank + 1) * (outputs + inputs)


def few() -> bool:
    """At width 768 and rank 8 it is 2.3 % of a matrix; rank + 2 bounds the rank of what is added."""
    added = scores(np.zeros((6, 6)), (np.eye(6, 2), np.eye(2, 6)), np.arange(6.0), np.arange(6.0) ** 2)
    return parameters(768, 768, 8) * 1000 // 768**2 == 23 and int(np.linalg.matrix_rank(added)) == 4


def first_loses() -> bool:
    """A column's ½ keeps 1.375 of (1.625, 1.375); codes (2, 1) keep 2, which leaves less error."""
    none = (np.zeros((1, 1)), np.zeros((1, 3)))
    codes = int_(4)(ROW)
    lost = []
    for seen in (ROW, codes):
        dropped = int(np.argmin(scores(seen, none, np.zeros(1), np.array([0.0, 0, 0.5]))))
        lost.append(float(((ROW - np.where(np.arange(3) == dropped, 0, codes)) ** 2).sum()))
    return lost[1] < lost[0]


METHOD = Idea(
    name="pst",
    title="PST: scores of weights from small matrices",
    source=Reference("li2022pst", "abstract; low-rankness and structuredness, added to magnitude"),
    computes="the scores, their count and rank, and a row on which rounding first does better.",
    outside="the training of weights and scores.",
    evidence=(
        Runs("they hold a few percent of what a matrix of scores holds", OrderVerdict.none, few),
        Runs(
            "a score that is not by magnitude may keep the smaller of two; codes part them and keep the larger",
            OrderVerdict.fails,
            first_loses,
            through=(OrderChannel.selection,),
        ),
    ),
)
