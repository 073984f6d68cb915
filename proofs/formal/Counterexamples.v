(** Counterexamples: what the hypotheses must say.

      [sign_is_needed]          q(t) = -sign(t) is odd, keeps zero and the order of magnitudes, yet pruning first loses
                                on (2, 1) for p = 2, 10 against 8: "odd and |a| <= |b| implies |q(a)| <= |q(b)|" is
                                not enough for prune_first_dominates, q must not reverse signs.
      [signed_floor_reverses]   floor is nondecreasing and keeps zero, yet pruning first loses on (2.875, -2.8125) for
                                p = 1, 3.6875 against 3.0625: one-sided rounding qualifies on magnitudes only.
      [idempotence_is_needed]   q(t) = 0 for |t| < 2 and sign(t) beyond is monotone and keeps zero; (5, 2) ties at
                                v = 1, h-(v) = -1, and the gap between the orders is 0 > 2 h-: swap_gap needs q(q(t)) =
                                q(t), which rounding onto a grid satisfies.
    Depends on Vectors, Masks, Operators, Swaps, swap_constant. *)

From Coq Require Import Reals Lra Lia Bool Arith ZArith.
From sqtheory Require Import Vectors Masks Operators Swaps swap_constant.
Open Scope R_scope.

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

(** 0 below magnitude 2, the sign from there on. *)
Definition late (t : R) : R := if Rle_dec 2 t then 1 else if Rle_dec t (-2) then -1 else 0.

Theorem idempotence_is_needed :
  let q := elementwise late in let x := pair 5 2 in
  keeps_zero q /\ monotone q /\
  is_top 2 one_group (fun _ => 1%nat) (magnitude x) first /\
  is_top 2 one_group (fun _ => 1%nat) (magnitude (quantize q x)) second /\
  lower_half late 1 (-1) /\ gap 2 one_group 0 q x first second = 0.
Proof.
  assert (L5 : late 5 = 1) by (unfold late; destruct (Rle_dec 2 5); lra).
  assert (L2 : late 2 = 1) by (unfold late; destruct (Rle_dec 2 2); lra).
  assert (L0 : late 0 = 0) by (unfold late; destruct (Rle_dec 2 0), (Rle_dec 0 (-2)); lra).
  cbv zeta. split; [intro s; exact L0|]. split; [|split; [|split; [|split]]].
  - apply monotone_iff; [intro s; exact L0|]. intro s. simpl. unfold late. split.
    + intro t. destruct (Rle_dec 2 (- t)), (Rle_dec (- t) (-2)), (Rle_dec 2 t), (Rle_dec t (-2)); lra.
    + intros a b L. destruct (Rle_dec 2 a), (Rle_dec a (-2)), (Rle_dec 2 b), (Rle_dec b (-2)); lra.
  - apply top_first. unfold magnitude. simpl. rewrite !Rabs_pos_eq; lra.
  - apply top_second. unfold magnitude, quantize, rounding. simpl. rewrite L5, L2. lra.
  - split.
    + intros d (t & E & ->). unfold late in E. unfold Rabs at 1.
      destruct (Rle_dec 2 t), (Rle_dec t (-2)), (Rcase_abs t); try lra; rewrite Rabs_R0 in E; lra.
    + intros u U. apply U. exists 2. rewrite L2, Rabs_R1, Rabs_pos_eq; lra.
  - unfold gap, group_err, err_over, sum_over, quantize, rounding, prune. simpl.
    rewrite L5, L2, L0, !Rmult_1_r, !Rabs_pos_eq; lra.
Qed.
