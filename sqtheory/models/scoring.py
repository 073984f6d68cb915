"""From what a model computes to the loss of every sample: softmax of logits, distance of embeddings."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite
from sqtheory.models.scores import Reals, Scores


def softmax_scores(logits: Array, targets: NDArray[np.integer[Any]]) -> Scores:
    """Mean −ln softmax(logits) at the targets, and the share of them that are largest, of every sample; float64.

    ``logits`` (samples·predictions, classes), ``targets`` (samples, predictions). The first of equal logits counts.
    """
    check_finite(logits, "logits")
    rows, wanted = np.arange(len(logits)), targets.reshape(-1)
    shifted = logits - logits.max(axis=1, keepdims=True)
    normalizer = np.log(np.exp(shifted).sum(axis=1, dtype=np.float64))
    loss = (normalizer - shifted[rows, wanted]).reshape(targets.shape).mean(axis=1)
    hit = (logits.argmax(axis=1) == wanted).reshape(targets.shape).mean(axis=1)
    return Scores(loss, hit, targets.shape[1])


def cosine_scores(embeddings: Array, dense: Array) -> Scores:
    """1 − cos of every row of ``embeddings`` (samples, width) with its row of ``dense``; nothing is right or wrong.

    As ½‖e/‖e‖₂ − d/‖d‖₂‖₂², which is 0 exactly for equal rows and loses no digits near it.
    """
    units = []
    for rows in (embeddings, dense):
        check_finite(rows, "embeddings")
        wide = rows.astype(np.float64)
        units.append(wide / np.linalg.norm(wide, axis=1, keepdims=True))
    losses: Reals = np.square(units[0] - units[1]).sum(axis=1) / 2
    return Scores(losses, np.full(len(losses), np.nan), 0)


def check_finite(outputs: Array, what: str) -> None:
    """Raise NonFinite where a model's outputs are not all real numbers."""
    if not np.isfinite(outputs).all():
        raise NonFinite(f"{what} overflow: the weights of some layer are too large for float32")
