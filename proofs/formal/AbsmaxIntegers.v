(** The hypotheses hold together: symmetric integers with a scale per block.

    For L >= 1 levels on each side, entries of a block are rounded, half away from zero, to the multiples z d with
    |z| <= L of the step d = (block maximum) / L; a zero block stays zero.  This quantizer keeps zero, is monotone and
    idempotent, and rounds to nearest on symmetric uniform grids that contain 0 ([integers_satisfy]).  With groups
    inside blocks and a budget of at least one, magnitude masks keep its scales, and each group has one
    ([integers_keep_scale]).  So nothing in the theorems is vacuous, and both orders compare without any hypothesis left
    ([integers_prune_first]).
    Depends on Vectors, Masks, Operators, Rounding, prune_first_dominates, overlap. *)

From Coq Require Import Reals Lra Lia Bool Arith ZArith.
From sqtheory Require Import Vectors Masks Operators Rounding prune_first_dominates overlap.
Open Scope R_scope.

(** Nearest integer, half away from zero. *)
Definition half_away (u : R) : Z :=
  if Rlt_dec u 0 then (- Int_part (- u + 1 / 2))%Z else Int_part (u + 1 / 2).

Definition clamp (L z : Z) : Z := Z.max (- L) (Z.min L z).

Definition integers (L : Z) (block : nat -> nat) (n : nat) : quantizer := {|
  parameters := R;
  Operators.block := block;
  scale := absmax n block;
  level := fun s t => if Rlt_dec 0 s then IZR (clamp L (half_away (t / (s / IZR L)))) * (s / IZR L) else 0
|}.

Definition integer_grid (L : Z) (s : R) : grid :=
  fun v => if Rlt_dec 0 s then multiples (s / IZR L) L v else v = 0.

Lemma half_away_near : forall u, - (1 / 2) <= u - IZR (half_away u) <= 1 / 2.
Proof.
  intro u. unfold half_away. destruct (Rlt_dec u 0).
  - destruct (base_Int_part (- u + 1 / 2)). rewrite opp_IZR. lra.
  - destruct (base_Int_part (u + 1 / 2)). lra.
Qed.

Lemma half_away_odd : forall u, half_away (- u) = (- half_away u)%Z.
Proof.
  intro u. unfold half_away. destruct (Rlt_dec u 0), (Rlt_dec (- u) 0); try lra.
  - lia.
  - now rewrite Ropp_involutive.
  - assert (u = 0) by lra. subst u. rewrite Ropp_0, Rplus_0_l.
    enough (Int_part (1 / 2) = 0%Z) as -> by lia.
    unfold Int_part. rewrite <- (tech_up (1 / 2) 1); [lia|lra|lra].
Qed.

Lemma clamped_nearest : forall L u k, (0 <= L)%Z -> (Z.abs k <= L)%Z ->
  Rabs (u - IZR (clamp L (half_away u))) <= Rabs (u - IZR k).
Proof.
  intros L u k HL Hk. pose proof (half_away_near u) as N. unfold clamp. set (h := half_away u) in *.
  destruct (Z_lt_le_dec L h) as [A|A]; [|destruct (Z_lt_le_dec h (- L)) as [B|B]].
  - replace (Z.max (- L) (Z.min L h)) with L by lia.
    assert (IZR L + 1 <= IZR h) by (rewrite <- plus_IZR; apply IZR_le; lia).
    assert (IZR k <= IZR L) by (apply IZR_le; lia). rewrite !Rabs_pos_eq; lra.
  - replace (Z.max (- L) (Z.min L h)) with (- L)%Z by lia.
    assert (IZR h + 1 <= IZR (- L)) by (rewrite <- plus_IZR; apply IZR_le; lia).
    assert (IZR (- L) <= IZR k) by (apply IZR_le; lia). rewrite !Rabs_left1; lra.
  - replace (Z.max (- L) (Z.min L h)) with h by lia.
    destruct (Z.eq_dec k h) as [->|D]; [lra|].
    apply Rle_trans with (1 / 2); [apply Rabs_le; lra|].
    destruct (Z_lt_le_dec k h).
    + assert (IZR k + 1 <= IZR h) by (rewrite <- plus_IZR; apply IZR_le; lia).
      rewrite Rabs_pos_eq; lra.
    + assert (IZR h + 1 <= IZR k) by (rewrite <- plus_IZR; apply IZR_le; lia).
      rewrite Rabs_left1; lra.
