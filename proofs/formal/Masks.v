(** Top-k masks, group by group, under every tie rule.

    [group i] is the group of index i and [budget g] the number of entries that group g keeps.  A mask is
      admissible   when every group keeps exactly its budget;
      top          when moreover no kept entry of a group scores less than a pruned entry of that group.
    Every way to break ties produces a top mask, and every top mask is produced by one: a statement about all
    top masks is a statement about all tie rules.  One group and budget k is [group := one_group].

    Proved: top masks exist for every score ([top_exists]); of two admissible masks, m1 carries the larger total weight
    when in every group the entries only m1 keeps weigh at least those only m2 keeps ([admissible_outweighs]); so a top
    mask carries the largest total of its score ([top_is_optimal]).  Depends on Vectors. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors.
Open Scope R_scope.

Definition in_group (group : nat -> nat) (g : nat) : mask := fun i => (group i =? g)%nat.

Definition size (n : nat) (group : nat -> nat) (g : nat) : nat := count n (in_group group g).

Definition kept (n : nat) (group : nat -> nat) (m : mask) (g : nat) : nat :=
  count n (fun i => m i && in_group group g i).

Definition admissible (n : nat) (group budget : nat -> nat) (m : mask) : Prop :=
  forall i, (i < n)%nat -> kept n group m (group i) = budget (group i).

Definition is_top (n : nat) (group budget : nat -> nat) (score : nat -> R) (m : mask) : Prop :=
  admissible n group budget m /\
  forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j ->
    m i = true -> m j = false -> score j <= score i.

Definition one_group : nat -> nat := fun _ => O.

(** ** Groups partition the indices *)

Lemma in_group_spec : forall group g i, in_group group g i = true <-> group i = g.
Proof. intros. apply Nat.eqb_eq. Qed.

Lemma groups_bounded : forall n (group : nat -> nat), exists top, forall i, (i < n)%nat -> (group i < top)%nat.
Proof.
  induction n as [|n IH]; intros group; [exists O; lia|].
  destruct (IH group) as [top H]. exists (Nat.max top (S (group n))). intros i Hi.
  destruct (Nat.eq_dec i n) as [->|N]; [lia|].
  assert (group i < top)%nat by (apply H; lia). lia.
Qed.

Lemma pick_group : forall top g c, (g < top)%nat -> sum top (fun h => if (g =? h)%nat then c else 0) = c.
Proof.
  induction top as [|top IH]; intros g c H; simpl; [lia|].
  destruct (Nat.eqb_spec g top) as [->|N].
  - rewrite (sum_ext top _ (fun _ => 0)), sum_zero; [ring|].
    intros h Hh. destruct (Nat.eqb_spec top h); [lia|auto].
  - rewrite IH by lia. ring.
Qed.

Lemma sum_by_group : forall n group top f, (forall i, (i < n)%nat -> (group i < top)%nat) ->
  sum n f = sum top (fun g => sum_over n (in_group group g) f).
Proof.
  intros n group top f H. unfold sum_over. rewrite <- sum_swap. apply sum_ext.
  intros i Hi. symmetry. apply (pick_group top (group i) (f i)). auto.
Qed.

(** An inequality between sums may be proved group by group. *)
Lemma sum_le_by_group : forall n group f h,
  (forall i, (i < n)%nat ->
     sum_over n (in_group group (group i)) f <= sum_over n (in_group group (group i)) h) ->
  sum n f <= sum n h.
Proof.
  intros n group f h H. destruct (groups_bounded n group) as [top B].
  rewrite (sum_by_group n group top f B), (sum_by_group n group top h B).
  apply sum_le. intros g _.
  destruct (Nat.eq_dec (size n group g) 0) as [E|N].
  - apply sum_over_le. intros i Hi Gi. pose proof (count_positive n _ i Hi Gi). unfold size in E. lia.
  - destruct (count_lt_find n (in_group group g) (fun _ => false)) as (i & Hi & Gi & _).
    + rewrite (count_none n (fun _ => false)) by auto. unfold size in N. lia.
    + apply in_group_spec in Gi. rewrite <- Gi. auto.
Qed.

(** ** Exchanging masks *)

(** Numbers of which every one marked by b is at most every one marked by a are separated by a constant. *)
Lemma separation : forall n (a b : mask) (w : nat -> R),
  (forall i j, (i < n)%nat -> (j < n)%nat -> a i = true -> b j = true -> w j <= w i) ->
  exists c, forall i, (i < n)%nat -> (a i = true -> c <= w i) /\ (b i = true -> w i <= c).
Proof.
  intros n a b w H. destruct (argmax n b w) as [None|(j & Hj & B & Max)].
  - destruct (argmax n a (fun i => - w i)) as [None'|(i & Hi & A & Min)].
    + exists 0. intros i Hi. rewrite None, None' by auto. split; discriminate.
    + exists (w i). intros k Hk. split.
      * intro Ak. specialize (Min k Hk Ak). simpl in Min. lra.
      * rewrite None by auto. discriminate.
  - exists (w j). intros i Hi. split; auto.
Qed.

(** When c separates the weights only a marks from those only b marks, (a - b) w >= c (a - b), term by term. *)
Lemma separated_outweighs : forall n (a b : mask) (w : nat -> R) c,
  (forall i, (i < n)%nat -> (a i = true -> b i = false -> c <= w i) /\ (b i = true -> a i = false -> w i <= c)) ->
  c * (INR (count n a) - INR (count n b)) <= sum_over n a w - sum_over n b w.
Proof.
  intros n a b w c H. unfold sum_over.
  replace (c * (INR (count n a) - INR (count n b)))
    with (INR (count n a) * c - INR (count n b) * c) by ring.
  rewrite <- !sum_over_const. unfold sum_over. rewrite <- !sum_minus. apply sum_le.
  intros i Hi. destruct (H i Hi) as [A B]. destruct (a i), (b i); lra.
Qed.

(** One group: if m2 keeps no more than m1 and every entry only m1 keeps weighs at least every entry only m2 keeps,
    m1 keeps at least the weight of m2; where m2 keeps fewer, weights must be nonnegative. *)
Lemma set_outweighs : forall n (m1 m2 : mask) w,
  count n m2 = count n m1 \/ ((count n m2 <= count n m1)%nat /\ forall i, (i < n)%nat -> 0 <= w i) ->
  (forall i j, (i < n)%nat -> (j < n)%nat ->
     m1 i = true -> m2 i = false -> m2 j = true -> m1 j = false -> w j <= w i) ->
  sum_over n m2 w <= sum_over n m1 w.
Proof.
  intros n m1 m2 w K H.
  destruct (separation n (fun i => m1 i && negb (m2 i)) (fun i => m2 i && negb (m1 i)) w) as [c Sep].
  { intros i j Hi Hj A B. apply andb_prop in A, B. destruct A as [A A'], B as [B B'].
    apply negb_true_iff in A', B'. auto. }
  assert (Cut : forall i, (i < n)%nat ->
    (m1 i = true -> m2 i = false -> c <= w i) /\ (m2 i = true -> m1 i = false -> w i <= c)).
  { intros i Hi. destruct (Sep i Hi) as [A B].
    split; intros E E'; [apply A|apply B]; rewrite E, E'; reflexivity. }
  destruct K as [K|[K Pos]].
  - pose proof (separated_outweighs n m1 m2 w c Cut) as Out. rewrite K in Out. lra.
  - pose proof (separated_outweighs n m1 m2 w (Rmax 0 c)) as Out. apply le_INR in K.
    assert (0 <= Rmax 0 c) by apply Rmax_l.
    assert (0 <= Rmax 0 c * (INR (count n m1) - INR (count n m2))) by (apply Rmult_le_pos; lra).
    enough (Rmax 0 c * (INR (count n m1) - INR (count n m2)) <= sum_over n m1 w - sum_over n m2 w) by lra.
    apply Out. intros i Hi. destruct (Cut i Hi) as [A B]. split; intros E E'.
    + apply Rmax_lub; auto.
    + apply Rle_trans with c; [auto|apply Rmax_r].
Qed.

Lemma sum_over_group : forall n group g (m : mask) w,
  sum_over n (in_group group g) (fun i => if m i then w i else 0)
  = sum_over n (fun i => m i && in_group group g i) w.
Proof. intros. apply sum_ext. intros i _. destruct (m i), (in_group group g i); reflexivity. Qed.

(** The same inside one group g of many. *)
Lemma group_outweighs : forall n group g m1 m2 w,
  kept n group m2 g = kept n group m1 g \/
    ((kept n group m2 g <= kept n group m1 g)%nat /\ forall i, (i < n)%nat -> 0 <= w i) ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> group i = g -> group j = g ->
     m1 i = true -> m2 i = false -> m2 j = true -> m1 j = false -> w j <= w i) ->
  sum_over n (fun i => m2 i && in_group group g i) w <= sum_over n (fun i => m1 i && in_group group g i) w.
Proof.
  intros n group g m1 m2 w K H. apply set_outweighs; [exact K|].
  intros i j Hi Hj A A' B B'. apply andb_prop in A, B. destruct A as [A Gi], B as [B Gj].
  rewrite Gi, andb_true_r in A'. rewrite Gj, andb_true_r in B'.
  apply in_group_spec in Gi, Gj. auto.
Qed.

(** All groups at once: [admissible_outweighs] for admissible masks, [top_outweighs] for masks within the budget. *)
Lemma admissible_outweighs : forall n group budget m1 m2 w,
  admissible n group budget m1 -> admissible n group budget m2 ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j ->
     m1 i = true -> m2 i = false -> m2 j = true -> m1 j = false -> w j <= w i) ->
  sum_over n m2 w <= sum_over n m1 w.
