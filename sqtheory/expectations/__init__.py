"""What the order of n:m pruning and quantization costs on average: laws for small steps, exact values for any step."""

from sqtheory.order_gap.densities import Density, Empirical, ScipyDensity
from sqtheory.order_gap.finite_step import expected_order_gap
from sqtheory.order_gap.law import kappa, mask_change, order_gap_law
from sqtheory.order_gap.predict import predict_order_gap
from sqtheory.order_gap.topk import order_gap_topk

__all__ = [
    "Density",
    "Empirical",
    "ScipyDensity",
    "expected_order_gap",
    "kappa",
    "mask_change",
    "order_gap_law",
    "order_gap_topk",
    "predict_order_gap",
]
