(** Several quantizers one after the other, and one mask before, between or after them.

    [quantize_all qs x] applies the quantizers of a list in turn.  Throughout the chain, on what it is given, each
      orders             is monotone and has one scale per group                          ([ordered_throughout])
      keeps scales       under the mask                                                   ([keeps_scales])
      keeps zero         and reads nothing beyond the n entries of the vector             ([zeros_throughout])

    Proved: a top mask of x is one of every later tensor ([later_masks]), so the later the mask the more masks tie
    rules allow; and pruning before all quantizers is never worse than after some of them, for every tie rule at
    either place and every natural p ([first_is_best]), and for the largest error ([first_is_best_largest]).
    Depends on Vectors, Masks, Operators, Rounding, LargestError. *)

From Coq Require Import Reals Lra Lia Bool Arith List.
From sqtheory Require Import Vectors Masks Operators Rounding LargestError.
Open Scope R_scope.
Import ListNotations.

Definition quantize_all (qs : list quantizer) (x : vector) : vector := fold_left (fun y q => quantize q y) qs x.

Fixpoint ordered_throughout (n : nat) (group : nat -> nat) (qs : list quantizer) (x : vector) : Prop :=
  match qs with
  | [] => True
  | q :: rest => monotone q /\ one_scale_per_group n group q x /\ ordered_throughout n group rest (quantize q x)
  end.

Fixpoint keeps_scales (n : nat) (qs : list quantizer) (x : vector) (m : mask) : Prop :=
  match qs with
  | [] => True
  | q :: rest => keeps_scale n q x m /\ keeps_scales n rest (quantize q x) m
  end.

(** Scales are those of the first n entries alone. *)
Definition reads_below (n : nat) (q : quantizer) : Prop :=
  forall x y, (forall i, (i < n)%nat -> x i = y i) -> forall b, scale q x b = scale q y b.

Definition zeros_throughout (n : nat) (qs : list quantizer) : Prop :=
  forall q, In q qs -> keeps_zero q /\ reads_below n q.

Lemma quantize_all_app : forall before after x,
  quantize_all (before ++ after) x = quantize_all after (quantize_all before x).
Proof. intros. apply fold_left_app. Qed.

Lemma ordered_app : forall n group before after x, ordered_throughout n group (before ++ after) x ->
  ordered_throughout n group before x /\ ordered_throughout n group after (quantize_all before x).
Proof.
  intros n group before after. induction before as [|q rest IH]; intros x H; [now split|].
  destruct H as (Mono & One & Rest). destruct (IH _ Rest) as [A B]. simpl. auto.
Qed.

(** The composite of the quantizers keeps the order of magnitudes in every group. *)
Lemma keeps_order_throughout : forall n group qs x i j, ordered_throughout n group qs x ->
  (i < n)%nat -> (j < n)%nat -> group i = group j -> Rabs (x j) <= Rabs (x i) ->
  Rabs (quantize_all qs x j) <= Rabs (quantize_all qs x i).
Proof.
  intros n group qs. induction qs as [|q rest IH]; intros x i j H Hi Hj G L; [exact L|].
  destruct H as (Mono & One & Rest). apply (IH (quantize q x)); auto.
  unfold quantize, rounding. rewrite (One i j Hi Hj G). now apply Mono.
Qed.

Theorem later_masks : forall n group budget qs x m, ordered_throughout n group qs x ->
  is_top n group budget (magnitude x) m -> is_top n group budget (magnitude (quantize_all qs x)) m.
Proof.
  intros n group budget qs x m H [A T]. split; [exact A|].
  intros i j Hi Hj G Mi Mj. apply (keeps_order_throughout n group); auto. now apply T.
Qed.

(** No sign is reversed on the way. *)
Lemma keeps_sign_throughout : forall n group qs x i, ordered_throughout n group qs x -> zeros_throughout n qs ->
  0 <= x i * quantize_all qs x i.
Proof.
  intros n group qs. induction qs as [|q rest IH]; intros x i H Z; [apply Rle_0_sqr|].
  destruct H as (Mono & One & Rest).
  assert (S : 0 <= x i * quantize q x i) by apply Mono.
  assert (L : 0 <= quantize q x i * quantize_all rest (quantize q x) i).
  { apply IH; [exact Rest|]. intros r R. apply Z. now right. }
  assert (O : quantize q x i = 0 -> quantize_all rest (quantize q x) i = 0).
  { intro E. clear - Z E. assert (Zr : forall r, In r rest -> keeps_zero r) by (intros r R; apply Z; now right).
    clear Z. revert E. generalize (quantize q x). induction rest as [|r rest IH]; intros y E; [exact E|].
    apply IH; [intros s R; apply Zr; now right|].
    unfold quantize, rounding. rewrite E. apply Zr. now left. }
  change (quantize_all (q :: rest) x i) with (quantize_all rest (quantize q x) i).
  set (u := quantize q x i) in *. set (v := quantize_all rest (quantize q x) i) in *.
  destruct (Req_dec u 0) as [E|N]; [rewrite (O E); lra|].
  replace (x i * v) with ((x i * u) * (u * v) * / (u * u)) by (field; exact N).
  apply Rmult_le_pos; [now apply Rmult_le_pos|].
  left. apply Rinv_0_lt_compat. nra.
