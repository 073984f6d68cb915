(** weakly_majorized: in every group the errors of S->Q are weakly majorized by those of Q->S.

    Under the hypotheses of prune_first_dominates, for every group g and every t >= 0 the errors of the group add up,
    beyond t, to no more under S->Q than under Q->S:

        sum over g of max(0, |x_i - q(m1 .* x)_i| - t)  <=  sum over g of max(0, |x_i - (m2 .* q(x))_i| - t).

    That is weak majorization in Hardy, Littlewood and Polya's form: so are the sums of the k largest, for every k, and
    every norm that is symmetric in the entries of a group.
    Depends on Vectors, Masks, Operators. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors Masks Operators.
Open Scope R_scope.

(** What of a magnitude lies beyond t. *)
Definition beyond (t e : R) : R := Rmax 0 (e - t).

(** The errors of group g beyond t. *)
Definition errors_beyond (t : R) (n : nat) (group : nat -> nat) (g : nat) (x y : vector) : R :=
  sum_over n (in_group group g) (fun i => beyond t (Rabs (x i - y i))).

Definition saved_beyond (t : R) (group : nat -> nat) (g : nat) (x y : vector) : nat -> R :=
  fun i => if in_group group g i then beyond t (Rabs (x i)) - beyond t (Rabs (x i - y i)) else 0.

(** The pair lemma for this gain. *)
Lemma larger_saves_more : forall t v a b, 0 <= t -> 0 <= v -> 0 <= b <= a ->
  beyond t b - beyond t (Rabs (b - v)) <= beyond t a - beyond t (Rabs (a - v)).
Proof.
  intros t v a b Ht Hv H. unfold beyond, Rmax, Rabs.
  destruct (Rcase_abs (b - v)), (Rcase_abs (a - v));
    repeat match goal with |- context [Rle_dec ?u ?w] => destruct (Rle_dec u w) end; lra.
Qed.

Lemma errors_beyond_prune : forall t n group g x y m,
  errors_beyond t n group g x (prune m y)
  = sum_over n (in_group group g) (fun i => beyond t (Rabs (x i))) - sum_over n m (saved_beyond t group g x y).
Proof.
  intros t n group g x y m. unfold errors_beyond, saved_beyond, sum_over. rewrite <- sum_minus. apply sum_ext.
  intros i _. unfold prune. destruct (in_group group g i), (m i); rewrite ?Rminus_0_r; ring.
Qed.

Theorem weakly_majorized : forall t n group budget q x m1 m2 g, 0 <= t ->
  keeps_zero q -> keeps_scale n q x m1 -> monotone q -> one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m1 ->
  is_top n group budget (magnitude (quantize q x)) m2 ->
  errors_beyond t n group g x (quantize q (prune m1 x)) <= errors_beyond t n group g x (prune m2 (quantize q x)).
Proof.
  intros t n group budget q x m1 m2 g Ht Z Sigma Mono One [A1 T1] [A2 T2].
  assert (E : errors_beyond t n group g x (quantize q (prune m1 x))
              = errors_beyond t n group g x (prune m1 (quantize q x))).
  { unfold errors_beyond, sum_over. apply sum_ext. intros i Hi. now rewrite (prune_then_quantize n q x m1 Z Sigma i Hi). }
  rewrite E, !errors_beyond_prune.
  enough (sum_over n m2 (saved_beyond t group g x (quantize q x))
          <= sum_over n m1 (saved_beyond t group g x (quantize q x))) by lra.
  apply (admissible_outweighs n group budget); auto. intros i j Hi Hj G I1 I2 J2 J1.
  unfold saved_beyond, in_group. rewrite <- G. destruct (group i =? g)%nat; [|lra].
  assert (L : Rabs (x j) <= Rabs (x i)) by (apply T1; auto).
  assert (V : Rabs (quantize q x j) = Rabs (quantize q x i)).
  { apply Rle_antisym; [|apply T2; auto].
    unfold quantize, rounding. rewrite (One i j Hi Hj G). now apply Mono. }
  assert (Sign : forall k, 0 <= x k * quantize q x k) by (intro k; apply Mono).
  rewrite !(error_of_magnitudes _ _ (Sign _)), V.
  apply larger_saves_more; auto using Rabs_pos.
Qed.
