"""Every theorem, stated once: one file each, named by its slug."""

from difflib import get_close_matches

from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import (
    binary_code_optimal,
    binary_code_residual,
    budget_price,
    delta_coding,
    dot_bound,
    dot_concentration,
    dot_decomposition,
    dot_interaction,
    dot_separation,
    dyadic_equivariance,
    error_in_bits,
    free_scale_bound,
    frozen_commutation,
    gain_optimal,
    gram_dominates,
    gram_error,
    hbfp_power_of_two,
    idempotence,
    index_retention,
    linear_layer,
    margin,
    nm_projection,
    order_gap_law,
    order_gap_topk,
    order_reversal,
    orthogonality_threshold,
    overlap,
    price_of_order,
    propagation,
    prune_first_bound,
    prune_first_dominates,
    prune_first_identity,
    quantize_first_bound,
    quantize_first_separation,
    rounding_cell,
    saturation,
    sparse_grid_projection,
    stochastic_rounding,
    storage,
    swap_constant,
    swap_gap,
    ties_by_original,
    water_filling,
    weighted_dominates,
)

ALL: tuple[Theorem, ...] = (
    rounding_cell.THEOREM,
    saturation.THEOREM,
    hbfp_power_of_two.THEOREM,
    idempotence.THEOREM,
    dyadic_equivariance.THEOREM,
    error_in_bits.THEOREM,
    storage.THEOREM,
    prune_first_identity.THEOREM,
    prune_first_bound.THEOREM,
    overlap.THEOREM,
    quantize_first_separation.THEOREM,
    quantize_first_bound.THEOREM,
    swap_constant.THEOREM,
    swap_gap.THEOREM,
    prune_first_dominates.THEOREM,
    weighted_dominates.THEOREM,
    frozen_commutation.THEOREM,
    ties_by_original.THEOREM,
    margin.THEOREM,
    sparse_grid_projection.THEOREM,
    gain_optimal.THEOREM,
    price_of_order.THEOREM,
    order_gap_law.THEOREM,
    order_gap_topk.THEOREM,
    order_reversal.THEOREM,
    delta_coding.THEOREM,
    free_scale_bound.THEOREM,
    stochastic_rounding.THEOREM,
    dot_decomposition.THEOREM,
    dot_interaction.THEOREM,
    dot_separation.THEOREM,
    dot_bound.THEOREM,
    gram_error.THEOREM,
    gram_dominates.THEOREM,
    dot_concentration.THEOREM,
    linear_layer.THEOREM,
    propagation.THEOREM,
    orthogonality_threshold.THEOREM,
    binary_code_optimal.THEOREM,
    binary_code_residual.THEOREM,
    nm_projection.THEOREM,
    index_retention.THEOREM,
    water_filling.THEOREM,
    budget_price.THEOREM,
)
"""The theorems in the order in which the tables print them; a new one is two lines here and its two files."""
BY_SLUG = {theorem.slug: theorem for theorem in ALL}
"""The theorems by name."""


def find(slug: str) -> Theorem:
    """The theorem of this name. Raises ValueError naming the closest."""
    if slug in BY_SLUG:
        return BY_SLUG[slug]
    close = get_close_matches(slug, BY_SLUG, n=1)
    hint = f"did you mean {close[0]}?" if close else "sqtheory theorems lists them"
    raise ValueError(f"there is no theorem {slug!r}: {hint}")
