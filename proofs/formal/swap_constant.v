(** swap_constant: what quantizing first can cost beyond the two separate errors, in L1.

    Let m1 be the mask of S->Q and m2, with the same budgets, a magnitude top mask of q(x).  In each group (and summed
    over all), with h-(v) = v - inf of the magnitudes that q maps to magnitude v, and one swapped-in j per swap:

      [swap_constant]   err_1 of m2 .* q(x)  <=  err_1 of q + err_1 of m1 + sum over swapped-in j of h-(|q(x)_j|)
      [swap_gap]        err_1 of m2 .* q(x)  <=  err_1 of q(m1 .* x) + sum over swapped-in j of 2 h-(|q(x)_j|)

    and for nearest rounding onto a uniform grid of step D, whatever the tie rules, at most min(k, |G| - k) D/2 and
    min(k, |G| - k) D ([swap_constant_uniform], [swap_gap_uniform]).  Both are sharp: swap_constant_attained.v.

    The usual hypotheses (q monotone, one scale per group, m1 by magnitude) make every swap a tie (Swaps.swaps_tie) but
    the bounds do not need them: that |q(x)_i| <= |q(x)_j| in every swap is all that is used.  The gap needs (Z),
    (Sigma), q(q(t)) = q(t), and that q reverses no sign.
    Proof: |x_i| - |x_i - q(x)_i| <= |q(x)_i| <= |q(x)_j| for what is swapped out, and |q(x)_j| - |x_j| <= h-.
    Depends on Vectors, Masks, Operators, Rounding, Swaps. *)

From Coq Require Import Reals Lra Lia Bool Arith ZArith.
From sqtheory Require Import Vectors Masks Operators Rounding Swaps.
Open Scope R_scope.

(** h is h-(v) of r: v less the infimum of the magnitudes that r maps to magnitude v. *)
Definition lower_half (r : R -> R) (v h : R) : Prop :=
  is_lub (fun d => exists t, Rabs (r t) = v /\ d = v - Rabs t) h.

Lemma lower_half_exists : forall r t, exists h, lower_half r (Rabs (r t)) h.
Proof.
  intros r t. destruct (completeness (fun d => exists s, Rabs (r s) = Rabs (r t) /\ d = Rabs (r t) - Rabs s))
    as [h H].
  - exists (Rabs (r t)). intros d (s & _ & ->). pose proof (Rabs_pos s). lra.
  - exists (Rabs (r t) - Rabs t), t. auto.
  - exists h. exact H.
Qed.

(** ** Upper bounds *)

(** Any bound h on what q adds to the magnitudes of swapped-in entries bounds the excess and, twice, the gap. *)
Lemma excess_below : forall n group budget q x m1 m2 h k, (k < n)%nat ->
  admissible n group budget m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  (forall j, (j < n)%nat -> group j = group k -> Rabs (quantize q x j) - Rabs (x j) <= h j) ->
  excess n group (group k) q x m1 m2 <= sum_over n (within group (group k) (swapped_in m1 m2)) h.
Proof.
  intros n group budget q x m1 m2 h k Hk A1 T2 H. rewrite swap_excess.
  pose proof (out_at_most_into n group budget q x m1 m2 k Hk A1 T2) as O.
  set (into := within group (group k) (swapped_in m1 m2)) in *.
  assert (B : sum_over n into (fun j => Rabs (quantize q x j)) - sum_over n into (fun j => Rabs (x j))
              <= sum_over n into h).
  { unfold sum_over. rewrite <- sum_minus. apply sum_le. intros j Hj.
    destruct (into j) eqn:E; [|lra]. apply andb_prop in E. destruct E as [_ E]. apply in_group_spec in E. auto. }
  enough (0 <= sum_over n (within group (group k) (pruned_by_both m1 m2)) (fun j => Rabs (x j - quantize q x j)))
    by lra.
  rewrite <- (sum_zero n). apply sum_le. intros j _.
  destruct (within _ _ _ j); [apply Rabs_pos|lra].
