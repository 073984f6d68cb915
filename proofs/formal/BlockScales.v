(** Scales set by maxima: no hypothesis about the quantizer is left.

    [by_maxima n block fl rho sigma] maps each entry t of a block to fl(s rho(fl(t / s))), and a block with s <= 0 to
    zeros, where s = sigma a top depends in any way on the maximum a of |x| over the block and on the maximum top of |x|
    over the tensor: real scales, powers of two, scales of two levels, clamped or not.  rho is the rounding onto the
    grid of the format (FiniteGrids.v), fl that of the arithmetic, and both may be any odd nondecreasing functions:
    fl t = t is exact arithmetic, [binary32] that of a machine, saturating at its largest number.

    [by_maxima_satisfies]   this quantizer keeps zero and is monotone.
    [by_maxima_keeps_scale] where every block that survives keeps its maximum and each group at least one entry,
                            magnitude masks keep its scales: the maximum of the tensor is that of some group.
    [by_maxima_prune_first] so, with groups inside blocks, pruning first is never worse, in the p-norm for every natural
                            p >= 1 and in the largest error.
    Depends on Vectors, Masks, Operators, Rounding, prune_first_dominates, overlap, FiniteGrids. *)

From Coq Require Import Reals Lra Lia Bool Arith ZArith.
From sqtheory Require Import Vectors Masks Operators Rounding prune_first_dominates overlap FiniteGrids.
Open Scope R_scope.

Definition scaled (fl rho : R -> R) (s t : R) : R := if Rlt_dec 0 s then fl (s * rho (fl (t / s))) else 0.

Definition by_maxima (n : nat) (block : nat -> nat) (fl rho : R -> R) (sigma : R -> R -> R) : quantizer := {|
  parameters := R;
  Operators.block := block;
  scale := fun x b => sigma (absmax n block x b) (absmax n one_group x O);
  level := scaled fl rho
|}.

Lemma exact_arithmetic : odd_nondecreasing (fun t => t).
Proof. split; auto. Qed.

(** Single precision: codes 0 to 255 2^23 - 1 of magnitude, smallest number 2^-149, midpoints to even. *)
Definition binary32 : R -> R := round_onto to_even (minifloat 23 (255 * 2 ^ 23 - 1) (-149)).

Theorem binary32_arithmetic : odd_nondecreasing binary32.
Proof. apply round_onto_odd_nondecreasing, minifloat_ascending. lia. Qed.

Lemma odd_zero : forall r, odd_nondecreasing r -> r 0 = 0.
Proof. intros r [Odd _]. specialize (Odd 0). rewrite Ropp_0 in Odd. lra. Qed.

Theorem by_maxima_satisfies : forall n block fl rho sigma, odd_nondecreasing fl -> odd_nondecreasing rho ->
  let q := by_maxima n block fl rho sigma in keeps_zero q /\ monotone q.
Proof.
  intros n block fl rho sigma F H q. assert (Z : keeps_zero q).
  { intro s. simpl. unfold scaled. destruct (Rlt_dec 0 s); [|auto].
    replace (0 / s) with 0 by (field; lra). rewrite (odd_zero fl F), (odd_zero rho H), Rmult_0_r. now apply odd_zero. }
  split; [exact Z|]. apply monotone_iff; [exact Z|]. intro s. simpl. unfold scaled.
  destruct F as [Fo Fu], H as [Ho Hu]. destruct (Rlt_dec 0 s) as [P|P]; [|split; intros; lra]. split.
  - intro t. rewrite Ropp_div, Fo, Ho, <- Fo. f_equal. ring.
  - intros a b L. apply Fu, Rmult_le_compat_l; [lra|]. apply Hu, Fu.
    apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|exact L].
Qed.

(** The maximum of the tensor, and with it every scale of two levels, survives wherever the blocks' maxima do. *)
Theorem by_maxima_keeps_scale : forall n group block budget fl rho sigma,
  overlap_condition n group block budget -> every_group_keeps_one n group budget ->
  forall x m, is_top n group budget (magnitude x) m -> keeps_scale n (by_maxima n block fl rho sigma) x m.
Proof.
  intros n group block budget fl rho sigma C One x m T i Hi Mi. simpl. f_equal.
  - now apply (overlap_sufficient n group block budget C).
  - apply (overlap_sufficient n group one_group budget) with (i := i); auto.
    apply groups_inside_blocks; [easy|exact One].
Qed.

Theorem by_maxima_prune_first : forall n group block budget fl rho sigma,
  groups_in_blocks n group block -> every_group_keeps_one n group budget ->
  odd_nondecreasing fl -> odd_nondecreasing rho ->
  pruning_first_never_worse n group budget (by_maxima n block fl rho sigma).
Proof.
  intros n group block budget fl rho sigma Inside One F H.
  destruct (by_maxima_satisfies n block fl rho sigma F H) as [Z Mono].
  apply kept_scales_never_worse; [exact Z|exact Mono| |].
  - intros x i j Hi Hj G. simpl. now rewrite (Inside i j).
  - apply by_maxima_keeps_scale; [now apply groups_inside_blocks|exact One].
Qed.

(** Rounding to nearest onto any finite symmetric grid with 0, with any odd rule for ties. *)
Theorem finite_grid_prune_first : forall n group block budget fl sigma up levels,
  groups_in_blocks n group block -> every_group_keeps_one n group budget ->
  odd_nondecreasing fl -> ascending_from_zero levels ->
  pruning_first_never_worse n group budget (by_maxima n block fl (round_onto up levels) sigma).
Proof. intros. apply by_maxima_prune_first; auto. now apply round_onto_odd_nondecreasing. Qed.
