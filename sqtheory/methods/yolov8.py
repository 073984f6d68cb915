"""A compression framework for YOLOv8: channels go by the factor γ of batch normalization, which folds into weights."""

import numpy as np

from sqtheory.alphabet.partition import Rows, Whole
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import fixed
from sqtheory.arrays import Array, FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference

W = np.array([[7.0, -3, 2, 1], [6, 1, -5, 2]])
GAMMA, BETA = np.array([0.25, 2.0]), np.array([0.5, -1])
MEAN, DEVIATION = np.array([1.0, -2]), np.array([0.125, 4.0])


def folded(weight: Array, gamma: Array, beta: Array, mean: Array, deviation: Array) -> tuple[Array, Array]:
    """γ/σ W and β − γμ/σ: the convolution that gives γ(Wx − μ)/σ + β; (channels, inputs) and (channels,).

    Raises ValueError for a deviation that is not positive.
    """
    if (deviation <= 0).any():
        raise ValueError("deviations are positive: a batch's variance and its ε are one number here")
    by = gamma / deviation
    return by[:, None] * weight, beta - by * mean


def gamma_is_not_importance() -> bool:
    """γ and β of a channel over 16, what reads it times 16: after a ReLU nothing changes, but γ's rank does."""
    reader, x = np.array([[1.0, 1]]), np.array([1.0, 2, 0, -1])
    by = np.array([1.0, 1 / 16])

    def made(gamma: Array, beta: Array, read: Array) -> Array:
        w, b = folded(W, gamma, beta, MEAN, DEVIATION)
        return np.asarray(read @ np.maximum(w @ x + b, 0))

    same = np.array_equal(made(GAMMA, BETA, reader), made(GAMMA * by, BETA * by, reader / by))
    return same and int(np.argmin(GAMMA)) == 0 and int(np.argmin(GAMMA * by)) == 1


def fold_first() -> bool:
    """With a scale for each channel folding and quantizing commute, exactly by powers of two; with one for all not."""
    ways = []
    for per in (Rows(), Whole()):
        q = int_(4, per=per)
        ways.append([folded(q(W), GAMMA, BETA, MEAN, DEVIATION)[0], q(folded(W, GAMMA, BETA, MEAN, DEVIATION)[0])])
    return np.array_equal(ways[0][0], ways[0][1]) and not np.array_equal(ways[1][0], ways[1][1])


METHOD = Idea(
    name="yolov8",
    title="A compression framework for YOLOv8: channels by γ, then distillation",
    source=Reference("sabaghian2025yolov8", "abstract; channels by the scale of batch normalization"),
    computes="the folded convolution, what γ does not see, and when folding and quantizing commute.",
    outside="training with a penalty on γ, detection, speed; its distillation is cwd.",
    evidence=(
        Runs(
            "γ ranks channels by how a network is written, not by what it does",
            OrderVerdict.none,
            gamma_is_not_importance,
        ),
        Runs("fold, then quantize: only scales for each channel make it no matter", OrderVerdict.none, fold_first),
        OnWeight(
            "with one scale for all a channel that goes takes the largest folded weight along: the scale changes",
            OrderVerdict.fails,
            FixedArray([[7.0, 1], [3, 2]]),
            Pair(fixed([[False, False], [True, True]]), int_(4, per=Whole())),
        ),
    ),
)
