(** fitted_dominates: scales of least error may move, and pruning first is still never the worse order.

    The scale of a block errs least, in the p-th powers over its block, of candidates that follow from the largest
    magnitude of the block and that of the tensor ([fitted]). If m1 keeps both ([keeps_maxima]), the candidates of a
    block with a survivor are what they were, so the scale of x is one of those that q(m1 .* x) chooses from; pruned
    entries are 0 and err by nothing under each. Hence, block by block,

        err_p of q(m1 .* x)  <=  err_p of m1 .* q(x)                                     ([fitted_after_mask]),

    and the right side is at most that of Q->S by the exchange of prune_first_dominates, at the scales of x alone. It
    is also at most err_p of q plus err_p of m1 ([fitted_bound]). The same for p = infinity is not stated here.
    Depends on Vectors, Masks, Operators, overlap, prune_first_identity, prune_first_dominates. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors Masks Operators overlap prune_first_identity prune_first_dominates.
Open Scope R_scope.

(** The p-th powers of what block b errs under the parameters s. *)
Definition err_in (p n : nat) (q : quantizer) (x : vector) (b : nat) (s : parameters q) : R :=
  sum_over n (in_group (block q) b) (fun i => Rabs (x i - level q s (x i)) ^ p).

Definition tensor_maximum (n : nat) (x : vector) : R := maximum n (fun i => Rabs (x i)).

(** [choices b u v] are the candidates of block b of largest magnitude u in a vector of largest magnitude v. *)
Definition fitted (p n : nat) (q : quantizer) (choices : nat -> R -> R -> parameters q -> Prop) : Prop :=
  forall x b, choices b (absmax n (block q) x b) (tensor_maximum n x) (scale q x b) /\
    forall s, choices b (absmax n (block q) x b) (tensor_maximum n x) s ->
      err_in p n q x b (scale q x b) <= err_in p n q x b s.

Definition keeps_maxima (n : nat) (q : quantizer) (x : vector) (m : mask) : Prop :=
  keeps_maximum n (block q) x m /\ tensor_maximum n (prune m x) = tensor_maximum n x.

(** Under any parameters a block of the pruned vector errs by those of its kept entries alone. *)
Lemma kept_and_pruned : forall p n q x m b s, (1 <= p)%nat -> keeps_zero q ->
  sum_over n (in_group (block q) b) (fun i => Rabs (x i - level q s (prune m x i)) ^ p)
  = err_in p n q (prune m x) b s
    + sum_over n (in_group (block q) b) (fun i => if m i then 0 else Rabs (x i) ^ p).
Proof.
  intros p n q x m b s Hp Z. unfold err_in, sum_over. rewrite <- sum_plus. apply sum_ext. intros i _.
  destruct (in_group (block q) b i); [|ring]. unfold prune. destruct (m i); [ring|].
  rewrite Z, !Rminus_0_r, Rabs_R0, pow_i by lia. ring.
Qed.

(** If no block with a survivor errs more under its new parameters than under those of x, neither does the vector. *)
Lemma block_by_block : forall p n q x m, (1 <= p)%nat -> keeps_zero q ->
  (forall k, (k < n)%nat -> m k = true ->
     err_in p n q (prune m x) (block q k) (scale q (prune m x) (block q k))
     <= err_in p n q (prune m x) (block q k) (scale q x (block q k))) ->
  err p n x (quantize q (prune m x)) <= err p n x (prune m (quantize q x)).
Proof.
  intros p n q x m Hp Z Less. apply (sum_le_by_group n (block q)). intros i Hi.
  set (b := block q i).
  assert (At : forall y, sum_over n (in_group (block q) b) (fun j => Rabs (x j - level q (scale q y (block q j))
                 (prune m x j)) ^ p)
               = sum_over n (in_group (block q) b) (fun j => Rabs (x j - level q (scale q y b) (prune m x j)) ^ p)).
  { intro y. apply sum_ext. intros j _. destruct (in_group (block q) b j) eqn:B; [|reflexivity].
    apply in_group_spec in B. now rewrite B. }
  assert (Frozen : sum_over n (in_group (block q) b) (fun j => Rabs (x j - prune m (quantize q x) j) ^ p)
                   = sum_over n (in_group (block q) b) (fun j => Rabs (x j - level q (scale q x b) (prune m x j)) ^ p)).
  { rewrite <- At. apply sum_ext. intros j _. destruct (in_group (block q) b j); [|reflexivity].
    unfold quantize, rounding, prune. destruct (m j); [reflexivity|]. now rewrite Z. }
  rewrite Frozen. unfold quantize, rounding. rewrite At, !kept_and_pruned by auto.
  apply Rplus_le_compat_r.
  destruct (Nat.eq_dec (count n (fun j => m j && in_group (block q) b j)) 0) as [None|Some].
  - apply Req_le, sum_ext. intros j Hj. destruct (in_group (block q) b j) eqn:B; [|reflexivity].
    destruct (m j) eqn:M.
    + pose proof (count_positive n (fun k => m k && in_group (block q) b k) j Hj) as P.
      simpl in P. rewrite M, B in P. specialize (P eq_refl). lia.
    + unfold prune. now rewrite M, !Z.
  - destruct (count_lt_find n (fun j => m j && in_group (block q) b j) (fun _ => false)) as (k & Hk & K & _).
    { rewrite (count_none n (fun _ => false)) by auto. lia. }
    apply andb_prop in K. destruct K as [Mk Bk]. apply in_group_spec in Bk.
    specialize (Less k Hk Mk). now rewrite Bk in Less.
Qed.

Lemma fitted_after_mask : forall p n q choices x m, (1 <= p)%nat ->
  keeps_zero q -> fitted p n q choices -> keeps_maxima n q x m ->
  err p n x (quantize q (prune m x)) <= err p n x (prune m (quantize q x)).
Proof.
  intros p n q choices x m Hp Z Fit [Max Top]. apply block_by_block; auto. intros k Hk Mk.
  destruct (Fit (prune m x) (block q k)) as [_ Least]. apply Least.
  rewrite (Max k Hk Mk), Top. apply Fit.
Qed.


Theorem fitted_bound : forall p n q choices x m, (1 <= p)%nat ->
  keeps_zero q -> fitted p n q choices -> keeps_maxima n q x m ->
  err p n x (quantize q (prune m x)) <= err p n x (quantize q x) + err p n x (prune m x).
Proof.
  intros p n q choices x m Hp Z Fit Max.
  apply Rle_trans with (err p n x (prune m (quantize q x))); [now apply (fitted_after_mask p n q choices)|].
  rewrite prune_error by auto. unfold err, sum_over. rewrite <- sum_plus. apply sum_le. intros i _.
  pose proof (pow_nonneg (x i - quantize q x i) p). unfold pruned, prune.
  destruct (m i); simpl; [lra|]. rewrite Rminus_0_r. lra.
Qed.

Theorem fitted_dominates : forall p n group budget q choices x m1 m2, (1 <= p)%nat ->
  keeps_zero q -> fitted p n q choices -> keeps_maxima n q x m1 -> monotone q -> one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m1 ->
  is_top n group budget (magnitude (quantize q x)) m2 ->
  err p n x (quantize q (prune m1 x)) <= err p n x (prune m2 (quantize q x)).
Proof.
  intros p n group budget q choices x m1 m2 Hp Z Fit Max Mono One T1 T2.
  apply Rle_trans with (err p n x (prune m1 (quantize q x))); [now apply (fitted_after_mask p n q choices)|].
  now apply (magnitude_mask_dominates p n group budget).
Qed.

(** Where candidates follow from the blocks alone, all that is asked of the mask is how groups and blocks overlap. *)
Corollary overlap_keeps_fitted : forall p n group budget q own x m1 m2, (1 <= p)%nat ->
  keeps_zero q -> fitted p n q (fun b u _ => own b u) -> overlap_condition n group (block q) budget ->
  monotone q -> one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m1 ->
  is_top n group budget (magnitude (quantize q x)) m2 ->
  err p n x (quantize q (prune m1 x)) <= err p n x (prune m2 (quantize q x)).
Proof.
  intros p n group budget q own x m1 m2 Hp Z Fit Over Mono One T1 T2.
  apply Rle_trans with (err p n x (prune m1 (quantize q x))); [|now apply (magnitude_mask_dominates p n group budget)].
  apply block_by_block; auto. intros k Hk Mk.
  destruct (Fit (prune m1 x) (block q k)) as [_ Least]. apply Least.
  rewrite (overlap_sufficient n group (block q) budget Over x m1 T1 k Hk Mk).
  exact (proj1 (Fit x (block q k))).
Qed.
