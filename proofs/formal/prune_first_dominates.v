(** prune_first_dominates: pruning first is never the worse order.

    Let q keep zero (Z), be monotone, and give the entries of each group one scale; let m1 be any magnitude top mask of
    x that keeps the scales (Sigma), and m2 any magnitude top mask of q(x) with the same budgets.  Then for every
    vector, every partition into groups, every budget, every tie rule on either side and every natural p >= 1

        err_p of q(m1 .* x)  <=  err_p of m2 .* q(x).

    Proof: an exchange (i kept by m1 only, j by m2 only) has |x_i| >= |x_j| and, as q is monotone and m2 is top,
    |q(x)_i| = |q(x)_j| = v; the pair lemma says that keeping i gains at least as much as keeping j.  The same for
    p = infinity, the largest error ([prune_first_dominates_largest]).

    [pruning_first_never_worse] states both for every x; [kept_scales_never_worse] has it from hypotheses on q alone.

    That q never reverses a sign and that it keeps the order of magnitudes are both needed: see Counterexamples.v.
    Depends on Vectors, Masks, Operators, Rounding, LargestError. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors Masks Operators Rounding LargestError.
Open Scope R_scope.

(** At the scales of x, for masks that need not have anything to do with (Z) and (Sigma). *)
Lemma magnitude_mask_dominates : forall p n group budget q x m1 m2, (1 <= p)%nat ->
  monotone q -> one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m1 ->
  is_top n group budget (magnitude (quantize q x)) m2 ->
  err p n x (prune m1 (quantize q x)) <= err p n x (prune m2 (quantize q x)).
Proof.
  intros p n group budget q x m1 m2 Hp Mono One [A1 T1] [A2 T2]. rewrite !err_prune.
  enough (sum_over n m2 (gain p x (quantize q x)) <= sum_over n m1 (gain p x (quantize q x)))
    by (unfold gain in *; lra).
  apply (admissible_outweighs n group budget); auto. intros i j Hi Hj G I1 I2 J2 J1.
  assert (L : Rabs (x j) <= Rabs (x i)) by (apply T1; auto).
  assert (V : Rabs (quantize q x j) = Rabs (quantize q x i)).
  { apply Rle_antisym; [|apply T2; auto].
    unfold quantize, rounding. rewrite (One i j Hi Hj G). now apply Mono. }
  assert (Sign : forall k, 0 <= x k * quantize q x k) by (intro k; apply Mono).
  unfold gain. rewrite !(error_of_magnitudes _ _ (Sign _)), V.
  apply larger_gains_more; auto using Rabs_pos.
Qed.

(** S->Q is never the worse order under q, whatever x, the tie rules of both masks and p. *)
Definition pruning_first_never_worse (n : nat) (group budget : nat -> nat) (q : quantizer) : Prop :=
  forall x m1 m2, is_top n group budget (magnitude x) m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
    (forall p, (1 <= p)%nat -> err p n x (quantize q (prune m1 x)) <= err p n x (prune m2 (quantize q x))) /\
    largest_error n x (quantize q (prune m1 x)) <= largest_error n x (prune m2 (quantize q x)).

Theorem prune_first_dominates : forall p n group budget q x m1 m2, (1 <= p)%nat ->
  keeps_zero q -> keeps_scale n q x m1 -> monotone q -> one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m1 ->
  is_top n group budget (magnitude (quantize q x)) m2 ->
  err p n x (quantize q (prune m1 x)) <= err p n x (prune m2 (quantize q x)).
Proof.
  intros p n group budget q x m1 m2 Hp Z Sigma Mono One T1 T2.
  rewrite (err_ext p n x _ _ (prune_then_quantize n q x m1 Z Sigma)).
  now apply (magnitude_mask_dominates p n group budget).
Qed.

Theorem prune_first_dominates_largest : forall n group budget q x m1 m2,
  keeps_zero q -> keeps_scale n q x m1 -> monotone q -> one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m1 ->
  is_top n group budget (magnitude (quantize q x)) m2 ->
  largest_error n x (quantize q (prune m1 x)) <= largest_error n x (prune m2 (quantize q x)).
Proof.
  intros n group budget q x m1 m2 Z Sigma Mono One T1 T2. apply powers_to_largest. intros p Hp.
  now apply (prune_first_dominates p n group budget).
Qed.

Corollary kept_scales_never_worse : forall n group budget q, keeps_zero q -> monotone q ->
  (forall x, one_scale_per_group n group q x) ->
  (forall x m, is_top n group budget (magnitude x) m -> keeps_scale n q x m) ->
  pruning_first_never_worse n group budget q.
Proof.
  intros n group budget q Z Mono One Sigma x m1 m2 T1 T2.
  split; [intros p Hp; apply (prune_first_dominates p n group budget)|
          apply (prune_first_dominates_largest n group budget)]; auto.
Qed.

(** ** Several scales in a group

    What an exchange needs of a group is less than one scale and a monotone rounding: no image falls as the entry grows,
    no sign is reversed, and of two entries of one magnitude the smaller image is no further off. *)

Definition nearly_ordered (n : nat) (group : nat -> nat) (x y : vector) : Prop :=
  (forall i, (i < n)%nat -> 0 <= x i * y i) /\
  forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j ->
    (Rabs (x j) < Rabs (x i) -> Rabs (y j) <= Rabs (y i)) /\
    (Rabs (x i) = Rabs (x j) -> Rabs (y i) <= Rabs (y j) -> Rabs (x i - y i) <= Rabs (x j - y j)).

Theorem nearly_monotone_dominates : forall p n group budget q x m1 m2, (1 <= p)%nat ->
  keeps_zero q -> keeps_scale n q x m1 -> nearly_ordered n group x (quantize q x) ->
  is_top n group budget (magnitude x) m1 ->
  is_top n group budget (magnitude (quantize q x)) m2 ->
  err p n x (quantize q (prune m1 x)) <= err p n x (prune m2 (quantize q x)).
Proof.
  intros p n group budget q x m1 m2 Hp Z Sigma [Sign Order] [A1 T1] [A2 T2].
  rewrite (err_ext p n x _ _ (prune_then_quantize n q x m1 Z Sigma)), !err_prune.
  enough (sum_over n m2 (gain p x (quantize q x)) <= sum_over n m1 (gain p x (quantize q x)))
    by (unfold gain in *; lra).
  apply (admissible_outweighs n group budget); auto. intros i j Hi Hj G I1 I2 J2 J1.
  assert (L : Rabs (x j) <= Rabs (x i)) by (apply T1; auto).
  assert (V : Rabs (quantize q x i) <= Rabs (quantize q x j)) by (apply T2; auto).
  destruct (Order i j Hi Hj G) as [Larger Equal]. unfold gain.
  destruct (Rle_lt_or_eq_dec _ _ L) as [Less|Same].
  - specialize (Larger Less). assert (E : Rabs (quantize q x j) = Rabs (quantize q x i)) by lra.
    rewrite !(error_of_magnitudes _ _ (Sign _ Hi)), !(error_of_magnitudes _ _ (Sign _ Hj)), E.
    apply larger_gains_more; auto using Rabs_pos.
  - specialize (Equal (eq_sym Same) V). rewrite Same.
    enough (Rabs (x i - quantize q x i) ^ p <= Rabs (x j - quantize q x j) ^ p) by lra.
    apply pow_mono. auto using Rabs_pos.
Qed.

Theorem nearly_monotone_dominates_largest : forall n group budget q x m1 m2,
  keeps_zero q -> keeps_scale n q x m1 -> nearly_ordered n group x (quantize q x) ->
  is_top n group budget (magnitude x) m1 ->
  is_top n group budget (magnitude (quantize q x)) m2 ->
  largest_error n x (quantize q (prune m1 x)) <= largest_error n x (prune m2 (quantize q x)).
Proof.
  intros n group budget q x m1 m2 Z Sigma Order T1 T2. apply powers_to_largest. intros p Hp.
  now apply (nearly_monotone_dominates p n group budget).
Qed.

(** One monotone map for all entries of a group, of whatever scales it is made: so that of blocks of one entry. *)
Theorem one_map_ordered : forall n group q x (f : nat -> R -> R),
  (forall g, keeps_order (f g) /\ keeps_sign (f g)) ->
  (forall i, (i < n)%nat -> quantize q x i = f (group i) (x i)) ->
  nearly_ordered n group x (quantize q x).
Proof.
  intros n group q x f Mono One. split; [intros i Hi; rewrite (One i Hi); apply Mono|].
  intros i j Hi Hj G. destruct (Mono (group i)) as [Order Sign].
  rewrite (One i Hi), (One j Hj), <- G. split; [intro L; apply Order; lra|].
  intros E _. rewrite !(error_of_magnitudes _ _ (Sign _)), E.
  rewrite (Rle_antisym (Rabs (f (group i) (x i))) (Rabs (f (group i) (x j)))); [lra| |]; apply Order; lra.
Qed.
