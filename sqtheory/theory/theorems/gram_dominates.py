"""When the tensor decides for the layer: uncorrelated inputs, of one power within each group of the mask."""

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint, nvfp4
from sqtheory.alphabet.rounding import floor, toward_zero
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import Adversarial, high_index
from sqtheory.arrays import Array, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim
from sqtheory.theory.domain import KINDS, Arrays, Domain, OneOf
from sqtheory.theory.quantities import MAGNITUDE, ONE_SCALE, ORDERED, SIGMA, Z, decided_by_tensor, of_weight
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, LAYER_QS, LAYER_SQ, matrix

IDENTITY = np.eye(INPUTS).ravel()
HADAMARD = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], np.float64)


def orthogonal(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Four samples with orthogonal columns: a Hadamard or diagonal matrix, columns scaled together or in two pairs."""
    rows = shape[0]
    base = np.where(rng.random((rows, 1, 1)) < 0.5, HADAMARD, np.eye(INPUTS)) * rng.choice(
        [-1.0, 1.0], (rows, INPUTS, 1)
    )
    first, second = rng.integers(1, 9, (2, rows)) / 4
    pairs = np.stack([first, np.where(rng.random(rows) < 0.75, first, second)], axis=1)
    return np.asarray((base * np.repeat(pairs, 2, axis=1)[:, None, :]).reshape(shape).astype(dtype))


def _uncorrelated(case: Case) -> Mask:
    samples = matrix(case.x)
    moments = np.einsum("bni,bnj->bij", samples, samples)
    power = np.einsum("bii->bi", moments)
    alone = (moments * (1 - np.eye(INPUTS)) == 0).all(axis=(1, 2))
    everywhere = np.tile(power, (1, samples.shape[1]))
    level = case.groups.reduce(everywhere, lambda rows: np.asarray(rows.max(axis=1) == rows.min(axis=1)))
    return np.asarray(alone & level.reshape(len(case), -1).all(axis=1))


UNCORRELATED = Assumption(
    "uncorrelated",
    "Σ_x is diagonal, and constant within each group of the mask",
    _uncorrelated,
    decided_by_tensor,
)

THEOREM = Theorem(
    slug="gram_dominates",
    title="Inputs uncorrelated and of one power per mask group: S→Q loses no more of a layer's output than Q→S",
    claims=(Claim(LAYER_SQ, "<=", LAYER_QS),),
    where=(LAYER_SQ, LAYER_QS),
    given=(
        of_weight(Z).shown(Case.of(IDENTITY, bcq(2), nm(1, 2), w=[3, -1] * 8)),
        of_weight(SIGMA).shown(
            Case.of(IDENTITY, int_(4, scaling=Percentile(50), block=4), nm(2, 4), w=[0, 1, 1, 1] * 4)
        ),
        of_weight(ORDERED).shown(
            Case.of(IDENTITY, int_(4, rounding=floor), nm(2, 4), w=[7, 2.875, -2.8125, 0] * 4),
        ),
        of_weight(MAGNITUDE).shown(
            Case.of(
                IDENTITY, int_(4), nm(2, 4, score=wanda(np.diag([8, 1.375, 1.0, 1.0] * 4))), w=[7, 2.375, 2.625, 0] * 4
            ),
        ),
        of_weight(ONE_SCALE).shown(
            Case.of(IDENTITY, hbfp(4, block=2), nm(3, 4), w=[7, 0.5, 0.4375, 1] * 4),
        ),
        UNCORRELATED.shown(
            Case.of(np.diag([1.0, 8, 1, 1]).ravel(), int_(4), nm(2, 4), w=[7, 1.75, 2.25, 0] * 4),
        ),
    ),
    domain=Domain(
        x=Arrays(16, kinds=(orthogonal,)),
        w=Arrays(16, kinds=KINDS),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(2), int_(4, rounding=toward_zero), hbfp(4), hbfp(3, block=4)),
            *(mxint(4), mxfp(E2M1), mxfp(E4M3, block=4), nvfp4(block=8), bcq(2, zero=True)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2), nm(2, 4, ties=high_index), nm(1, 2, ties=Adversarial(2))),
    ),
    witness=Attained(Case.of(IDENTITY, int_(4), nm(2, 4), w=[7, 2.5, 1, 1] * 4)),
    source=NEW,
)