Qed.

Lemma gap_below : forall n group budget q x m1 m2 h k, (k < n)%nat ->
  keeps_zero q -> keeps_scale n q x m1 -> (forall s, keeps_sign (level q s)) ->
  admissible n group budget m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  (forall j, (j < n)%nat -> group j = group k -> 0 <= h j /\ Rabs (quantize q x j) - Rabs (x j) <= h j) ->
  gap n group (group k) q x m1 m2
  <= sum_over n (within group (group k) (swapped_in m1 m2)) (fun j => 2 * h j).
Proof.
  intros n group budget q x m1 m2 h k Hk Z Sigma Sign A1 T2 H.
  pose proof (out_at_most_into n group budget q x m1 m2 k Hk A1 T2) as O.
  set (into := within group (group k) (swapped_in m1 m2)) in *.
  assert (E : gap n group (group k) q x m1 m2
    = sum_over n (within group (group k) (swapped_out m1 m2)) (fun i => Rabs (x i) - Rabs (x i - quantize q x i))
      - sum_over n into (fun j => Rabs (x j) - Rabs (x j - quantize q x j))).
  { unfold gap, group_err, err_over, sum_over. rewrite <- !sum_minus. apply sum_ext. intros i Hi.
    rewrite (prune_then_quantize n q x m1 Z Sigma i Hi).
    unfold into, within, swapped_out, swapped_in, prune.
    destruct (in_group group (group k) i), (m1 i), (m2 i); simpl; rewrite ?Rminus_0_r; ring. }
  assert (B : sum_over n into (fun j => Rabs (quantize q x j))
              - sum_over n into (fun j => Rabs (x j) - Rabs (x j - quantize q x j))
              <= sum_over n into (fun j => 2 * h j)).
  { unfold sum_over. rewrite <- sum_minus. apply sum_le. intros j Hj.
    destruct (into j) eqn:I; [|lra]. apply andb_prop in I. destruct I as [_ I]. apply in_group_spec in I.
    destruct (H j Hj I) as [Pos L]. rewrite (error_of_magnitudes (x j)) by apply Sign.
    unfold Rabs at 3. destruct (Rcase_abs (Rabs (x j) - Rabs (quantize q x j))); lra. }
  lra.
Qed.

