"""Every theorem, stated once: one file each, named by its slug."""

from difflib import get_close_matches
from importlib import import_module

from sqtheory.theorem import Theorem

SLUGS = (
    "rounding_cell",
    "saturation",
    "hbfp_power_of_two",
    "idempotence",
    "dyadic_equivariance",
    "error_in_bits",
    "storage",
    "prune_first_identity",
    "prune_first_bound",
    "overlap",
    "quantize_first_separation",
    "quantize_first_bound",
    "swap_constant",
    "swap_gap",
    "prune_first_dominates",
    "frozen_commutation",
    "ties_by_original",
    "margin",
    "sparse_grid_projection",
    "gain_optimal",
    "price_of_order",
    "order_gap_law",
    "order_gap_topk",
    "order_reversal",
    "delta_coding",
    "free_scale_bound",
    "stochastic_rounding",
    "dot_decomposition",
    "dot_interaction",
    "dot_separation",
    "dot_bound",
    "gram_error",
    "gram_dominates",
    "dot_concentration",
    "linear_layer",
    "propagation",
    "orthogonality_threshold",
)
"""The theorems in the order in which the tables print them; a new one is a line here and its two files."""
ALL: tuple[Theorem, ...] = tuple(import_module(f"sqtheory.theorems.{slug}").THEOREM for slug in SLUGS)
BY_SLUG = {theorem.slug: theorem for theorem in ALL}
"""The theorems by name."""


def find(slug: str) -> Theorem:
    """The theorem of this name. Raises ValueError naming the closest."""
    if slug in BY_SLUG:
        return BY_SLUG[slug]
    close = get_close_matches(slug, BY_SLUG, n=1)
    hint = f"did you mean {close[0]}?" if close else "sqtheory theorems lists them"
    raise ValueError(f"there is no theorem {slug!r}: {hint}")
