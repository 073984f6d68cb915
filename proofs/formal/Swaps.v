(** Swaps: where the masks of two orders differ.

    A swap of m2 against m1 prunes an entry i that m1 keeps ([swapped_out]) and keeps an entry j that m1 prunes
    ([swapped_in]).  In every group both kinds are equally many ([swaps_balance]), at most min(k, |G| - k)
    ([swaps_at_most]).  If q is monotone, groups have one scale, m1 is a magnitude top mask of x and m2 one of q(x),
    then |x_j| <= |x_i| and both have one image v: |q(x)_i| = |q(x)_j| = v ([swaps_tie]).

    In L1, of the group g: [excess] is the error of m2 .* q(x) less those of q and of m1, both at x; [gap] is the same
    less the error of q(m1 .* x).  [swap_excess] writes the excess exactly, for any two masks:
      sum over swapped-out i of (|x_i| - |x_i - q(x)_i|)  -  sum over swapped-in j of |x_j|
      -  sum over j pruned by both of |x_j - q(x)_j|.
    Depends on Vectors, Masks, Operators. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors Masks Operators.
Open Scope R_scope.

Definition swapped_out (m1 m2 : mask) : mask := fun i => m1 i && negb (m2 i).
Definition swapped_in (m1 m2 : mask) : mask := fun j => m2 j && negb (m1 j).
Definition pruned_by_both (m1 m2 : mask) : mask := fun j => negb (m1 j) && negb (m2 j).

(** The entries of group g that b marks. *)
Definition within (group : nat -> nat) (g : nat) (b : mask) : mask := fun i => b i && in_group group g i.

(** ** Counting swaps *)

Section Swaps.

Variables (n : nat) (group budget : nat -> nat) (m1 m2 : mask).
Hypotheses (A1 : admissible n group budget m1) (A2 : admissible n group budget m2).

Let out g := within group g (swapped_out m1 m2).
Let into g := within group g (swapped_in m1 m2).

Lemma kept_splits : forall g,
  (kept n group m1 g + count n (into g) = kept n group m2 g + count n (out g))%nat.
Proof.
  intro g. unfold kept, into, out, within, swapped_in, swapped_out. clear.
  induction n as [|n' IH]; simpl; [auto|].
  destruct (m1 n'), (m2 n'), (in_group group g n'); simpl; lia.
Qed.

Lemma swaps_balance : forall i, (i < n)%nat -> count n (out (group i)) = count n (into (group i)).
Proof. intros i Hi. pose proof (kept_splits (group i)) as K. rewrite A1, A2 in K by auto. lia. Qed.

Lemma swaps_at_most : forall i, (i < n)%nat -> let g := group i in
  (count n (into g) <= Nat.min (budget g) (size n group g - budget g))%nat.
Proof.
  intros i Hi g. pose proof (A1 i Hi) as K1. pose proof (A2 i Hi) as K2. fold g in K1, K2.
  assert (count n (into g) <= kept n group m2 g)%nat.
  { apply count_le. intros j _. unfold into, within, swapped_in.
    destruct (m2 j), (m1 j), (in_group group g j); auto. }
  enough (kept n group m1 g + count n (into g) <= size n group g)%nat by lia.
  unfold kept, size, into, within, swapped_in. clear.
  induction n as [|n' IH]; simpl; [auto|].
  destruct (m1 n'), (m2 n'), (in_group group g n'); simpl; lia.
Qed.

End Swaps.

(** Both sides of a swap have one image. *)
Theorem swaps_tie : forall n group budget q x m1 m2,
  monotone q -> one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j ->
    swapped_out m1 m2 i = true -> swapped_in m1 m2 j = true ->
    Rabs (x j) <= Rabs (x i) /\ Rabs (quantize q x i) = Rabs (quantize q x j).
Proof.
  intros n group budget q x m1 m2 Mono One [_ T1] [_ T2] i j Hi Hj G I J.
  apply andb_prop in I, J. destruct I as [I1 I2], J as [J2 J1]. apply negb_true_iff in I2, J1.
  assert (L : Rabs (x j) <= Rabs (x i)) by (apply T1; auto). split; [exact L|].
  apply Rle_antisym; [apply T2; auto|].
  unfold quantize, rounding. rewrite (One i j Hi Hj G). now apply Mono.
Qed.

(** ** The excess of one group *)

(** err_1 of y in group g. *)
Definition group_err (n : nat) (group : nat -> nat) (g : nat) (x y : vector) : R :=
  err_over 1 n (in_group group g) x y.

Definition excess (n : nat) (group : nat -> nat) (g : nat) (q : quantizer) (x : vector) (m1 m2 : mask) : R :=
  group_err n group g x (prune m2 (quantize q x))
  - (group_err n group g x (quantize q x) + group_err n group g x (prune m1 x)).

Definition gap (n : nat) (group : nat -> nat) (g : nat) (q : quantizer) (x : vector) (m1 m2 : mask) : R :=
  group_err n group g x (prune m2 (quantize q x)) - group_err n group g x (quantize q (prune m1 x)).

Theorem swap_excess : forall n group g q x m1 m2,
  excess n group g q x m1 m2
  = sum_over n (within group g (swapped_out m1 m2)) (fun i => Rabs (x i) - Rabs (x i - quantize q x i))
    - sum_over n (within group g (swapped_in m1 m2)) (fun j => Rabs (x j))
    - sum_over n (within group g (pruned_by_both m1 m2)) (fun j => Rabs (x j - quantize q x j)).
Proof.
  intros n group g q x m1 m2. unfold excess, group_err, err_over, sum_over.
  rewrite <- sum_plus, <- !sum_minus. apply sum_ext. intros i _.
  unfold within, swapped_out, swapped_in, pruned_by_both, prune.
  assert (Z : Rabs (x i - x i) = 0) by (rewrite <- Rabs_R0; f_equal; ring).
  destruct (in_group group g i), (m1 i), (m2 i); simpl; rewrite ?Z, ?Rminus_0_r; ring.
Qed.

(** What swapped-out entries are worth is at most the images of the swapped-in ones. *)
Lemma out_at_most_into : forall n group budget q x m1 m2 k, (k < n)%nat ->
  admissible n group budget m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  sum_over n (within group (group k) (swapped_out m1 m2)) (fun i => Rabs (x i) - Rabs (x i - quantize q x i))
  <= sum_over n (within group (group k) (swapped_in m1 m2)) (fun j => Rabs (quantize q x j)).
Proof.
  intros n group budget q x m1 m2 k Hk A1 [A2 T2].
  apply Rle_trans with
    (sum_over n (within group (group k) (swapped_out m1 m2)) (fun i => Rabs (quantize q x i))).
  - apply sum_over_le. intros i _ _. pose proof (Rabs_triang_inv (x i) (x i - quantize q x i)) as T.
    replace (x i - (x i - quantize q x i)) with (quantize q x i) in T by ring. exact T.
  - apply set_outweighs.
    + left. symmetry. now apply (swaps_balance n group budget).
    + intros i j Hi Hj I _ J _. apply andb_prop in I, J. destruct I as [I Gi], J as [J Gj].
      apply in_group_spec in Gi, Gj. apply andb_prop in I, J. destruct I as [I _], J as [_ J].
      apply negb_true_iff in J. apply T2; auto. congruence.
Qed.
