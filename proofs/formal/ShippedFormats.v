(** The formats in use: INT, HBFP, MXINT, MXFP, NVFP4.

    Each is a list of levels under a rule for the scale ([by_maxima]), midpoints to even, in an arithmetic [fl] that
    may be any odd nondecreasing rounding (BlockScales.v).  a is the maximum of the block and top that of the tensor; a
    positive scale that the arithmetic makes 0 becomes [tiny], its smallest positive number.

      [int]    -L, ..., L with L = 2^(k-1) - 1, scale a / L
      [hbfp]   the same levels, scale 2^(ceil(log2 a) - (k - 1)): an exact power of two saturates
      [mxint]  the same levels, scale 2^(E - (k - 2)), E = floor(log2 a) clamped to [-127, 127]
      [mxfp]   an element format of largest exponent emax, scale 2^E, E = floor(log2 a) - emax clamped likewise: large
               significands saturate
      [nvfp4]  E2M1, scale g s: g = top / (6 448), and s is a / (6 g) rounded to E4M3, but not to zero

    With groups inside blocks and a budget of at least one, pruning first is never the worse order under any of them:
    [int_prune_first], [hbfp_prune_first], [mxint_prune_first], [mxfp_prune_first], [nvfp4_prune_first]; in single
    precision fl is [binary32].  [mxfp_scale_spec] and [hbfp_scale_spec] write the exponents out.
    Depends on FiniteGrids, PowersOfTwo, BlockScales and what they need. *)

From Coq Require Import Reals Lra Lia Bool Arith ZArith List.
From sqtheory Require Import Vectors Masks Operators prune_first_dominates overlap.
From sqtheory Require Import FiniteGrids PowersOfTwo BlockScales.
Import ListNotations.
Open Scope R_scope.

(** ** Levels *)

Definition e2m1 : list R := [0; 1/2; 1; 3/2; 2; 3; 4; 6].
Definition e2m3 : list R := minifloat 3 31 (-3).
Definition e3m2 : list R := minifloat 2 31 (-4).
Definition e4m3 : list R := minifloat 3 126 (-9).
Definition e5m2 : list R := minifloat 2 123 (-16).

(** The element formats of MXFP with the exponent of their largest value. *)
Definition elements : list (Z * list R) := [(2%Z, e2m1); (2%Z, e2m3); (4%Z, e3m2); (8%Z, e4m3); (15%Z, e5m2)].

Lemma e2m1_minifloat : minifloat 1 7 (-1) = e2m1.
Proof. unfold minifloat, codes, significand, e2m1. simpl. repeat (f_equal; try lra). Qed.

Lemma e2m1_ascending : ascending_from_zero e2m1.
Proof. simpl. repeat split; lra. Qed.

Lemma elements_ascending : forall emax levels, In (emax, levels) elements -> ascending_from_zero levels.
Proof.
  intros emax levels H. repeat destruct H as [[= <- <-]|H]; try easy; [apply e2m1_ascending|..];
    apply minifloat_ascending; lia.
Qed.

(** ** Scales *)

Definition positive (tiny v a : R) : R := if Rlt_dec 0 v then v else if Rlt_dec 0 a then tiny else 0.

Definition int_scale (fl : R -> R) (tiny : R) (k : Z) (a top : R) : R :=
  positive tiny (fl (a / IZR (2 ^ (k - 1) - 1))) a.

Definition hbfp_scale (fl : R -> R) (tiny : R) (k : Z) (a top : R) : R :=
  if Rlt_dec 0 a then positive tiny (fl (powerRZ 2 (ceil_log2 a - (k - 1)))) a else 0.

Definition e8m0 (e : Z) : Z := Z.max (-127) (Z.min 127 e).

Definition mxint_scale (k : Z) (a top : R) : R :=
  if Rlt_dec 0 a then powerRZ 2 (e8m0 (floor_log2 a) - (k - 2)) else 0.

Definition mxfp_scale (emax : Z) (a top : R) : R :=
  if Rlt_dec 0 a then powerRZ 2 (e8m0 (floor_log2 a - emax)) else 0.

Definition nvfp4_scale (fl : R -> R) (tiny : R) (a top : R) : R :=
  let g := positive tiny (fl (top / (6 * 448))) top in
  let s := positive (powerRZ 2 (-9)) (round_onto to_even e4m3 (fl (fl (a / 6) / g))) a in
  positive tiny (fl (g * s)) a.

