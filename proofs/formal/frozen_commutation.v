(** frozen_commutation: with mask and scales frozen the two operators commute; breaking ties by the original
    magnitude turns Q->S into S->Q.

    [frozen_commutation]: for every mask m, vector x and scales taken from any vector z, if q keeps zero then
    m .* q(x) = q(m .* x), everywhere.

    Q->S that ranks by |q(x)| and breaks its ties by |x| chooses a mask that is top in the lexicographic order of
    (|q(x)|, |x|).  If q is monotone and each group has one scale, these are exactly the masks that are top by |x|
    ([by_original_is_magnitude]); so with (Z) and (Sigma) every such Q->S result is the S->Q result of the same mask,
    and conversely ([frozen_commutation_orders]).  Entries may still tie in |x| as well.  When both orders hand these
    last ties to one rule [before] on indices, both choose one and the same mask and their results are
    equal ([frozen_commutation_ties]).
    Depends on Vectors, Masks, Operators. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors Masks Operators.
Open Scope R_scope.

Theorem frozen_commutation : forall q z m x, keeps_zero q ->
  forall i, prune m (quantize (frozen q z) x) i = quantize (frozen q z) (prune m x) i.
Proof.
  intros q z m x Z i. unfold quantize, rounding, prune. simpl. destruct (m i); [reflexivity|].
  symmetry. apply Z.
Qed.

(** No kept entry of a group comes after a pruned one in the order of [first], ties going by [second]. *)
Definition is_top_by (n : nat) (group budget : nat -> nat) (first second : nat -> R) (m : mask) : Prop :=
  admissible n group budget m /\
  forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j -> m i = true -> m j = false ->
    first j < first i \/ (first j = first i /\ second j <= second i).

Theorem by_original_is_magnitude : forall n group budget q x m,
  monotone q -> one_scale_per_group n group q x ->
  (is_top_by n group budget (magnitude (quantize q x)) (magnitude x) m <->
   is_top n group budget (magnitude x) m).
Proof.
  intros n group budget q x m Mono One.
  assert (Order : forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j ->
    Rabs (x i) <= Rabs (x j) -> Rabs (quantize q x i) <= Rabs (quantize q x j)).
  { intros i j Hi Hj G L. unfold quantize, rounding. rewrite (One i j Hi Hj G). now apply Mono. }
  unfold magnitude. split; intros [A T]; (split; [exact A|]); intros i j Hi Hj G Mi Mj;
    specialize (T i j Hi Hj G Mi Mj).
  - destruct T as [L|[_ L]]; [|exact L].
    destruct (Rle_lt_dec (Rabs (x j)) (Rabs (x i))) as [|C]; [auto|].
    assert (Rabs (quantize q x i) <= Rabs (quantize q x j)) by (apply Order; auto; lra). lra.
  - assert (Rabs (quantize q x j) <= Rabs (quantize q x i)) as [|] by (apply Order; auto); auto.
Qed.

Theorem frozen_commutation_orders : forall n group budget q x m,
  keeps_zero q -> keeps_scale n q x m -> monotone q -> one_scale_per_group n group q x ->
  (is_top_by n group budget (magnitude (quantize q x)) (magnitude x) m <->
   is_top n group budget (magnitude x) m) /\
  forall i, (i < n)%nat -> prune m (quantize q x) i = quantize q (prune m x) i.
Proof.
  intros n group budget q x m Z Sigma Mono One. split.
  - now apply by_original_is_magnitude.
  - intros i Hi. symmetry. now apply (prune_then_quantize n).
Qed.

(** ** One tie rule for both orders *)

(** No kept entry comes after a pruned one in a strict order [ahead] of the entries. *)
Definition is_first (n : nat) (group budget : nat -> nat) (ahead : nat -> nat -> Prop) (m : mask) : Prop :=
  admissible n group budget m /\
  forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j -> m i = true -> m j = false -> ahead i j.

(** By |x|, ties by [before]; and by |y|, then |x|, then [before]. *)
Definition by_magnitude (x : vector) (before : nat -> nat -> Prop) (i j : nat) : Prop :=
  Rabs (x j) < Rabs (x i) \/ (Rabs (x j) = Rabs (x i) /\ before i j).

Definition by_image_then_original (y x : vector) (before : nat -> nat -> Prop) (i j : nat) : Prop :=
  Rabs (y j) < Rabs (y i) \/ (Rabs (y j) = Rabs (y i) /\ by_magnitude x before i j).

(** Two masks of the same budgets that are first in two asymmetric orders, one implying the other, agree. *)
Lemma first_is_unique : forall n group budget (ahead ahead' : nat -> nat -> Prop) m m',
  (forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j -> ahead' i j -> ahead i j) ->
  (forall i j, ahead i j -> ahead j i -> False) ->
  is_first n group budget ahead m -> is_first n group budget ahead' m' ->
  forall i, (i < n)%nat -> m i = m' i.
Proof.
  intros n group budget ahead ahead' m m' Imp Asym [A F] [A' F'].
  assert (Clash : forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j ->
    m i = true -> m' i = false -> m' j = true -> m j = false -> False).
  { intros i j Hi Hj G Mi Mi' Mj' Mj. apply (Asym i j); [now apply F|].
    apply Imp, F'; auto. }
  assert (Partner : forall b c i, admissible n group budget b -> admissible n group budget c ->
    (i < n)%nat -> b i = true -> c i = false ->
    exists j, (j < n)%nat /\ group j = group i /\ c j = true /\ b j = false).
  { intros b c i Ab Ac Hi B C.
    destruct (count_eq_find n (fun j => b j && in_group group (group i) j)
                              (fun j => c j && in_group group (group i) j) i) as (j & Hj & Cj & Bj); auto.
    - transitivity (budget (group i)); [apply Ab|symmetry; apply Ac]; auto.
    - rewrite B. now apply in_group_spec.
    - now rewrite C.
    - apply andb_prop in Cj. destruct Cj as [Cj Gj]. rewrite Gj, andb_true_r in Bj.
      apply in_group_spec in Gj. eauto. }
  intros i Hi. destruct (m i) eqn:E, (m' i) eqn:E'; try reflexivity; exfalso.
  - destruct (Partner m m' i A A' Hi E E') as (j & Hj & G & J' & J). now apply (Clash i j).
  - destruct (Partner m' m i A' A Hi E' E) as (j & Hj & G & J & J'). now apply (Clash j i).
Qed.

Theorem frozen_commutation_ties : forall n group budget (before : nat -> nat -> Prop) q x m1 m2,
  keeps_zero q -> keeps_scale n q x m1 -> monotone q -> one_scale_per_group n group q x ->
  (forall i j, before i j -> before j i -> False) ->
  is_first n group budget (by_magnitude x before) m1 ->
  is_first n group budget (by_image_then_original (quantize q x) x before) m2 ->
  forall i, (i < n)%nat -> m1 i = m2 i /\ prune m2 (quantize q x) i = quantize q (prune m1 x) i.
Proof.
  intros n group budget before q x m1 m2 Z Sigma Mono One Asym F1 F2 i Hi.
  assert (Same : m1 i = m2 i).
  { revert i Hi. apply (first_is_unique n group budget _ _ m1 m2) with (3 := F1) (4 := F2).
    - intros i j Hi Hj G [L|[_ L]]; [left|exact L].
      destruct (Rle_lt_dec (Rabs (x i)) (Rabs (x j))) as [C|]; [|auto].
      assert (Rabs (quantize q x i) <= Rabs (quantize q x j)); [|lra].
      unfold quantize, rounding. rewrite (One i j Hi Hj G). now apply Mono.
    - unfold by_magnitude. intros i j [L|[E B]] [L'|[E' B']]; [lra|lra|lra|eauto]. }
  split; [exact Same|]. rewrite (prune_then_quantize n q x m1 Z Sigma i Hi).
  unfold prune. now rewrite Same.
Qed.
