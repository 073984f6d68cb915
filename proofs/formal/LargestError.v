(** From all powers to the largest error (p = infinity).

    If y is at least as close to x as z in the p-norm for every natural p >= 1, the largest |x_i - y_i| is at most the
    largest |x_i - z_i|: otherwise (largest of y / largest of z)^p would stay below n.
    Used for the p = infinity case of prune_first_dominates and sparse_grid_projection.  Depends on Vectors. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors.
Open Scope R_scope.

Definition largest_error (n : nat) (x y : vector) : R := maximum n (fun i => Rabs (x i - y i)).

Lemma largest_error_ext : forall n x y z, (forall i, (i < n)%nat -> y i = z i) ->
  largest_error n x y = largest_error n x z.
Proof. intros n x y z H. apply maximum_ext. intros i Hi. now rewrite H. Qed.

Lemma maximum_attained : forall n f, maximum n f = 0 \/ exists i, (i < n)%nat /\ f i = maximum n f.
Proof.
  intros n f. destruct (argmax n (fun _ => true) f) as [None|(i & Hi & _ & Max)].
  - left. destruct n; [reflexivity|]. specialize (None O ltac:(lia)). discriminate.
  - destruct (Rle_lt_dec (f i) 0) as [L|L].
    + left. apply Rle_antisym; [|apply maximum_nonneg]. apply maximum_least; [lra|].
      intros j Hj. specialize (Max j Hj eq_refl). lra.
    + right. exists i. split; [auto|]. apply Rle_antisym; [now apply maximum_upper|].
      apply maximum_least; [lra|auto].
Qed.

(** A ratio above 1 has unbounded powers. *)
Lemma powers_separate : forall n a b, 0 <= a < b -> exists p, (1 <= p)%nat /\ INR n * a ^ p < b ^ p.
Proof.
  intros n a b [Ha L]. destruct (Req_dec a 0) as [->|Na].
  { exists 1%nat. split; [lia|]. simpl. lra. }
  assert (B : b = a * (b / a)) by (field; auto).
  assert (One : 1 < b / a) by (apply Rmult_lt_reg_l with a; [lra|]; rewrite <- B; lra).
  destruct (Pow_x_infinity (b / a) ltac:(rewrite Rabs_pos_eq; lra) (INR n + 1)) as [p P].
  exists (S p). split; [lia|]. specialize (P (S p) ltac:(lia)).
  rewrite Rabs_pos_eq in P by (apply pow_le; lra).
  rewrite B at 1. rewrite Rpow_mult_distr, (Rmult_comm (INR n)).
  apply Rmult_lt_compat_l; [apply pow_lt|]; lra.
Qed.

Theorem powers_to_largest : forall n x y z,
  (forall p, (1 <= p)%nat -> err p n x y <= err p n x z) -> largest_error n x y <= largest_error n x z.
Proof.
  intros n x y z H. destruct (Rle_lt_dec (largest_error n x y) (largest_error n x z)) as [|L]; [auto|exfalso].
  assert (Z : 0 <= largest_error n x z) by apply maximum_nonneg.
  destruct (powers_separate n _ _ (conj Z L)) as (p & Hp & P). specialize (H p Hp).
  assert (Above : err p n x z <= INR n * largest_error n x z ^ p).
  { replace (INR n) with (INR (count n (fun _ => true))).
    - rewrite <- sum_over_const. apply sum_le. intros i Hi. simpl. apply pow_mono. split; [apply Rabs_pos|].
      apply (maximum_upper n (fun i => Rabs (x i - z i))). auto.
    - f_equal. clear. induction n as [|n IH]; simpl; lia. }
  assert (Below : largest_error n x y ^ p <= err p n x y).
  { destruct (maximum_attained n (fun i => Rabs (x i - y i))) as [E|(i & Hi & E)].
    - unfold largest_error in L at 2. lra.
    - unfold largest_error. rewrite <- E. apply (term_le_sum n (fun i => Rabs (x i - y i) ^ p)); [|auto].
      intros j _. apply pow_nonneg. }
  lra.
Qed.
