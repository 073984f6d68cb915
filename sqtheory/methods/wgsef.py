"""WGSEF: training with the convex envelope of "at most k groups"; its proximal step shrinks what it keeps."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.support_norm import squared_support_norm, support_prox
from sqtheory.arrays import Array
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

GROUPS, Q = 2, int_(3)
FINER, COARSER = np.array([[8.0, -1, 6, 6]]), np.array([[8.0, -1, 4, 4]])
"""The step makes 8 ↦ 4 in both. 6 ↦ 2, quantized 8/3; 4 ↦ 4/3, but 16/9 if it was quantized to 16/3 before."""


def step(row: Array) -> Array:
    """The proximal step of strength 1 that aims at two entries of a row."""
    return support_prox(row.T, GROUPS, 1.0).T


def lead(row: Array) -> float:
    """How much less of a row the step before quantizing loses than the step after it."""
    first, second = (np.linalg.norm(row - image) for image in (Q(step(row)), step(Q(row))))
    return float(second - first)


def scale_halves() -> bool:
    """The scale of the block after the step is its scale before over 1 + λ."""
    before, after = (np.abs(row).max() for row in (FINER, step(FINER)))
    return bool(2 * after == before)


def mask_is_tight() -> bool:
    """½‖s(x)‖² is the envelope of s(x), and the envelope of x is more than ½‖x‖²."""
    norms = [squared_support_norm(row.T, GROUPS) - np.sum(row**2) for row in (nm(GROUPS, 4)(FINER), FINER)]
    return bool(norms[0] == 0 and norms[1] > 1)


METHOD = Idea(
    name="wgsef",
    title="WGSEF: weights drawn to k groups by the envelope of ½‖x‖² there",
    source=Reference("refael2022wgsef", "abstract, without the weights of groups; argyriou2012ksupport for the norm"),
    computes="the k-support norm of groups, its conjugate and its proximal step.",
    outside="the training by it.",
    evidence=(
        Runs(
            "the envelope is ½‖x‖² on what a mask of k groups keeps, and more elsewhere",
            OrderVerdict.none,
            mask_is_tight,
        ),
        Runs(
            "the step divides the scale of a block by 1 + λ where its largest group counts whole",
            OrderVerdict.none,
            scale_halves,
        ),
        Runs(
            "so what is left is rounded more finely if the step comes first",
            OrderVerdict.holds,
            lambda: lead(FINER) > 0.9,
        ),
        Runs(
            "… which is a loss where the grid before the step rounds up what it shrinks too much",
            OrderVerdict.fails,
            lambda: lead(COARSER) < -0.4,
            through=(OrderChannel.scale,),
        ),
    ),
)