Qed.

Section Integers.

Variables (L : Z) (block : nat -> nat) (n : nat).
Hypothesis L_positive : (1 <= L)%Z.

Let q := integers L block n.
Let G : parameters q -> grid := integer_grid L.

Lemma step_positive : forall s, 0 < s -> 0 < s / IZR L.
Proof. intros s Hs. apply Rdiv_lt_0_compat; [auto|]. apply IZR_lt. lia. Qed.

Lemma integers_nearest : rounds_to_nearest q G.
Proof.
  intros s t. simpl. unfold G, integer_grid. destruct (Rlt_dec 0 s) as [P|P].
  - pose proof (step_positive s P) as Hd. set (d := s / IZR L) in *. split.
    + eexists. split; [|reflexivity]. unfold clamp. lia.
    + intros v (k & Hk & ->).
      assert (Scale : forall z, Rabs (t - IZR z * d) = d * Rabs (t / d - IZR z)).
      { intro z. rewrite <- (Rabs_pos_eq d) at 2 by lra. rewrite <- Rabs_mult. f_equal. field. lra. }
      rewrite !Scale. apply Rmult_le_compat_l; [lra|]. apply clamped_nearest; lia.
  - split; [auto|]. intros v ->. lra.
Qed.

Lemma integers_zero : forall s, G s 0.
Proof.
  intro s. unfold G, integer_grid. destruct (Rlt_dec 0 s); [|auto]. exists 0%Z. split; [lia|ring].
Qed.

Lemma integers_symmetric : forall s, symmetric (G s).
Proof.
  intros s v V. unfold G, integer_grid in *. destruct (Rlt_dec 0 s); [now apply multiples_symmetric|]. lra.
Qed.

Lemma integers_uniform : forall s, 0 < s -> uniform (s / IZR L) (G s).
Proof.
  intros s P. pose proof (multiples_uniform (s / IZR L) L (step_positive s P) ltac:(lia)) as [Z U].
  unfold G, uniform, integer_grid. destruct (Rlt_dec 0 s); [split; auto|lra].
Qed.

Lemma integers_odd : forall s t, level q s (- t) = - level q s t.
Proof.
  intros s t. simpl. destruct (Rlt_dec 0 s) as [P|P]; [|lra].
  unfold q. rewrite Ropp_div, half_away_odd.
  replace (clamp L (- half_away (t / (s / IZR L)))) with (- clamp L (half_away (t / (s / IZR L))))%Z
    by (unfold clamp; lia).
  rewrite opp_IZR. ring.
Qed.

Theorem integers_satisfy :
  keeps_zero q /\ monotone q /\ idempotent q /\
  rounds_to_nearest q G /\ (forall s, G s 0 /\ symmetric (G s) /\ (0 < s -> uniform (s / IZR L) (G s))).
Proof.
  split; [|split; [|split; [|split]]].
  - intro s. apply (nearest_zero (G s)); [apply integers_nearest|apply integers_zero].
  - apply nearest_odd_monotone with G; auto using integers_nearest, integers_zero, integers_odd.
  - intros s t. apply (nearest_fixes (G s)); apply integers_nearest.
  - exact integers_nearest.
  - auto using integers_zero, integers_symmetric, integers_uniform.
Qed.

Variables group budget : nat -> nat.
Hypothesis inside : forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j -> block i = block j.
Hypothesis some_kept : forall i, (i < n)%nat -> (1 <= budget (group i))%nat.

Theorem integers_keep_scale : forall x, one_scale_per_group n group q x /\
  forall m, is_top n group budget (magnitude x) m -> keeps_scale n q x m.
Proof.
  intro x. split.
  - intros i j Hi Hj H. simpl. now rewrite (inside i j).
  - intros m T. apply (overlap_keeps_scale n group budget); [auto| |exact T].
    now apply groups_inside_blocks.
Qed.

Theorem integers_prune_first : forall p x m1 m2, (1 <= p)%nat ->
  is_top n group budget (magnitude x) m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  err p n x (quantize q (prune m1 x)) <= err p n x (prune m2 (quantize q x)).
Proof.
  intros p x m1 m2 Hp T1 T2. destruct integers_satisfy as (Z & Mono & _).
  destruct (integers_keep_scale x) as [One Sigma].
  apply (prune_first_dominates p n group budget); auto.
Qed.

End Integers.