(** [h j] is h- of entry j's rounding at its image. *)
Definition lower_halves (n : nat) (q : quantizer) (x : vector) (h : nat -> R) : Prop :=
  forall j, (j < n)%nat -> lower_half (rounding q x j) (Rabs (quantize q x j)) (h j).

Lemma lower_half_bounds : forall n q x h j, lower_halves n q x h -> (j < n)%nat ->
  Rabs (quantize q x j) - Rabs (x j) <= h j.
Proof. intros n q x h j H Hj. apply (H j Hj). exists (x j). auto. Qed.

Theorem swap_constant : forall n group budget q x m1 m2 h k, (k < n)%nat ->
  admissible n group budget m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  lower_halves n q x h ->
  excess n group (group k) q x m1 m2 <= sum_over n (within group (group k) (swapped_in m1 m2)) h.
Proof.
  intros n group budget q x m1 m2 h k Hk A1 T2 H.
  apply (excess_below n group budget); auto. intros j Hj _. now apply (lower_half_bounds n).
Qed.

Theorem swap_gap : forall n group budget q x m1 m2 h k, (k < n)%nat ->
  keeps_zero q -> keeps_scale n q x m1 -> (forall s, keeps_sign (level q s)) -> idempotent q ->
  admissible n group budget m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  lower_halves n q x h ->
  gap n group (group k) q x m1 m2
  <= sum_over n (within group (group k) (swapped_in m1 m2)) (fun j => 2 * h j).
Proof.
  intros n group budget q x m1 m2 h k Hk Z Sigma Sign Idem A1 T2 H.
  apply (gap_below n group budget); auto. intros j Hj _. split; [|now apply (lower_half_bounds n)].
  apply (H j Hj). exists (quantize q x j). unfold quantize, rounding. rewrite Idem. split; [auto|ring].
Qed.

(** ** Uniform grids *)

Lemma sum_into_at_most : forall n group budget m1 m2 k c, (k < n)%nat -> 0 <= c ->
  admissible n group budget m1 -> admissible n group budget m2 -> let g := group k in
  sum_over n (within group g (swapped_in m1 m2)) (fun _ => c)
  <= INR (Nat.min (budget g) (size n group g - budget g)) * c.
Proof.
  intros n group budget m1 m2 k c Hk Hc A1 A2 g. rewrite sum_over_const.
  apply Rmult_le_compat_r; [auto|]. apply le_INR. now apply swaps_at_most.
Qed.

Theorem swap_constant_uniform : forall n group budget q G D x m1 m2 k, (k < n)%nat -> 0 < D ->
  rounds_to_nearest q G ->
  (forall j, (j < n)%nat -> group j = group k -> uniform D (G (scale q x (block q j)))) ->
  admissible n group budget m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  let g := group k in
  excess n group g q x m1 m2 <= INR (Nat.min (budget g) (size n group g - budget g)) * (D / 2).
Proof.
  intros n group budget q G D x m1 m2 k Hk HD N U A1 T2 g.
  apply Rle_trans with (sum_over n (within group g (swapped_in m1 m2)) (fun _ => D / 2)).
  - apply (excess_below n group budget); auto. intros j Hj E.
    apply (uniform_enlarges D (G (scale q x (block q j)))); auto. apply N.
  - apply (sum_into_at_most n group budget); auto; [lra|apply T2].
Qed.

Theorem swap_gap_uniform : forall n group budget q G D x m1 m2 k, (k < n)%nat -> 0 < D ->
  rounds_to_nearest q G -> (forall s, G s 0) ->
  (forall j, (j < n)%nat -> group j = group k -> uniform D (G (scale q x (block q j)))) ->
  keeps_scale n q x m1 ->
  admissible n group budget m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  let g := group k in
  gap n group g q x m1 m2 <= INR (Nat.min (budget g) (size n group g - budget g)) * D.
Proof.
  intros n group budget q G D x m1 m2 k Hk HD N Z U Sigma A1 T2 g.
  apply Rle_trans with (sum_over n (within group g (swapped_in m1 m2)) (fun _ => D)).
  - apply Rle_trans with (sum_over n (within group g (swapped_in m1 m2)) (fun j => 2 * (D / 2))).
    + apply (gap_below n group budget); auto.
      * intro s. now apply (nearest_zero (G s)).
      * intro s. now apply (nearest_sign (G s)).
      * intros j Hj E. split; [lra|]. apply (uniform_enlarges D (G (scale q x (block q j)))); auto. apply N.
    + apply sum_over_le. intros; lra.
  - apply (sum_into_at_most n group budget); auto; [lra|apply T2].
Qed.

(** ** All groups together, and one group *)

Lemma total_below : forall n group budget q x m1 m2 h,
  admissible n group budget m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  (forall j, (j < n)%nat -> Rabs (quantize q x j) - Rabs (x j) <= h j) ->
  err 1 n x (prune m2 (quantize q x))
  <= err 1 n x (quantize q x) + err 1 n x (prune m1 x) + sum_over n (swapped_in m1 m2) h.
Proof.
  intros n group budget q x m1 m2 h A1 T2 H. unfold err, sum_over. rewrite <- !sum_plus.
  apply (sum_le_by_group n group). intros k Hk.
  pose proof (excess_below n group budget q x m1 m2 h k Hk A1 T2 (fun j Hj _ => H j Hj)) as E.
  unfold within in E. rewrite <- sum_over_group in E. unfold excess, group_err, err_over in E.
  assert (Plus : forall f g, sum_over n (in_group group (group k)) (fun i => f i + g i)
    = sum_over n (in_group group (group k)) f + sum_over n (in_group group (group k)) g).
  { intros f g. unfold sum_over. rewrite <- sum_plus. apply sum_ext.
    intros i _. destruct (in_group group (group k) i); ring. }
  rewrite !Plus. lra.
Qed.

Theorem swap_constant_total : forall n group budget q x m1 m2 h,
  admissible n group budget m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  lower_halves n q x h ->
  err 1 n x (prune m2 (quantize q x))
  <= err 1 n x (quantize q x) + err 1 n x (prune m1 x) + sum_over n (swapped_in m1 m2) h.
Proof.
  intros n group budget q x m1 m2 h A1 T2 H. apply (total_below n group budget); auto.
  intros j Hj. now apply (lower_half_bounds n).
Qed.

Theorem swap_constant_uniform_total : forall n group budget q G D x m1 m2, 0 < D ->
  rounds_to_nearest q G -> (forall j, (j < n)%nat -> uniform D (G (scale q x (block q j)))) ->
  admissible n group budget m1 -> is_top n group budget (magnitude (quantize q x)) m2 ->
  err 1 n x (prune m2 (quantize q x))
  <= err 1 n x (quantize q x) + err 1 n x (prune m1 x) + INR (count n (swapped_in m1 m2)) * (D / 2).
Proof.
  intros n group budget q G D x m1 m2 HD N U A1 T2. rewrite <- sum_over_const.
  apply (total_below n group budget); auto. intros j Hj.
  apply (uniform_enlarges D (G (scale q x (block q j)))); auto. apply N.
Qed.

Lemma one_group_err : forall n x y, group_err n one_group 0 x y = err 1 n x y.
Proof. reflexivity. Qed.

Lemma one_group_size : forall n, size n one_group 0 = n.
Proof. unfold size. induction n as [|n IH]; simpl; [|rewrite IH]; lia. Qed.

Corollary swap_constant_one_group : forall n k q G D x m1 m2, (0 < n)%nat -> 0 < D ->
  rounds_to_nearest q G -> (forall s, uniform D (G s)) ->
  admissible n one_group (fun _ => k) m1 ->
  is_top n one_group (fun _ => k) (magnitude (quantize q x)) m2 ->
  err 1 n x (prune m2 (quantize q x))
  <= err 1 n x (quantize q x) + err 1 n x (prune m1 x) + INR (Nat.min k (n - k)) * (D / 2).
Proof.
  intros n k q G D x m1 m2 Hn HD N U A1 T2.
  pose proof (swap_constant_uniform n one_group (fun _ => k) q G D x m1 m2 O Hn HD N (fun j _ _ => U _) A1 T2) as E.
  simpl in E. unfold excess in E. change (one_group 0) with O in E.
  rewrite !one_group_err, one_group_size in E. lra.
Qed.

Corollary swap_gap_one_group : forall n k q G D x m1 m2, (0 < n)%nat -> 0 < D ->
  rounds_to_nearest q G -> (forall s, uniform D (G s)) -> keeps_scale n q x m1 ->
  admissible n one_group (fun _ => k) m1 ->
  is_top n one_group (fun _ => k) (magnitude (quantize q x)) m2 ->
  err 1 n x (prune m2 (quantize q x))
  <= err 1 n x (quantize q (prune m1 x)) + INR (Nat.min k (n - k)) * D.
Proof.
  intros n k q G D x m1 m2 Hn HD N U Sigma A1 T2.
  pose proof (swap_gap_uniform n one_group (fun _ => k) q G D x m1 m2 O Hn HD N (fun s => proj1 (U s))
                (fun j _ _ => U _) Sigma A1 T2) as E.
  simpl in E. unfold gap in E. change (one_group 0) with O in E.
  rewrite !one_group_err, one_group_size in E. lra.
Qed.
