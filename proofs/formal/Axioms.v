(** What the theorems rest on.

    Compiling this file prints the axioms used by each crown theorem and by all other results together.  They are those
    of the classical real numbers of the standard library and nothing else:
      ClassicalDedekindReals.sig_forall_dec, FunctionalExtensionality.functional_extensionality_dep everywhere, and
      ClassicalDedekindReals.sig_not_dec for the existence of h- ([lower_half_exists], a supremum).
    Depends on every other file. *)

From sqtheory Require Import Masks Operators Rounding LargestError Swaps.
From sqtheory Require Import prune_first_identity frozen_commutation prune_first_dominates weakly_majorized Chains.
From sqtheory Require Import swap_constant swap_constant_attained gain_optimal sparse_grid_projection.
From sqtheory Require Import overlap fitted_dominates AbsmaxIntegers FiniteGrids PowersOfTwo BlockScales ShippedFormats Counterexamples.
From sqtheory Require Import Accumulators AccumulatorSums.

Print Assumptions prune_first_identity.
Print Assumptions frozen_commutation.
Print Assumptions frozen_commutation_ties.
Print Assumptions prune_first_dominates.
Print Assumptions weakly_majorized.
Print Assumptions swap_constant.
Print Assumptions swap_constant_attained.
Print Assumptions gain_optimal.
Print Assumptions gain_optimal_largest.
Print Assumptions sparse_grid_projection.
Print Assumptions overlap.
Print Assumptions fitted_dominates.

Definition shipped_formats :=
  (half_even_prune_first, half_away_prune_first, by_maxima_prune_first, finite_grid_prune_first,
   int_prune_first, hbfp_prune_first, mxint_prune_first, mxfp_prune_first, nvfp4_prune_first,
   by_maxima_satisfies, by_maxima_keeps_scale, exact_arithmetic, binary32_arithmetic,
   round_onto_nearest, round_onto_odd_nondecreasing, minifloat_ascending, integers_ascending, elements_ascending,
   e2m1_minifloat, floor_log2_spec, floor_log2_unique, ceil_log2_spec, ceil_log2_unique,
   mxfp_scale_spec, hbfp_scale_spec).

Print Assumptions shipped_formats.

Definition accumulators :=
  (accumulator_bound, accumulator_bound_flat, one_signed_partial, one_signed_accumulation, stagnation,
   accumulator_exact, accumulator_odd, accumulator_dyadic, accumulator_permuted, accumulators_differ,
   sparse_dense_bound, promoted_bound).

Print Assumptions accumulators.

Definition chains := (later_masks, first_is_best, first_is_best_largest).

Print Assumptions chains.

Definition all_other_results :=
  (prune_first_residual, prune_first_slack, prune_first_bound,
   by_original_is_magnitude, frozen_commutation_orders,
   prune_first_dominates_largest, magnitude_mask_dominates,
   nearly_monotone_dominates, nearly_monotone_dominates_largest, one_map_ordered, kept_scales_never_worse,
   swaps_balance, swaps_at_most, swaps_tie, swap_excess, lower_half_exists,
   swap_constant_uniform, swap_constant_total, swap_constant_uniform_total, swap_constant_one_group,
   swap_gap, swap_gap_uniform, swap_gap_one_group, swap_constant_sharp,
   gain_optimal_weighted, gain_beats_both_orders, gain_square,
   gain_optimal_largest_mask, gain_beats_both_orders_largest,
   gain_prune_first, gain_prune_first_largest, scores_keep_maxima, score_keeps_scale, straddling,
   sparse_grid_projection_masks, sparse_grid_projection_largest,
   fitted_after_mask, fitted_bound, overlap_keeps_fitted,
   straddle_breaks, nested_partitions, groups_inside_blocks, overlap_keeps_scale,
   larger_gains_more, gain_difference_p1, gain_difference_p2, nearest_odd_monotone, multiples_uniform,
   top_exists, top_is_optimal, prune_then_quantize, monotone_iff, powers_to_largest,
   integers_satisfy, integers_keep_scale, integers_prune_first,
   sign_is_needed, signed_floor_reverses, idempotence_is_needed).

Print Assumptions all_other_results.
