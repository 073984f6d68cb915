(** Vectors, masks and power errors.

    A vector is a function on the indices 0, 1, ..., n - 1 (values beyond n are never read), a mask is a boolean
    vector: true keeps an entry, false prunes it.  Everything later is made of

      sum n f          f 0 + ... + f (n - 1)
      sum_over n b f   the same over the indices that b marks
      count n b        how many indices b marks
      maximum n f      the largest of 0, f 0, ..., f (n - 1)
      prune m x        m .* x, zero where m prunes
      err p n x y      the sum of |x_i - y_i|^p: the p-th power of the p-norm of x - y

    and of one identity, [err_prune]: pruning y costs the norm of x less the gains of the kept entries.
    Uses the standard library only; depends on no other file. *)

From Coq Require Import Reals Lra Lia Bool Arith.
Open Scope R_scope.

Definition vector := nat -> R.
Definition mask := nat -> bool.

Fixpoint sum (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 0
  | S n => sum n f + f n
  end.

Definition sum_over (n : nat) (b : mask) (f : nat -> R) : R :=
  sum n (fun i => if b i then f i else 0).

Fixpoint count (n : nat) (b : mask) : nat :=
  match n with
  | O => O
  | S n => (count n b + if b n then 1 else 0)%nat
  end.

Fixpoint maximum (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 0
  | S n => Rmax (maximum n f) (f n)
  end.

Definition pruned (m : mask) : mask := fun i => negb (m i).

Definition prune (m : mask) (x : vector) : vector := fun i => if m i then x i else 0.

Definition err_over (p n : nat) (b : mask) (x y : vector) : R :=
  sum_over n b (fun i => Rabs (x i - y i) ^ p).

Definition err (p n : nat) (x y : vector) : R := sum n (fun i => Rabs (x i - y i) ^ p).

(** ** Sums *)

Lemma sum_ext : forall n f h, (forall i, (i < n)%nat -> f i = h i) -> sum n f = sum n h.
Proof.
  induction n as [|n IH]; intros f h H; simpl; [reflexivity|].
  rewrite (IH f h), (H n); auto.
Qed.

Lemma sum_le : forall n f h, (forall i, (i < n)%nat -> f i <= h i) -> sum n f <= sum n h.
Proof.
  induction n as [|n IH]; intros f h H; simpl; [lra|].
  apply Rplus_le_compat; auto.
Qed.

Lemma sum_plus : forall n f h, sum n (fun i => f i + h i) = sum n f + sum n h.
Proof. induction n as [|n IH]; intros f h; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_minus : forall n f h, sum n (fun i => f i - h i) = sum n f - sum n h.
Proof. induction n as [|n IH]; intros f h; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_zero : forall n, sum n (fun _ => 0) = 0.
Proof. induction n as [|n IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_swap : forall n k (F : nat -> nat -> R),
  sum n (fun i => sum k (fun g => F i g)) = sum k (fun g => sum n (fun i => F i g)).
Proof.
  induction n as [|n IH]; intros k F; simpl.
  - symmetry. apply sum_zero.
  - rewrite IH, <- sum_plus. reflexivity.
Qed.

Lemma term_le_sum : forall n f i, (forall j, (j < n)%nat -> 0 <= f j) -> (i < n)%nat -> f i <= sum n f.
Proof.
  induction n as [|n IH]; intros f i H Hi; [lia|]; simpl.
  assert (P : 0 <= sum n f) by (rewrite <- (sum_zero n); apply sum_le; auto).
  destruct (Nat.eq_dec i n) as [->|N]; [lra|].
  assert (f i <= sum n f) by (apply IH; [auto|lia]).
  assert (0 <= f n) by auto. lra.
Qed.

(** Sums over marked indices compare as soon as their terms do. *)

Lemma sum_over_le : forall n b f h,
  (forall i, (i < n)%nat -> b i = true -> f i <= h i) -> sum_over n b f <= sum_over n b h.
Proof.
  intros n b f h H. apply sum_le. intros i Hi. destruct (b i) eqn:E; [auto|lra].
Qed.

Lemma sum_over_const : forall n b c, sum_over n b (fun _ => c) = INR (count n b) * c.
Proof.
  intros n b c. unfold sum_over. induction n as [|n IH]; simpl; [ring|].
  rewrite IH, plus_INR. destruct (b n); simpl; ring.
Qed.

(** ** Counting *)

Lemma count_ext : forall n a b, (forall i, (i < n)%nat -> a i = b i) -> count n a = count n b.
Proof.
  induction n as [|n IH]; intros a b H; simpl; [reflexivity|].
  rewrite (IH a b), (H n); auto.
Qed.

Lemma count_le : forall n a b,
  (forall i, (i < n)%nat -> a i = true -> b i = true) -> (count n a <= count n b)%nat.
Proof.
  induction n as [|n IH]; intros a b H; simpl; [lia|].
  apply Nat.add_le_mono; [auto|].
  destruct (a n) eqn:E; [rewrite H by auto|destruct (b n)]; lia.
Qed.

Lemma count_none : forall n b, (forall i, (i < n)%nat -> b i = false) -> count n b = O.
Proof. induction n as [|n IH]; intros b H; simpl; [|rewrite IH, H]; auto. Qed.

Lemma count_positive : forall n b i, (i < n)%nat -> b i = true -> (1 <= count n b)%nat.
Proof.
  induction n as [|n IH]; intros b i Hi E; simpl; [lia|].
  destruct (Nat.eq_dec i n) as [->|N]; [rewrite E; lia|].
  assert (1 <= count n b)%nat by (apply (IH b i); [lia|auto]). lia.
Qed.

(** Where a marks more than b, it marks an index that b does not. *)
Lemma count_lt_find : forall n a b,
  (count n b < count n a)%nat -> exists i, (i < n)%nat /\ a i = true /\ b i = false.
Proof.
  induction n as [|n IH]; intros a b H; simpl in H; [lia|].
  destruct (le_lt_dec (count n a) (count n b)) as [L|L].
  - exists n. destruct (a n), (b n); simpl in H; auto; lia.
  - destruct (IH a b L) as (i & Hi & A & B). exists i. auto with arith.
Qed.

(** If a and b mark equally many and a marks an index that b does not, then b marks one that a does not. *)
Lemma count_eq_find : forall n a b i, count n a = count n b ->
  (i < n)%nat -> a i = true -> b i = false -> exists j, (j < n)%nat /\ b j = true /\ a j = false.
Proof.
  induction n as [|n IH]; intros a b i H Hi A B; [lia|]; simpl in H.
  destruct (Nat.eq_dec i n) as [->|N].
  - rewrite A, B in H.
    destruct (count_lt_find n b a) as (j & Hj & ? & ?); [lia|]. exists j. auto with arith.
  - destruct (a n) eqn:An, (b n) eqn:Bn.
    2: destruct (count_lt_find n b a) as (j & Hj & ? & ?); [lia|exists j; auto with arith].
    2: now exists n; auto.
    all: destruct (IH a b i) as (j & Hj & ? & ?); [lia|lia|auto|auto|exists j; auto with arith].
Qed.

(** Marking one more index. *)
Lemma count_insert : forall n a b i, (i < n)%nat -> a i = false -> b i = true ->
  (forall j, j <> i -> a j = b j) -> count n b = S (count n a).
Proof.
  induction n as [|n IH]; intros a b i Hi A B H; [lia|]; simpl.
  destruct (Nat.eq_dec i n) as [->|N].
  - rewrite A, B, (count_ext n b a); [lia|]. intros j Hj. symmetry. apply H. lia.
  - rewrite (IH a b i), (H n) by (auto; lia). destruct (b n); lia.
Qed.

(** Marking the first k of the indices that b marks. *)
Lemma count_first : forall n b k,
  count n (fun i => b i && (count i b <? k)%nat) = Nat.min k (count n b).
Proof.
  induction n as [|n IH]; intros b k; simpl; [lia|].
  rewrite IH. destruct (b n); simpl; [destruct (Nat.ltb_spec (count n b) k)|]; lia.
Qed.

Lemma count_range : forall n a b,
  count n (fun i => (a <=? i)%nat && (i <? b)%nat) = (Nat.min b n - Nat.min a n)%nat.
Proof.
  induction n as [|n IH]; intros a b; simpl; [lia|].
  rewrite IH. destruct (Nat.leb_spec a n), (Nat.ltb_spec n b); simpl; lia.
Qed.

(** ** The maximum *)

Lemma maximum_ext : forall n f h, (forall i, (i < n)%nat -> f i = h i) -> maximum n f = maximum n h.
Proof.
  induction n as [|n IH]; intros f h H; simpl; [reflexivity|].
  rewrite (IH f h), (H n); auto.
Qed.

Lemma maximum_upper : forall n f i, (i < n)%nat -> f i <= maximum n f.
Proof.
  induction n as [|n IH]; intros f i Hi; simpl; [lia|].
  destruct (Nat.eq_dec i n) as [->|N]; [apply Rmax_r|].
  apply Rle_trans with (maximum n f); [apply IH; lia|apply Rmax_l].
Qed.

Lemma maximum_nonneg : forall n f, 0 <= maximum n f.
Proof.
  induction n as [|n IH]; intros f; simpl; [lra|].
  apply Rle_trans with (maximum n f); [auto|apply Rmax_l].
Qed.

Lemma maximum_least : forall n f c, 0 <= c -> (forall i, (i < n)%nat -> f i <= c) -> maximum n f <= c.
Proof.
  induction n as [|n IH]; intros f c Hc H; simpl; [auto|].
  apply Rmax_lub; auto.
Qed.

(** Among marked indices one has the largest w, unless there are none. *)
Lemma argmax : forall n (b : mask) (w : nat -> R),
  (forall i, (i < n)%nat -> b i = false) \/
  (exists i, (i < n)%nat /\ b i = true /\ forall j, (j < n)%nat -> b j = true -> w j <= w i).
Proof.
  induction n as [|n IH]; intros b w; [left; lia|].
  destruct (b n) eqn:E; destruct (IH b w) as [H|(i & Hi & B & H)].
  - right. exists n. repeat split; auto. intros j Hj Bj.
    destruct (Nat.eq_dec j n) as [->|N]; [lra|]. rewrite H in Bj by lia. discriminate.
  - right. destruct (Rle_lt_dec (w n) (w i)) as [L|L].
    + exists i. repeat split; auto. intros j Hj Bj.
      destruct (Nat.eq_dec j n) as [->|N]; [auto|apply H; [lia|auto]].
    + exists n. repeat split; auto. intros j Hj Bj.
      destruct (Nat.eq_dec j n) as [->|N]; [lra|].
      apply Rle_trans with (w i); [apply H; [lia|auto]|lra].
  - left. intros i Hi. destruct (Nat.eq_dec i n) as [->|N]; [auto|apply H; lia].
  - right. exists i. repeat split; auto. intros j Hj Bj.
    destruct (Nat.eq_dec j n) as [->|N]; [congruence|apply H; [lia|auto]].
Qed.

(** ** Errors *)

Lemma pow_nonneg : forall a p, 0 <= Rabs a ^ p.
Proof. intros a p. apply pow_le, Rabs_pos. Qed.

Lemma pow_mono : forall p a b, 0 <= a <= b -> a ^ p <= b ^ p.
Proof. intros p a b H. apply pow_incr, H. Qed.

Lemma err_ext : forall p n x y z, (forall i, (i < n)%nat -> y i = z i) -> err p n x y = err p n x z.
Proof. intros p n x y z H. apply sum_ext. intros i Hi. rewrite (H i Hi). reflexivity. Qed.

(** What pruning y costs, in terms of what its kept entries gain over zero. *)
Lemma err_prune : forall p n x y m,
  err p n x (prune m y)
  = sum n (fun i => Rabs (x i) ^ p) - sum_over n m (fun i => Rabs (x i) ^ p - Rabs (x i - y i) ^ p).
Proof.
  intros p n x y m. unfold err, sum_over. rewrite <- sum_minus. apply sum_ext. intros i _.
  unfold prune. destruct (m i); [ring|]. rewrite Rminus_0_r. ring.
Qed.
