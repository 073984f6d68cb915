(** gain_optimal: the best mask at fixed scales ranks by the gain |x_i|^p - |x_i - q(x)_i|^p.

    Let q round to nearest on grids that contain 0: one grid per entry, so any partition into scale blocks, any
    partition into groups.  A mask that is top by gain then minimises err_p over all pairs of a mask within the budgets
    and a vector y of grid values; in particular over all admissible pairs ([gain_optimal]).  So at the scales of x it
    is never worse than either order, whatever scores and tie rules they use, nor than S->Q with its own scales where
    these are the scales of x ([gain_beats_both_orders]).

    With weights c_i >= 0 (a diagonal curvature) the gain is c_i (|x_i|^p - |x_i - q(x)_i|^p) and the same holds
    ([gain_optimal_weighted]); for p = 2 it is c_i q(x)_i (2 x_i - q(x)_i) ([gain_square]).  Every natural p.
    Proof: keeping i with any grid value gains at most gain_i >= 0, and a top mask has the largest total.
    Depends on Vectors, Masks, Operators, Rounding. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors Masks Operators Rounding.
Open Scope R_scope.

(** Every entry lies on the grid of its own scale at x. *)
Definition on_grid (n : nat) (q : quantizer) (G : parameters q -> grid) (x y : vector) : Prop :=
  forall i, (i < n)%nat -> G (scale q x (block q i)) (y i).

Definition within_budget (n : nat) (group budget : nat -> nat) (m : mask) : Prop :=
  forall i, (i < n)%nat -> (kept n group m (group i) <= budget (group i))%nat.

Lemma admissible_within_budget : forall n group budget m,
  admissible n group budget m -> within_budget n group budget m.
Proof. intros n group budget m A i Hi. rewrite A; auto. Qed.

(** The power error with weights c. *)
Definition weighted_err (c : nat -> R) (p n : nat) (x y : vector) : R :=
  sum n (fun i => c i * Rabs (x i - y i) ^ p).

Lemma weighted_err_prune : forall c p n x y m,
  weighted_err c p n x (prune m y)
  = sum n (fun i => c i * Rabs (x i) ^ p) - sum_over n m (fun i => c i * gain p x y i).
Proof.
  intros c p n x y m. unfold weighted_err, sum_over, gain. rewrite <- sum_minus. apply sum_ext. intros i _.
  unfold prune. destruct (m i); [ring|]. rewrite Rminus_0_r. ring.
Qed.

Theorem gain_optimal_weighted : forall c p n group budget q G x m,
  (forall i, (i < n)%nat -> 0 <= c i) -> rounds_to_nearest q G -> (forall s, G s 0) ->
  is_top n group budget (fun i => c i * gain p x (quantize q x) i) m ->
  forall m' y, within_budget n group budget m' -> on_grid n q G x y ->
  weighted_err c p n x (prune m (quantize q x)) <= weighted_err c p n x (prune m' y).
Proof.
  intros c p n group budget q G x m C N Z T m' y B Y. rewrite !weighted_err_prune.
  assert (sum_over n m' (fun i => c i * gain p x y i)
          <= sum_over n m' (fun i => c i * gain p x (quantize q x) i)).
  { apply sum_over_le. intros i Hi _. apply Rmult_le_compat_l; [auto|]. unfold gain.
    enough (Rabs (x i - quantize q x i) ^ p <= Rabs (x i - y i) ^ p) by lra.
    apply pow_mono. split; [apply Rabs_pos|]. apply (N (scale q x (block q i))). auto. }
  enough (sum_over n m' (fun i => c i * gain p x (quantize q x) i)
          <= sum_over n m (fun i => c i * gain p x (quantize q x) i)) by lra.
  apply (top_outweighs n group budget); auto. intros i Hi. apply Rmult_le_pos; [auto|].
  apply (nearest_gain_nonneg p (G (scale q x (block q i)))); auto. apply N.
Qed.

Theorem gain_optimal : forall p n group budget q G x m,
  rounds_to_nearest q G -> (forall s, G s 0) ->
  is_top n group budget (gain p x (quantize q x)) m ->
  forall m' y, within_budget n group budget m' -> on_grid n q G x y ->
  err p n x (prune m (quantize q x)) <= err p n x (prune m' y).
Proof.
  intros p n group budget q G x m N Z [A T] m' y B Y.
  assert (One : forall z, err p n x z = weighted_err (fun _ => 1) p n x z).
  { intro z. apply sum_ext. intros i _. ring. }
  rewrite !One. apply (gain_optimal_weighted (fun _ => 1) p n group budget q G); auto; [intros; lra|].
  split; [exact A|]. intros i j Hi Hj H Mi Mj. rewrite !Rmult_1_l. auto.
Qed.

Lemma quantize_on_grid : forall n q G x, rounds_to_nearest q G -> on_grid n q G x (quantize q x).
Proof. intros n q G x N i _. apply N. Qed.

(** m1 and m2 stand for the masks of S->Q and Q->S: any scores, any tie rules. *)
Theorem gain_beats_both_orders : forall p n group budget q G x m m1 m2,
  rounds_to_nearest q G -> (forall s, G s 0) ->
  is_top n group budget (gain p x (quantize q x)) m ->
  admissible n group budget m1 -> admissible n group budget m2 ->
  err p n x (prune m (quantize q x)) <= err p n x (quantize (frozen q x) (prune m1 x)) /\
  err p n x (prune m (quantize q x)) <= err p n x (prune m2 (quantize q x)) /\
  (keeps_scale n q x m1 -> err p n x (prune m (quantize q x)) <= err p n x (quantize q (prune m1 x))).
Proof.
  intros p n group budget q G x m m1 m2 N Z T A1 A2.
  assert (Best : forall m', admissible n group budget m' ->
    err p n x (prune m (quantize q x)) <= err p n x (prune m' (quantize q x))).
  { intros m' A. apply (gain_optimal p n group budget q G); auto.
    - now apply admissible_within_budget.
    - now apply quantize_on_grid. }
  assert (Zero : keeps_zero q) by (intro s; now apply (nearest_zero (G s))).
  split; [|split; [auto|]].
  - rewrite (err_ext p n x (quantize (frozen q x) (prune m1 x)) (prune m1 (quantize q x))); [auto|]. intros i Hi.
    apply (prune_then_quantize n (frozen q x) x m1); [exact Zero|apply frozen_keeps_scale|auto].
  - intro Sigma. rewrite (err_ext p n x _ _ (prune_then_quantize n q x m1 Zero Sigma)). auto.
Qed.

Lemma gain_square : forall (c : R) x y i, c * gain 2 x y i = c * y i * (2 * x i - y i).
Proof. intros c x y i. unfold gain. rewrite !pow2_abs. ring. Qed.