Theorem mxfp_scale_spec : forall emax a top e, powerRZ 2 e <= a < powerRZ 2 (e + 1) -> (-127 <= e - emax <= 127)%Z ->
  mxfp_scale emax a top = powerRZ 2 (e - emax).
Proof.
  intros emax a top e H E. pose proof (powerRZ_lt 2 e ltac:(lra)). unfold mxfp_scale, e8m0.
  destruct (Rlt_dec 0 a); [|lra]. rewrite (floor_log2_unique a e H). f_equal. lia.
Qed.

Theorem hbfp_scale_spec : forall tiny k a top e, powerRZ 2 (e - 1) < a <= powerRZ 2 e ->
  hbfp_scale (fun t => t) tiny k a top = powerRZ 2 (e - (k - 1)).
Proof.
  intros tiny k a top e H. pose proof (powerRZ_lt 2 (e - 1) ltac:(lra)). unfold hbfp_scale, positive.
  destruct (Rlt_dec 0 a); [|lra]. rewrite (ceil_log2_unique a e H).
  pose proof (powerRZ_lt 2 (e - (k - 1)) ltac:(lra)). destruct (Rlt_dec 0 (powerRZ 2 (e - (k - 1)))); lra.
Qed.

(** ** Quantizers *)

Definition symmetric_integers (k : Z) : list R := integers_up_to (2 ^ (k - 1) - 1).

Definition int (n : nat) (block : nat -> nat) (fl : R -> R) (tiny : R) (k : Z) : quantizer :=
  by_maxima n block fl (round_onto to_even (symmetric_integers k)) (int_scale fl tiny k).

Definition hbfp (n : nat) (block : nat -> nat) (fl : R -> R) (tiny : R) (k : Z) : quantizer :=
  by_maxima n block fl (round_onto to_even (symmetric_integers k)) (hbfp_scale fl tiny k).

Definition mxint (n : nat) (block : nat -> nat) (fl : R -> R) (k : Z) : quantizer :=
  by_maxima n block fl (round_onto to_even (symmetric_integers k)) (mxint_scale k).

Definition mxfp (n : nat) (block : nat -> nat) (fl : R -> R) (emax : Z) (levels : list R) : quantizer :=
  by_maxima n block fl (round_onto to_even levels) (mxfp_scale emax).

Definition nvfp4 (n : nat) (block : nat -> nat) (fl : R -> R) (tiny : R) : quantizer :=
  by_maxima n block fl (round_onto to_even e2m1) (nvfp4_scale fl tiny).

Theorem int_prune_first : forall n group block budget fl tiny k,
  groups_in_blocks n group block -> every_group_keeps_one n group budget -> odd_nondecreasing fl ->
  pruning_first_never_worse n group budget (int n block fl tiny k).
Proof. intros. apply finite_grid_prune_first; auto. apply integers_ascending. Qed.

Theorem hbfp_prune_first : forall n group block budget fl tiny k,
  groups_in_blocks n group block -> every_group_keeps_one n group budget -> odd_nondecreasing fl ->
  pruning_first_never_worse n group budget (hbfp n block fl tiny k).
Proof. intros. apply finite_grid_prune_first; auto. apply integers_ascending. Qed.

Theorem mxint_prune_first : forall n group block budget fl k,
  groups_in_blocks n group block -> every_group_keeps_one n group budget -> odd_nondecreasing fl ->
  pruning_first_never_worse n group budget (mxint n block fl k).
Proof. intros. apply finite_grid_prune_first; auto. apply integers_ascending. Qed.

Theorem mxfp_prune_first : forall n group block budget fl emax levels,
  groups_in_blocks n group block -> every_group_keeps_one n group budget -> odd_nondecreasing fl ->
  In (emax, levels) elements -> pruning_first_never_worse n group budget (mxfp n block fl emax levels).
Proof. intros. apply finite_grid_prune_first; auto. now apply (elements_ascending emax). Qed.

Theorem nvfp4_prune_first : forall n group block budget fl tiny,
  groups_in_blocks n group block -> every_group_keeps_one n group budget -> odd_nondecreasing fl ->
  pruning_first_never_worse n group budget (nvfp4 n block fl tiny).
Proof. intros. apply finite_grid_prune_first; auto using e2m1_ascending. Qed.
