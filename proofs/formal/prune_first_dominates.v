(** prune_first_dominates: pruning first is never the worse order.

    Let q keep zero (Z), be monotone, and give the entries of each group one scale; let m1 be any magnitude top mask of
    x that keeps the scales (Sigma), and m2 any magnitude top mask of q(x) with the same budgets.  Then for every
    vector, every partition into groups, every budget, every tie rule on either side and every natural p >= 1

        err_p of q(m1 .* x)  <=  err_p of m2 .* q(x).

    Proof: an exchange (i kept by m1 only, j by m2 only) has |x_i| >= |x_j| and, as q is monotone and m2 is top,
    |q(x)_i| = |q(x)_j| = v; the pair lemma says that keeping i gains at least as much as keeping j.  The same for
    p = infinity, the largest error ([prune_first_dominates_largest]).

    That q never reverses a sign is used and needed: q(t) = -sign(t) is odd and keeps the order of magnitudes, yet
    pruning first loses on (2, 1) for p = 2 ([sign_is_needed]).  So is that floor and ceil round magnitudes: floor of
    signed numbers reverses the order on (2.875, -2.8125) ([signed_floor_reverses]).
    Depends on Vectors, Masks, Operators, Rounding, LargestError. *)

From Coq Require Import Reals Lra Lia Bool Arith ZArith.
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
  apply (exchange n group budget); auto. intros i j Hi Hj G I1 I2 J2 J1.
  assert (L : Rabs (x j) <= Rabs (x i)) by (apply T1; auto).
  assert (V : Rabs (quantize q x j) = Rabs (quantize q x i)).
  { apply Rle_antisym; [|apply T2; auto].
    unfold quantize, rounding. rewrite (One i j Hi Hj G). now apply Mono. }
  assert (Sign : forall k, 0 <= x k * quantize q x k) by (intro k; apply Mono).
  unfold gain. rewrite !(error_of_magnitudes _ _ (Sign _)), V.
  apply pair_lemma; auto using Rabs_pos.
Qed.

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

(** ** What monotone must say *)

Definition pair (a b : R) : vector := fun i => match i with O => a | _ => b end.
Definition first : mask := fun i => (i =? 0)%nat.
Definition second : mask := fun i => (i =? 1)%nat.

Lemma top_first : forall score, score 1%nat <= score 0%nat -> is_top 2 one_group (fun _ => 1%nat) score first.
Proof.
  intros score H. split; [intros i _; reflexivity|]. intros i j Hi Hj _ Mi Mj.
  unfold first in *. destruct i as [|[|i]], j as [|[|j]]; try discriminate; try lia. exact H.
Qed.

Lemma top_second : forall score, score 0%nat <= score 1%nat -> is_top 2 one_group (fun _ => 1%nat) score second.
Proof.
  intros score H. split; [intros i _; reflexivity|]. intros i j Hi Hj _ Mi Mj.
  unfold second in *. destruct i as [|[|i]], j as [|[|j]]; try discriminate; try lia. exact H.
Qed.

(** -1 for positive, 1 for negative numbers. *)
Definition against (t : R) : R := if Rlt_dec 0 t then -1 else if Rlt_dec t 0 then 1 else 0.

Theorem sign_is_needed :
  let q := elementwise against in let x := pair 2 1 in
  keeps_zero q /\ keeps_order against /\ (forall t, against (- t) = - against t) /\
  is_top 2 one_group (fun _ => 1%nat) (magnitude x) first /\
  is_top 2 one_group (fun _ => 1%nat) (magnitude (quantize q x)) second /\
  err 2 2 x (quantize q (prune first x)) = 10 /\ err 2 2 x (prune second (quantize q x)) = 8.
Proof.
  assert (A2 : against 2 = -1) by (unfold against; destruct (Rlt_dec 0 2); lra).
  assert (A1 : against 1 = -1) by (unfold against; destruct (Rlt_dec 0 1); lra).
  assert (A0 : against 0 = 0) by (unfold against; destruct (Rlt_dec 0 0); lra).
  cbv zeta. split; [intro s; exact A0|]. split; [|split; [|split; [|split]]].
  - intros a b. unfold against, Rabs.
    destruct (Rcase_abs a), (Rcase_abs b), (Rlt_dec 0 a), (Rlt_dec a 0), (Rlt_dec 0 b), (Rlt_dec b 0);
      repeat destruct Rcase_abs; lra.
  - intro t. unfold against. destruct (Rlt_dec 0 t), (Rlt_dec t 0), (Rlt_dec 0 (- t)), (Rlt_dec (- t) 0); lra.
  - apply top_first. unfold magnitude. simpl. rewrite !Rabs_pos_eq; lra.
  - apply top_second. unfold magnitude, quantize, rounding. simpl. rewrite A1, A2. lra.
  - unfold err, quantize, rounding, prune. simpl. rewrite A1, A2, A0. rewrite <- !Rmult_assoc, !Rmult_1_r.
    rewrite !(Rabs_pos_eq (2 - _)), !(Rabs_pos_eq (1 - _)) by lra. split; lra.
Qed.

Definition floor (t : R) : R := IZR (Int_part t).

Lemma floor_value : forall t z, IZR z <= t < IZR z + 1 -> floor t = IZR z.
Proof.
  intros t z H. unfold floor, Int_part. f_equal.
  rewrite <- (tech_up t (z + 1)) by (rewrite plus_IZR; lra). lia.
Qed.

Theorem signed_floor_reverses :
  let q := elementwise floor in let x := pair 2.875 (-2.8125) in
  keeps_zero q /\ (forall a b, a <= b -> floor a <= floor b) /\
  is_top 2 one_group (fun _ => 1%nat) (magnitude x) first /\
  is_top 2 one_group (fun _ => 1%nat) (magnitude (quantize q x)) second /\
  err 1 2 x (quantize q (prune first x)) = 3.6875 /\ err 1 2 x (prune second (quantize q x)) = 3.0625.
Proof.
  assert (F0 : floor 0 = 0) by (apply (floor_value 0 0); lra).
  assert (F2 : floor 2.875 = 2) by (apply floor_value; lra).
  assert (F3 : floor (-2.8125) = -3) by (apply (floor_value (-2.8125) (-3)); lra).
  cbv zeta. split; [intro s; exact F0|]. split; [|split; [|split]].
  - intros a b L. unfold floor. apply IZR_le. destruct (base_Int_part a), (base_Int_part b).
    apply Zlt_succ_le. apply lt_IZR. unfold Z.succ. rewrite plus_IZR. lra.
  - apply top_first. unfold magnitude. simpl. rewrite Rabs_left, Rabs_pos_eq; lra.
  - apply top_second. unfold magnitude, quantize, rounding. simpl. rewrite F2, F3.
    rewrite Rabs_pos_eq, Rabs_left; lra.
  - unfold err, quantize, rounding, prune. simpl. rewrite F2, F3, F0, !Rmult_1_r.
    rewrite !(Rabs_pos_eq (2.875 - _)) by lra.
    rewrite (Rabs_left (-2.8125 - 0)), (Rabs_pos_eq (-2.8125 - -3)) by lra. split; lra.
Qed.
