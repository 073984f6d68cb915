(** The hypotheses hold together: symmetric integers with a scale per block.

    For L >= 1 levels on each side, entries of a block are rounded to the multiples z d with |z| <= L of the step
    d = (block maximum) / L; a zero block stays zero.  [integers_satisfy]: with any odd rounding to a nearest integer
    this quantizer keeps zero, is monotone and idempotent, and rounds to nearest on symmetric uniform grids that
    contain 0.  With groups inside blocks and a budget of at least one, magnitude masks keep its scales, and each group
    has one ([integers_keep_scale]).  So nothing in the theorems is vacuous, and both orders compare without any
    hypothesis about the quantizer left ([integers_prune_first]).

    The two rules for midpoints in use are such roundings: half to even, the default of IEEE 754 and of the package
    ([half_even_prune_first]), and half away from zero ([half_away_prune_first]).
    Depends on Vectors, Masks, Operators, Rounding, prune_first_dominates, overlap. *)

From Coq Require Import Reals Lra Lia Bool Arith ZArith.
From sqtheory Require Import Vectors Masks Operators Rounding prune_first_dominates overlap.
Open Scope R_scope.

(** Nearest integer, half away from zero. *)
Definition half_away (u : R) : Z :=
  if Rlt_dec u 0 then (- Int_part (- u + 1 / 2))%Z else Int_part (u + 1 / 2).

Definition clamp (L z : Z) : Z := Z.max (- L) (Z.min L z).

(** Nearest integer, half to even. *)
Definition half_even (u : R) : Z :=
  let z := Int_part u in
  if Rlt_dec (u - IZR z) (1 / 2) then z
  else if Rlt_dec (1 / 2) (u - IZR z) then (z + 1)%Z
  else if Z.even z then z else (z + 1)%Z.

Definition nearest_integer (round : R -> Z) : Prop := forall u, - (1 / 2) <= u - IZR (round u) <= 1 / 2.

Definition odd_integer (round : R -> Z) : Prop := forall u, round (- u) = (- round u)%Z.

Definition integers (round : R -> Z) (L : Z) (block : nat -> nat) (n : nat) : quantizer := {|
  parameters := R;
  Operators.block := block;
  scale := absmax n block;
  level := fun s t => if Rlt_dec 0 s then IZR (clamp L (round (t / (s / IZR L)))) * (s / IZR L) else 0
|}.

Definition integer_grid (L : Z) (s : R) : grid :=
  fun v => if Rlt_dec 0 s then multiples (s / IZR L) L v else v = 0.

Lemma half_away_near : nearest_integer half_away.
Proof.
  intro u. unfold half_away. destruct (Rlt_dec u 0).
  - destruct (base_Int_part (- u + 1 / 2)). rewrite opp_IZR. lra.
  - destruct (base_Int_part (u + 1 / 2)). lra.
Qed.

Lemma half_away_odd : odd_integer half_away.
Proof.
  intro u. unfold half_away. destruct (Rlt_dec u 0), (Rlt_dec (- u) 0); try lra.
  - lia.
  - now rewrite Ropp_involutive.
  - assert (u = 0) by lra. subst u. rewrite Ropp_0, Rplus_0_l.
    enough (Int_part (1 / 2) = 0%Z) as -> by lia.
    unfold Int_part. rewrite <- (tech_up (1 / 2) 1); [lia|lra|lra].
Qed.

Lemma half_even_near : nearest_integer half_even.
Proof.
  intro u. unfold half_even. destruct (base_Int_part u).
  destruct (Rlt_dec (u - IZR (Int_part u)) (1 / 2)), (Rlt_dec (1 / 2) (u - IZR (Int_part u)));
    [lra|lra|rewrite plus_IZR; lra|destruct (Z.even (Int_part u)); rewrite ?plus_IZR; lra].
Qed.

