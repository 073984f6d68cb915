(** gain_optimal: the best mask at fixed scales ranks by the gain |x_i|^p - |x_i - q(x)_i|^p.

    Let q round to nearest on grids that contain 0: one grid per entry, so any partition into scale blocks, any
    partition into groups.  A mask that is top by gain then minimises err_p over all pairs of a mask within the budgets
    and a vector y of grid values; in particular over all admissible pairs ([gain_optimal]).  So at the scales of x it
    is never worse than either order, whatever scores and tie rules they use, nor than S->Q with its own scales where
    these are the scales of x ([gain_beats_both_orders]).

    With weights c_i >= 0 (a diagonal curvature) the gain is c_i (|x_i|^p - |x_i - q(x)_i|^p) and the same holds
    ([gain_optimal_weighted]); for p = 2 it is c_i q(x)_i (2 x_i - q(x)_i) ([gain_square]).  Every natural p.
    Proof: keeping i with any grid value gains at most gain_i >= 0, and a top mask has the largest total.

    For p = infinity, the largest error, the ranking is [largest_gain]: |x_i| where it exceeds the error, minus the
    error where that is larger, 0 where they are equal.  It is optimal in the same sense ([gain_optimal_largest],
    [gain_beats_both_orders_largest]); among the masks of one image y, of whatever quantizer, with no hypothesis on y
    at all ([gain_optimal_largest_mask]).
    Proof: where an entry that another mask keeps is pruned, an entry that this mask prunes errs by no less.

    [gain_prune_first], [gain_prune_first_largest]: so pruning first by gain is never the worse order, under any q with
    (Z) and (Sigma).
    Depends on Vectors, Masks, Operators, Rounding, LargestError. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors Masks Operators Rounding LargestError.
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

(** S->Q with the mask of largest gains is never the worse order, whatever q and the mask of Q->S: with (Z) and (Sigma)
    both orders keep values of q(x), and no mask leaves less error than this one. *)
Definition keeps_largest (n : nat) (group budget : nat -> nat) (gained : nat -> R) (m : mask) : Prop :=
  is_top n group budget gained m.

Theorem gain_prune_first : forall p n group budget q x m m2,
  keeps_zero q -> keeps_scale n q x m ->
  keeps_largest n group budget (gain p x (quantize q x)) m -> admissible n group budget m2 ->
  err p n x (quantize q (prune m x)) <= err p n x (prune m2 (quantize q x)).
Proof.
  intros p n group budget q x m m2 Z Sigma T A2.
  rewrite (err_ext p n x _ _ (prune_then_quantize n q x m Z Sigma)), !err_prune.
  pose proof (top_is_optimal n group budget (gain p x (quantize q x)) m m2 T A2). unfold gain in *. lra.
Qed.

(** ** p = infinity *)

Definition largest_gain (x y : vector) : nat -> R := fun i =>
  let size := Rabs (x i) in
  let error := Rabs (x i - y i) in
  if Rlt_dec error size then size else if Rlt_dec size error then - error else 0.

(** A group that keeps no less than another mask and prunes what that mask keeps, keeps what that mask prunes. *)
Lemma exchanged : forall n group m m' i, (kept n group m' (group i) <= kept n group m (group i))%nat ->
  (i < n)%nat -> m i = false -> m' i = true ->
  exists j, (j < n)%nat /\ group j = group i /\ m j = true /\ m' j = false.
