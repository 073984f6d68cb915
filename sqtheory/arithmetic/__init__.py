"""Dot products as machines compute them: Σ x_i w_i with an accumulator that keeps few bits."""

from sqtheory.arithmetic.accumulation import Accumulation
from sqtheory.arithmetic.accumulator import Accumulator
from sqtheory.arithmetic.chaining import Chaining, OneChain, Promoted, TwoHalves
from sqtheory.arithmetic.named import ACCUMULATIONS, accumulation, aligned, bound, mma_sync, wgmma
from sqtheory.arithmetic.operand import OPERANDS, Operand
from sqtheory.arithmetic.plain import (
    ExactSum,
    PairwiseSum,
    SequentialSum,
    exact,
    float32_pairwise,
    float32_sequential,
    float64,
)
from sqtheory.arithmetic.reading import ReadMatrix, accumulated, accumulated_bound, read

__all__ = [
    "ACCUMULATIONS",
    "OPERANDS",
    "Accumulation",
    "Accumulator",
    "Chaining",
    "ExactSum",
    "OneChain",
    "Operand",
    "PairwiseSum",
    "Promoted",
    "ReadMatrix",
    "SequentialSum",
    "TwoHalves",
    "accumulated",
    "accumulated_bound",
    "accumulation",
    "aligned",
    "bound",
    "exact",
    "float32_pairwise",
    "float32_sequential",
    "float64",
    "mma_sync",
    "read",
    "wgmma",
]