Lemma integer_part : forall u z, IZR z <= u < IZR z + 1 -> Int_part u = z.
Proof. intros u z H. unfold Int_part. rewrite <- (tech_up u (z + 1)); rewrite ?plus_IZR; lra || lia. Qed.

Lemma half_even_odd : odd_integer half_even.
Proof.
  intro u. destruct (base_Int_part u) as [Low High]. set (z := Int_part u) in *.
  destruct (Req_dec u (IZR z)) as [E|N].
  - assert (P : Int_part (- u) = (- z)%Z) by (apply integer_part; rewrite opp_IZR; lra).
    unfold half_even. rewrite P, opp_IZR. fold z.
    destruct (Rlt_dec (- u - - IZR z) (1 / 2)), (Rlt_dec (u - IZR z) (1 / 2)); lra || lia.
  - assert (P : Int_part (- u) = (- z - 1)%Z) by (apply integer_part; rewrite minus_IZR, opp_IZR; lra).
    unfold half_even. rewrite P, minus_IZR, opp_IZR. fold z.
    replace (Z.even (- z - 1)) with (negb (Z.even z)) by (rewrite Z.even_sub, Z.even_opp; now destruct (Z.even z)).
    destruct (Rlt_dec (- u - (- IZR z - 1)) (1 / 2)), (Rlt_dec (u - IZR z) (1 / 2)),
      (Rlt_dec (1 / 2) (- u - (- IZR z - 1))), (Rlt_dec (1 / 2) (u - IZR z)), (Z.even z); simpl; lra || lia.
Qed.

Lemma clamped_nearest : forall round L u k, nearest_integer round -> (0 <= L)%Z -> (Z.abs k <= L)%Z ->
  Rabs (u - IZR (clamp L (round u))) <= Rabs (u - IZR k).
Proof.
  intros round L u k Near HL Hk. pose proof (Near u) as N. unfold clamp. set (h := round u) in *.
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

Variables (round : R -> Z) (L : Z) (block : nat -> nat) (n : nat).
Hypothesis round_near : nearest_integer round.
Hypothesis round_odd : odd_integer round.
Hypothesis L_positive : (1 <= L)%Z.

Let q := integers round L block n.
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
      rewrite !Scale. apply Rmult_le_compat_l; [lra|]. apply clamped_nearest; auto; lia.
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
  unfold q. rewrite Ropp_div, round_odd.
  replace (clamp L (- round (t / (s / IZR L)))) with (- clamp L (round (t / (s / IZR L))))%Z
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
Hypothesis inside : groups_in_blocks n group block.
Hypothesis some_kept : every_group_keeps_one n group budget.

Theorem integers_keep_scale : forall x, one_scale_per_group n group q x /\
  forall m, is_top n group budget (magnitude x) m -> keeps_scale n q x m.
Proof.
  intro x. split.
  - intros i j Hi Hj H. simpl. now rewrite (inside i j).
  - intros m T. apply (overlap_keeps_scale n group budget); [auto| |exact T].
    now apply groups_inside_blocks.
Qed.

Theorem integers_prune_first : pruning_first_never_worse n group budget q.
Proof. destruct integers_satisfy as (Z & Mono & _). apply kept_scales_never_worse; auto; apply integers_keep_scale. Qed.

End Integers.

(** What is left to ask: groups inside blocks, and a budget of at least one. *)
Theorem half_even_prune_first : forall L n block group budget, (1 <= L)%Z ->
  groups_in_blocks n group block -> every_group_keeps_one n group budget ->
  pruning_first_never_worse n group budget (integers half_even L block n).
Proof. intros. apply integers_prune_first; auto using half_even_near, half_even_odd. Qed.

Theorem half_away_prune_first : forall L n block group budget, (1 <= L)%Z ->
  groups_in_blocks n group block -> every_group_keeps_one n group budget ->
  pruning_first_never_worse n group budget (integers half_away L block n).
Proof. intros. apply integers_prune_first; auto using half_away_near, half_away_odd. Qed.