Proof.
  intros n group m m' i K Hi Mi Mi'. unfold kept in K.
  assert (F : exists j, (j < n)%nat /\ m j && in_group group (group i) j = true
                        /\ m' j && in_group group (group i) j = false).
  { destruct (Nat.eq_dec (count n (fun j => m' j && in_group group (group i) j))
                         (count n (fun j => m j && in_group group (group i) j))) as [E|N].
    - apply (count_eq_find n _ _ i E Hi); [rewrite Mi'; now apply in_group_spec|now rewrite Mi].
    - apply count_lt_find. lia. }
  destruct F as (j & Hj & A & B). apply andb_prop in A. destruct A as [Mj Gj]. rewrite Gj, andb_true_r in B.
  apply in_group_spec in Gj. exists j. auto.
Qed.

Lemma error_of_pruned : forall n x y m i, (i < n)%nat -> m i = false -> Rabs (x i) <= largest_error n x (prune m y).
Proof.
  intros n x y m i Hi Mi. pose proof (maximum_upper n (fun j => Rabs (x j - prune m y j)) i Hi) as U.
  simpl in U. unfold prune at 1 in U. rewrite Mi, Rminus_0_r in U. exact U.
Qed.

Lemma error_of_kept : forall n x y m i, (i < n)%nat -> m i = true ->
  Rabs (x i - y i) <= largest_error n x (prune m y).
Proof.
  intros n x y m i Hi Mi. pose proof (maximum_upper n (fun j => Rabs (x j - prune m y j)) i Hi) as U.
  simpl in U. unfold prune at 1 in U. rewrite Mi in U. exact U.
Qed.

Lemma largest_gain_positive : forall x y i c, 0 < c -> c <= largest_gain x y i -> c <= Rabs (x i).
Proof.
  intros x y i c C L. unfold largest_gain in L. pose proof (Rabs_pos (x i - y i)).
  destruct (Rlt_dec (Rabs (x i - y i)) (Rabs (x i))), (Rlt_dec (Rabs (x i)) (Rabs (x i - y i))); lra.
Qed.

(** Pruning i, which another mask keeps within the budget, costs no more than that mask's error. *)
Lemma pruned_by_largest_gain : forall n group budget x y z m m' i,
  is_top n group budget (largest_gain x y) m -> within_budget n group budget m' ->
  (Rabs (x i) <= Rabs (x i - y i) -> Rabs (x i) <= Rabs (x i - z i)) ->
  (i < n)%nat -> m i = false -> Rabs (x i) <= largest_error n x (prune m' z).
Proof.
  intros n group budget x y z m m' i [A T] B Far Hi Mi.
  destruct (m' i) eqn:Mi'; [|now apply error_of_pruned].
  destruct (Rlt_dec (Rabs (x i - y i)) (Rabs (x i))) as [L|L].
  - destruct (exchanged n group m m' i) as (j & Hj & Gj & Mj & Mj'); auto.
    { rewrite A by auto. auto. }
    apply Rle_trans with (Rabs (x j)); [|now apply error_of_pruned].
    apply (largest_gain_positive x y j); [pose proof (Rabs_pos (x i - y i)); lra|].
    apply Rle_trans with (largest_gain x y i); [|now apply T].
    unfold largest_gain. destruct (Rlt_dec (Rabs (x i - y i)) (Rabs (x i))); lra.
  - apply Rle_trans with (Rabs (x i - z i)); [apply Far; lra|now apply error_of_kept].
Qed.

(** Any image y, whatever made it: the best admissible mask for the largest error of m .* y. *)
Theorem gain_optimal_largest_mask : forall n group budget x y m,
  is_top n group budget (largest_gain x y) m ->
  forall m', admissible n group budget m' ->
  largest_error n x (prune m y) <= largest_error n x (prune m' y).
Proof.
  intros n group budget x y m [A T] m' A'. apply maximum_least; [apply maximum_nonneg|].
  intros i Hi. unfold prune at 1. destruct (m i) eqn:Mi.
  - destruct (m' i) eqn:Mi'; [now apply error_of_kept|].
    destruct (Rlt_dec (Rabs (x i)) (Rabs (x i - y i))) as [L|L].
    + destruct (exchanged n group m' m i) as (j & Hj & Gj & Mj' & Mj); auto.
      { rewrite A, A' by auto. lia. }
      apply Rle_trans with (Rabs (x j - y j)); [|now apply error_of_kept].
      specialize (T i j Hi Hj (eq_sym Gj) Mi Mj). pose proof (Rabs_pos (x i)). pose proof (Rabs_pos (x j)).
      unfold largest_gain in T.
      destruct (Rlt_dec (Rabs (x i - y i)) (Rabs (x i))), (Rlt_dec (Rabs (x i)) (Rabs (x i - y i)));
        destruct (Rlt_dec (Rabs (x j - y j)) (Rabs (x j))), (Rlt_dec (Rabs (x j)) (Rabs (x j - y j))); lra.
    + apply Rle_trans with (Rabs (x i)); [lra|now apply error_of_pruned].
  - rewrite Rminus_0_r. apply (pruned_by_largest_gain n group budget x y y m m'); auto.
    + now split.
    + now apply admissible_within_budget.
Qed.

Theorem gain_optimal_largest : forall n group budget q G x m,
  rounds_to_nearest q G -> (forall s, G s 0) ->
  is_top n group budget (largest_gain x (quantize q x)) m ->
  forall m' y, within_budget n group budget m' -> on_grid n q G x y ->
  largest_error n x (prune m (quantize q x)) <= largest_error n x (prune m' y).
Proof.
  intros n group budget q G x m N Z T m' y B Y. apply maximum_least; [apply maximum_nonneg|].
  assert (Near : forall i v, G (scale q x (block q i)) v -> Rabs (x i - quantize q x i) <= Rabs (x i - v)).
  { intros i v. apply (N (scale q x (block q i))). }
  intros i Hi. unfold prune at 1. destruct (m i) eqn:Mi.
  - destruct (m' i) eqn:Mi'.
    + apply Rle_trans with (Rabs (x i - y i)); [apply Near; auto|now apply error_of_kept].
    + apply Rle_trans with (Rabs (x i - 0)); [apply Near; auto|]. rewrite Rminus_0_r. now apply error_of_pruned.
  - rewrite Rminus_0_r. apply (pruned_by_largest_gain n group budget x (quantize q x) y m m'); auto.
    intro F. specialize (Near i (y i) (Y i Hi)). lra.
Qed.

Theorem gain_beats_both_orders_largest : forall n group budget q G x m m1 m2,
  rounds_to_nearest q G -> (forall s, G s 0) ->
  is_top n group budget (largest_gain x (quantize q x)) m ->
  admissible n group budget m1 -> admissible n group budget m2 ->
  largest_error n x (prune m (quantize q x)) <= largest_error n x (quantize (frozen q x) (prune m1 x)) /\
  largest_error n x (prune m (quantize q x)) <= largest_error n x (prune m2 (quantize q x)) /\
  (keeps_scale n q x m1 ->
   largest_error n x (prune m (quantize q x)) <= largest_error n x (quantize q (prune m1 x))).
Proof.
  intros n group budget q G x m m1 m2 N Z T A1 A2.
  assert (Best : forall m' y, admissible n group budget m' ->
    (forall i, (i < n)%nat -> y i = prune m' (quantize q x) i) ->
    largest_error n x (prune m (quantize q x)) <= largest_error n x y).
  { intros m' y A E. rewrite (largest_error_ext n x y (prune m' (quantize q x))) by auto.
    now apply (gain_optimal_largest_mask n group budget). }
  assert (Zero : keeps_zero q) by (intro s; now apply (nearest_zero (G s))).
  split; [|split].
  - apply (Best m1); [auto|]. intros i Hi.
    apply (prune_then_quantize n (frozen q x) x m1); [exact Zero|apply frozen_keeps_scale|auto].
  - now apply (Best m2).
  - intro Sigma. apply (Best m1); [auto|]. intros i Hi. now apply (prune_then_quantize n q x m1).
Qed.

Theorem gain_prune_first_largest : forall n group budget q x m m2,
  keeps_zero q -> keeps_scale n q x m ->
  keeps_largest n group budget (largest_gain x (quantize q x)) m -> admissible n group budget m2 ->
  largest_error n x (quantize q (prune m x)) <= largest_error n x (prune m2 (quantize q x)).
Proof.
  intros n group budget q x m m2 Z Sigma T A2.
  rewrite (largest_error_ext n x _ _ (prune_then_quantize n q x m Z Sigma)).
  now apply (gain_optimal_largest_mask n group budget x (quantize q x) m).
Qed.
