"""Expectations over random tensors: what the order of pruning and quantization costs, and what a grid loses.

Exact for independent entries, exact for exchangeable ones, and laws for small steps.
"""

from sqtheory.theory.expectations.agreement import Agreement, AgreementReport, agreement, agreement_table
from sqtheory.theory.expectations.coins import expected_prune_first, expected_quantize_first
from sqtheory.theory.expectations.crossing import Crossing, crossing, crossing_table, expected_cut_square
from sqtheory.theory.expectations.densities import Density, Empirical, Normal, ScipyDensity, standard_normal
from sqtheory.theory.expectations.finite_step import expected_mask_change, expected_order_gap
from sqtheory.theory.expectations.law import kappa, mask_change_law, order_gap_law
from sqtheory.theory.expectations.maximum import expected_square_error
from sqtheory.theory.expectations.predict import predict_order_gap
from sqtheory.theory.expectations.sparse import expected_pruned_square, expected_sparse_square
from sqtheory.theory.expectations.topk import locally_constant_gap, order_gap_topk

__all__ = [
    "Agreement",
    "AgreementReport",
    "Crossing",
    "Density",
    "Empirical",
    "Normal",
    "ScipyDensity",
    "agreement",
    "agreement_table",
    "crossing",
    "crossing_table",
    "expected_cut_square",
    "expected_mask_change",
    "expected_order_gap",
    "expected_prune_first",
    "expected_pruned_square",
    "expected_quantize_first",
    "expected_sparse_square",
    "expected_square_error",
    "kappa",
    "locally_constant_gap",
    "mask_change_law",
    "order_gap_law",
    "order_gap_topk",
    "predict_order_gap",
    "standard_normal",
]