Qed.

(** Pruning and then the chain keep entries of what the chain makes of x. *)
Lemma prune_then_quantize_all : forall n qs x y m, zeros_throughout n qs -> keeps_scales n qs x m ->
  (forall i, (i < n)%nat -> y i = prune m x i) ->
  forall i, (i < n)%nat -> quantize_all qs y i = prune m (quantize_all qs x) i.
Proof.
  intros n qs. induction qs as [|q rest IH]; intros x y m Z Sigma Same i Hi; [now apply Same|].
  destruct Sigma as [Here Rest]. destruct (Z q (or_introl eq_refl)) as [Zero Below].
  apply (IH (quantize q x) (quantize q y)); auto; [intros r R; apply Z; now right|].
  intros k Hk. rewrite <- (prune_then_quantize n q x m Zero Here k Hk).
  unfold quantize, rounding. rewrite (Below y (prune m x) Same). now rewrite Same.
Qed.

(** The exchange of [prune_first_dominates], for any image that ties where the masks differ. *)
Lemma tied_masks_dominate : forall p n group budget x y m1 m2, (1 <= p)%nat ->
  (forall k, 0 <= x k * y k) ->
  admissible n group budget m1 -> admissible n group budget m2 ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j ->
     m1 i = true -> m2 i = false -> m2 j = true -> m1 j = false ->
     Rabs (x j) <= Rabs (x i) /\ Rabs (y j) = Rabs (y i)) ->
  err p n x (prune m1 y) <= err p n x (prune m2 y).
Proof.
  intros p n group budget x y m1 m2 Hp Sign A1 A2 Tie. rewrite !err_prune.
  enough (sum_over n m2 (gain p x y) <= sum_over n m1 (gain p x y)) by (unfold gain in *; lra).
  apply (admissible_outweighs n group budget); auto. intros i j Hi Hj G I1 I2 J2 J1.
  destruct (Tie i j Hi Hj G I1 I2 J2 J1) as [L V].
  unfold gain. rewrite !(error_of_magnitudes _ _ (Sign _)), V. apply larger_gains_more; auto using Rabs_pos.
Qed.

Theorem first_is_best : forall p n group budget before after x m1 m2, (1 <= p)%nat ->
  ordered_throughout n group (before ++ after) x -> zeros_throughout n (before ++ after) ->
  keeps_scales n (before ++ after) x m1 -> keeps_scales n after (quantize_all before x) m2 ->
  is_top n group budget (magnitude x) m1 ->
  is_top n group budget (magnitude (quantize_all before x)) m2 ->
  err p n x (quantize_all (before ++ after) (prune m1 x)) <=
  err p n x (quantize_all after (prune m2 (quantize_all before x))).
Proof.
  intros p n group budget before after x m1 m2 Hp Ord Z S1 S2 [A1 T1] [A2 T2].
  assert (Za : zeros_throughout n after) by (intros q R; apply Z; apply in_or_app; now right).
  rewrite (err_ext p n x _ (prune m1 (quantize_all (before ++ after) x))),
          (err_ext p n x (quantize_all after _) (prune m2 (quantize_all (before ++ after) x))).
  - apply (tied_masks_dominate p n group budget); auto.
    + intro k. now apply (keeps_sign_throughout n group).
    + intros i j Hi Hj G I1 I2 J2 J1. destruct (ordered_app _ _ _ _ _ Ord) as [Ob Oa].
      assert (L : Rabs (x j) <= Rabs (x i)) by (apply T1; auto). split; [exact L|].
      apply Rle_antisym; [now apply (keeps_order_throughout n group)|].
      rewrite quantize_all_app. apply (keeps_order_throughout n group); auto. apply T2; auto.
  - rewrite quantize_all_app. now apply prune_then_quantize_all.
  - now apply prune_then_quantize_all.
Qed.

Theorem first_is_best_largest : forall n group budget before after x m1 m2,
  ordered_throughout n group (before ++ after) x -> zeros_throughout n (before ++ after) ->
  keeps_scales n (before ++ after) x m1 -> keeps_scales n after (quantize_all before x) m2 ->
  is_top n group budget (magnitude x) m1 ->
  is_top n group budget (magnitude (quantize_all before x)) m2 ->
  largest_error n x (quantize_all (before ++ after) (prune m1 x)) <=
  largest_error n x (quantize_all after (prune m2 (quantize_all before x))).
Proof.
  intros n group budget before after x m1 m2 Ord Z S1 S2 T1 T2. apply powers_to_largest. intros p Hp.
  now apply (first_is_best p n group budget).
Qed.