Proof.
  intros n group budget m1 m2 w A1 A2 H. apply (sum_le_by_group n group). intros i Hi.
  rewrite !sum_over_group. apply group_outweighs.
  - left. rewrite A1, A2; auto.
  - intros k j Hk Hj Gk Gj. apply H; congruence.
Qed.

Lemma top_outweighs : forall n group budget m1 m2 w, (forall i, (i < n)%nat -> 0 <= w i) ->
  is_top n group budget w m1 ->
  (forall i, (i < n)%nat -> (kept n group m2 (group i) <= budget (group i))%nat) ->
  sum_over n m2 w <= sum_over n m1 w.
Proof.
  intros n group budget m1 m2 w Pos [A T] K. apply (sum_le_by_group n group). intros i Hi.
  rewrite !sum_over_group. apply group_outweighs.
  - right. rewrite A by auto. auto.
  - intros k j Hk Hj Gk Gj E _ _ E'. apply T; congruence.
Qed.

Lemma top_is_optimal : forall n group budget score m m',
  is_top n group budget score m -> admissible n group budget m' ->
  sum_over n m' score <= sum_over n m score.
Proof.
  intros n group budget score m m' [A T] A'. apply (admissible_outweighs n group budget); auto.
Qed.

(** ** Top masks exist *)

