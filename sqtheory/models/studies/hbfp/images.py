"""Small grey images as vectors, and the splits on which training runs are repeated."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.models.evaluation.data import Samples

FOLDS = 5


@final
@dataclass(frozen=True, eq=False)
class Split:
    """Samples to train on and samples held out: vectors (n, inputs), float32, and their classes (n,)."""

    train: Array
    train_classes: NDArray[np.int64]
    test: Array
    test_classes: NDArray[np.int64]

    @property
    def inputs(self) -> int:
        """The length of a sample."""
        return int(self.train.shape[1])

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(max(self.train_classes.max(), self.test_classes.max())) + 1


def fold(samples: Samples, number: int, folds: int = FOLDS) -> Split:
    """The samples whose place is ``number`` modulo ``folds`` held out, the others to train on.

    Every image becomes the means of its 2 × 2 squares, less the mean and over the standard deviation of those of all
    training images. Raises ValueError for images of odd sides.
    """
    vectors = _halved(samples.inputs)
    classes = samples.targets[:, 0].astype(np.int64)
    held = np.arange(len(vectors)) % folds == number
    mean, deviation = np.mean(vectors[~held], dtype=np.float64), np.std(vectors[~held], dtype=np.float64)
    vectors = ((vectors - mean) / deviation).astype(np.float32)
    return Split(vectors[~held], classes[~held], vectors[held], classes[held])


def _halved(images: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    count, height, width = images.shape
    if height % 2 or width % 2:
        raise ValueError(f"images are halved, so their sides must be even, got {height} × {width}")
    squares = images.astype(np.float64).reshape(count, height // 2, 2, width // 2, 2)
    return np.asarray(squares.mean(axis=(2, 4)).reshape(count, -1))
