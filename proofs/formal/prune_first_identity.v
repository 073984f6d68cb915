(** prune_first_identity: pruning first makes the two errors live on disjoint sets.

    If q keeps zero (Z) and m leaves the scale of every surviving block alone (Sigma), then for every mask m, every
    vector x and every natural p

        err_p of q(m .* x)  =  sum of |x_i|^p over the pruned i  +  sum of |x_i - q(x)_i|^p over the kept i,

    because the residual of q(m .* x) is (m .* residual of q) + (residual of m), with disjoint supports.  Hence
    [prune_first_bound], err_p of q(m .* x) <= err_p of q + err_p of m, and what is missing to equality, for p >= 1, is
    exactly the sum of |x_i - q(x)_i|^p over the pruned i ([prune_first_slack]).
    Depends on Vectors, Operators. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors Operators.
Open Scope R_scope.

Theorem prune_first_identity : forall p n q x m, keeps_zero q -> keeps_scale n q x m ->
  err p n x (quantize q (prune m x))
  = sum_over n (pruned m) (fun i => Rabs (x i) ^ p)
    + sum_over n m (fun i => Rabs (x i - quantize q x i) ^ p).
Proof.
  intros p n q x m Z Sigma. rewrite (err_ext p n x _ _ (prune_then_quantize n q x m Z Sigma)).
  unfold err, sum_over. rewrite <- sum_plus. apply sum_ext. intros i _.
  unfold pruned, prune. destruct (m i); simpl; [ring|]. rewrite Rminus_0_r. ring.
Qed.

(** The same, entry by entry: the residuals add, and at most one of them is not zero. *)
Theorem prune_first_residual : forall n q x m, keeps_zero q -> keeps_scale n q x m ->
  forall i, (i < n)%nat ->
    x i - quantize q (prune m x) i = prune m (fun j => x j - quantize q x j) i + (x i - prune m x i) /\
    (prune m (fun j => x j - quantize q x j) i = 0 \/ x i - prune m x i = 0).
Proof.
  intros n q x m Z Sigma i Hi. rewrite (prune_then_quantize n q x m Z Sigma i Hi).
  unfold prune. destruct (m i); split; (ring || (right; ring) || (left; reflexivity)).
Qed.

(** The error of pruning alone is the pruned part. *)
Lemma prune_error : forall p n x m, (1 <= p)%nat ->
  err p n x (prune m x) = sum_over n (pruned m) (fun i => Rabs (x i) ^ p).
Proof.
  intros p n x m Hp. apply sum_ext. intros i _. unfold pruned, prune.
  destruct (m i); simpl; [|now rewrite Rminus_0_r].
  replace (x i - x i) with 0 by ring. rewrite Rabs_R0. apply pow_i. lia.
Qed.

Theorem prune_first_slack : forall p n q x m, (1 <= p)%nat -> keeps_zero q -> keeps_scale n q x m ->
  err p n x (quantize q x) + err p n x (prune m x) - err p n x (quantize q (prune m x))
  = sum_over n (pruned m) (fun i => Rabs (x i - quantize q x i) ^ p).
Proof.
  intros p n q x m Hp Z Sigma. rewrite prune_first_identity, prune_error by auto.
  enough (err p n x (quantize q x)
          = sum_over n (pruned m) (fun i => Rabs (x i - quantize q x i) ^ p)
            + sum_over n m (fun i => Rabs (x i - quantize q x i) ^ p)) by lra.
  unfold err, sum_over. rewrite <- sum_plus. apply sum_ext. intros i _.
  unfold pruned. destruct (m i); simpl; ring.
Qed.

Theorem prune_first_bound : forall p n q x m, (1 <= p)%nat -> keeps_zero q -> keeps_scale n q x m ->
  err p n x (quantize q (prune m x)) <= err p n x (quantize q x) + err p n x (prune m x).
Proof.
  intros p n q x m Hp Z Sigma. pose proof (prune_first_slack p n q x m Hp Z Sigma) as S.
  enough (0 <= sum_over n (pruned m) (fun i => Rabs (x i - quantize q x i) ^ p)) by lra.
  rewrite <- (sum_zero n). apply sum_le. intros i _. destruct (pruned m i); [apply pow_nonneg|lra].
Qed.