Lemma size_step : forall n group g,
  size (S n) group g = (size n group g + if (group n =? g)%nat then 1 else 0)%nat.
Proof. reflexivity. Qed.

Lemma top_exists_total : forall n group score budget, (forall g, (budget g <= size n group g)%nat) ->
  exists m, (forall g, kept n group m g = budget g) /\ is_top n group budget score m.
Proof.
  induction n as [|n IH]; intros group score budget H.
  { exists (fun _ => false). split; [|split; intros i; lia].
    intro g. generalize (H g). unfold size, kept. simpl. lia. }
  assert (Fit : forall g, (group n <> g \/ budget g = O -> budget g <= size n group g)%nat).
  { intros g E. generalize (H g). rewrite size_step. destruct (Nat.eqb_spec (group n) g); lia. }
  set (widen := fun (m : mask) i => (i <? n)%nat && m i).
  assert (Old : forall m i, (i < n)%nat -> widen m i = m i).
  { intros m i Hi. unfold widen. destruct (Nat.ltb_spec i n); [auto|lia]. }
  assert (New : forall m, widen m n = false) by (intro m; unfold widen; rewrite Nat.ltb_irrefl; auto).
  assert (Count : forall m g, kept (S n) group (widen m) g = kept n group m g).
  { intros m g. unfold kept; simpl. rewrite New; simpl.
    rewrite (count_ext n _ (fun i => m i && in_group group g i)); [lia|].
    intros i Hi. rewrite Old; auto. }
  destruct (budget (group n)) as [|k] eqn:E.
  - destruct (IH group score budget) as (m & K & _ & T).
    { intro g. apply Fit. destruct (Nat.eq_dec (group n) g) as [<-|]; auto. }
    exists (widen m). split; [intro g; now rewrite Count|]. split; [intros i Hi; now rewrite Count|].
    intros i j Hi Hj G Mi Mj.
    destruct (Nat.eq_dec i n) as [->|Ni]; [rewrite New in Mi; discriminate|].
    rewrite Old in Mi by lia.
    destruct (Nat.eq_dec j n) as [->|Nj]; [|rewrite Old in Mj by lia; apply T; auto; lia].
    assert (1 <= kept n group m (group n))%nat; [|rewrite K in *; lia].
    apply (count_positive n _ i); [lia|]. rewrite Mi. now apply in_group_spec.
  - set (less := fun g => if (g =? group n)%nat then k else budget g).
    destruct (IH group score less) as (m & K & _ & T).
    { intro g. unfold less. generalize (H g). rewrite size_step.
      destruct (Nat.eqb_spec g (group n)) as [->|]; [rewrite Nat.eqb_refl; lia|].
      destruct (Nat.eqb_spec (group n) g); lia. }
    destruct (argmax (S n) (fun i => negb (widen m i) && in_group group (group n) i) score)
      as [None|(best & Hb & B & Max)].
    { specialize (None n ltac:(lia)). rewrite New in None. simpl in None.
      unfold in_group in None. rewrite Nat.eqb_refl in None. discriminate. }
    apply andb_prop in B. destruct B as [Free Gb]. apply negb_true_iff in Free. apply in_group_spec in Gb.
    set (more := fun i => (i =? best)%nat || widen m i).
    assert (More : forall g, kept (S n) group more g = budget g).
    { intro g. unfold more. destruct (Nat.eq_dec g (group n)) as [->|Ng].
      - rewrite E. transitivity (S (kept (S n) group (widen m) (group n))).
        + apply count_insert with best; auto.
          * now rewrite Free.
          * rewrite Nat.eqb_refl. simpl. now apply in_group_spec.
          * intros j Nj. destruct (Nat.eqb_spec j best); [lia|auto].
        + rewrite Count, K. unfold less. now rewrite Nat.eqb_refl.
      - transitivity (kept (S n) group (widen m) g).
        + apply count_ext. intros i _. destruct (Nat.eqb_spec i best) as [->|]; [|auto].
          unfold in_group. destruct (Nat.eqb_spec (group best) g); [congruence|]. now rewrite !andb_false_r.
        + rewrite Count, K. unfold less. destruct (Nat.eqb_spec g (group n)); [lia|auto]. }
    exists more. split; [auto|]. split; [intros i _; auto|].
    intros i j Hi Hj G Mi Mj. unfold more in Mi, Mj. apply orb_false_iff in Mj. destruct Mj as [Jb Mj].
    assert (Worse : group j = group n -> score j <= score best).
    { intro Gj. apply Max; auto. rewrite Mj. simpl. now apply in_group_spec. }
    apply orb_prop in Mi. destruct Mi as [Ib|Mi].
    { apply Nat.eqb_eq in Ib. subst i. apply Worse. congruence. }
    destruct (Nat.eq_dec i n) as [->|Ni]; [rewrite New in Mi; discriminate|].
    rewrite Old in Mi by lia.
    destruct (Nat.eq_dec j n) as [->|Nj]; [|rewrite Old in Mj by lia; apply T; auto; lia].
    apply Nat.eqb_neq in Jb. apply Rle_trans with (score best); [auto|].
    rewrite Old in Free by lia. apply T; auto; lia || congruence.
Qed.

Theorem top_exists : forall n group budget score,
  (forall i, (i < n)%nat -> (budget (group i) <= size n group (group i))%nat) ->
  exists m, is_top n group budget score m.
Proof.
  intros n group budget score H.
  destruct (top_exists_total n group score (fun g => Nat.min (budget g) (size n group g))) as (m & K & _ & T).
  { intro g. lia. }
  exists m. split; [|exact T]. intros i Hi. rewrite K. specialize (H i Hi). lia.
Qed.
