(** overlap: when a magnitude mask keeps the maximum of every surviving scale block, whatever the vector.

    Each index has one group and one block; group G keeps k_G entries, 1 <= k_G <= |G|.  Every magnitude top mask of
    every vector leaves the maximum of |x| over each block with a survivor as it is, if and only if

        for every group G and block B that meet:   B is a subset of G   or   |G \ B| < k_G          ([overlap]).

    So scales that depend on the block only through that maximum satisfy (Sigma) ([overlap_keeps_scale]), always when
    blocks lie in groups ([nested_partitions]) or groups in blocks ([groups_inside_blocks]).  Where a pair fails,
    [straddle] builds a vector every one of whose top masks loses the block's maximum ([straddle_breaks]): k_G entries
    of size 3 in G \ B, the block's maximum 2 in G and B, a survivor 1 in B outside G.
    Of other scores the same condition suffices where they rank the maximum of a block above all that is smaller in it
    ([score_keeps_scale]).  A group over two blocks meets it only if it keeps more than half, 2 k >= m + 2 ([straddling]).
    Depends on Vectors, Masks, Operators. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors Masks Operators.
Open Scope R_scope.

(** The maximum of |x| over block b. *)
Definition absmax (n : nat) (block : nat -> nat) (x : vector) (b : nat) : R :=
  maximum n (fun i => if (block i =? b)%nat then Rabs (x i) else 0).

Definition keeps_maximum (n : nat) (block : nat -> nat) (x : vector) (m : mask) : Prop :=
  forall i, (i < n)%nat -> m i = true -> absmax n block (prune m x) (block i) = absmax n block x (block i).

Definition meet (n : nat) (group block : nat -> nat) (g b : nat) : Prop :=
  exists i, (i < n)%nat /\ group i = g /\ block i = b.

(** Block b is a subset of group g. *)
Definition nested (n : nat) (group block : nat -> nat) (g b : nat) : Prop :=
  forall i, (i < n)%nat -> block i = b -> group i = g.

(** G \ B. *)
Definition outside (group block : nat -> nat) (g b : nat) : mask :=
  fun i => (group i =? g)%nat && negb (block i =? b)%nat.

Definition overlap_condition (n : nat) (group block budget : nat -> nat) : Prop :=
  forall g b, meet n group block g b ->
    nested n group block g b \/ (count n (outside group block g b) < budget g)%nat.

Definition groups_in_blocks (n : nat) (group block : nat -> nat) : Prop :=
  forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j -> block i = block j.

Definition every_group_keeps_one (n : nat) (group budget : nat -> nat) : Prop :=
  forall i, (i < n)%nat -> (1 <= budget (group i))%nat.

Lemma absmax_upper : forall n block x i, (i < n)%nat -> Rabs (x i) <= absmax n block x (block i).
Proof.
  intros n block x i Hi.
  pose proof (maximum_upper n (fun j => if (block j =? block i)%nat then Rabs (x j) else 0) i Hi) as U.
  simpl in U. rewrite Nat.eqb_refl in U. exact U.
Qed.

Lemma absmax_least : forall n block x b c, 0 <= c ->
  (forall i, (i < n)%nat -> block i = b -> Rabs (x i) <= c) -> absmax n block x b <= c.
Proof.
  intros n block x b c Hc H. apply maximum_least; [auto|]. intros i Hi.
  destruct (Nat.eqb_spec (block i) b); auto.
Qed.

(** ** The condition suffices *)

Theorem overlap_sufficient : forall n group block budget,
  overlap_condition n group block budget ->
  forall x m, is_top n group budget (magnitude x) m -> keeps_maximum n block x m.
Proof.
  intros n group block budget C x m [A T] i Hi Mi. unfold magnitude in T.
  set (M := absmax n block (prune m x) (block i)).
  assert (Survivor : forall j, (j < n)%nat -> block j = block i -> m j = true -> Rabs (x j) <= M).
  { intros j Hj B Mj. pose proof (absmax_upper n block (prune m x) j Hj) as U.
    unfold prune at 1 in U. rewrite Mj, B in U. exact U. }
  assert (Pos : 0 <= M) by apply maximum_nonneg.
  apply Rle_antisym; apply absmax_least.
  - apply maximum_nonneg.
  - intros j Hj B. rewrite <- B. unfold prune. destruct (m j); [now apply absmax_upper|].
    rewrite Rabs_R0. apply maximum_nonneg.
  - exact Pos.
  - intros j Hj B. destruct (m j) eqn:Mj; [now apply Survivor|].
    destruct (C (group j) (block i)) as [N|L]; [exists j; auto| |].
    + apply Rle_trans with (Rabs (x i)); [|now apply Survivor]. apply T; auto.
    + rewrite <- (A j Hj) in L.
      destruct (count_lt_find n _ _ L) as (k & Hk & K & O). apply andb_prop in K. destruct K as [Mk Gk].
      unfold outside in O. unfold in_group in Gk. rewrite Gk in O. apply negb_false_iff, Nat.eqb_eq in O.
      apply Nat.eqb_eq in Gk. apply Rle_trans with (Rabs (x k)); [|now apply Survivor]. apply T; auto.
Qed.

Corollary nested_partitions : forall n group block budget,
  (forall i j, (i < n)%nat -> (j < n)%nat -> block i = block j -> group i = group j) ->
  overlap_condition n group block budget.
Proof. intros n group block budget H g b (i & Hi & <- & <-). left. intros j Hj B. now apply H. Qed.

Corollary groups_inside_blocks : forall n group block budget,
  groups_in_blocks n group block -> every_group_keeps_one n group budget -> overlap_condition n group block budget.
Proof.
  intros n group block budget H K g b (i & Hi & <- & <-). right. rewrite count_none; [now apply K|].
  intros j Hj. unfold outside. destruct (Nat.eqb_spec (group j) (group i)) as [E|]; [|auto].
  rewrite (H j i Hj Hi E), Nat.eqb_refl. reflexivity.
Qed.

Corollary overlap_keeps_scale : forall n group budget q x m,
  (forall y z b, absmax n (block q) y b = absmax n (block q) z b -> scale q y b = scale q z b) ->
  overlap_condition n group (block q) budget ->
  is_top n group budget (magnitude x) m -> keeps_scale n q x m.
Proof.
  intros n group budget q x m H C T i Hi Mi. apply H.
  now apply (overlap_sufficient n group (block q) budget C).
Qed.

(** ** Other scores *)

(** In block b no entry smaller than the maximum scores as much as an entry that has it. *)
Definition maxima_score_most (n : nat) (block : nat -> nat) (x : vector) (score : nat -> R) : Prop :=
  forall i j, (i < n)%nat -> (j < n)%nat -> block i = block j ->
    Rabs (x i) = absmax n block x (block i) -> Rabs (x j) < Rabs (x i) -> score j < score i.

Theorem scores_keep_maxima : forall n group block budget x score m,
  overlap_condition n group block budget -> maxima_score_most n block x score ->
  is_top n group budget score m -> keeps_maximum n block x m.
Proof.
  intros n group block budget x score m C First [A T] i Hi Mi.
  set (M := absmax n block (prune m x) (block i)).
  assert (Survivor : forall j, (j < n)%nat -> block j = block i -> m j = true -> Rabs (x j) <= M).
  { intros j Hj B Mj. pose proof (absmax_upper n block (prune m x) j Hj) as U.
    unfold prune at 1 in U. rewrite Mj, B in U. exact U. }
  assert (Pos : 0 <= M) by apply maximum_nonneg.
  apply Rle_antisym; [apply absmax_least; [apply maximum_nonneg|]|].
  { intros j Hj B. rewrite <- B. unfold prune. destruct (m j); [now apply absmax_upper|].
    rewrite Rabs_R0. apply maximum_nonneg. }
  destruct (argmax n (fun j => (block j =? block i)%nat) (fun j => Rabs (x j))) as [None|(t & Ht & B & Max)].
  { specialize (None i Hi). simpl in None. rewrite Nat.eqb_refl in None. discriminate. }
  apply Nat.eqb_eq in B.
  assert (Top : absmax n block x (block i) = Rabs (x t)).
  { apply Rle_antisym; [|rewrite <- B; now apply absmax_upper].
    apply absmax_least; [apply Rabs_pos|]. intros j Hj E. apply Max; [auto|]. now apply Nat.eqb_eq. }
  rewrite Top. destruct (m t) eqn:Mt; [now apply Survivor|].
  (* a kept entry of the group of t in the block scores no less than t, and so is as large *)
  assert (Rival : forall k, (k < n)%nat -> group k = group t -> block k = block i -> m k = true -> Rabs (x t) <= M).
  { intros k Hk G E Mk. apply Rle_trans with (Rabs (x k)); [|now apply Survivor].
    destruct (Rle_lt_dec (Rabs (x t)) (Rabs (x k))) as [L|L]; [exact L|exfalso].
    assert (S : score t <= score k) by (apply T; auto).
    assert (score k < score t); [|lra]. apply First; auto; [now rewrite B, E|]. now rewrite B, Top. }
  destruct (C (group t) (block i)) as [N|L]; [exists t; auto| |].
  - apply (Rival i); auto.
  - rewrite <- (A t Ht) in L. destruct (count_lt_find n _ _ L) as (k & Hk & K & O).
    apply andb_prop in K. destruct K as [Mk Gk]. unfold outside in O. unfold in_group in Gk. rewrite Gk in O.
    apply negb_false_iff, Nat.eqb_eq in O. apply Nat.eqb_eq in Gk. now apply (Rival k).
Qed.

Corollary score_keeps_scale : forall n group budget q x score m,
  (forall y z b, absmax n (block q) y b = absmax n (block q) z b -> scale q y b = scale q z b) ->
  overlap_condition n group (block q) budget -> maxima_score_most n (block q) x score ->
  is_top n group budget score m -> keeps_scale n q x m.
Proof.
  intros n group budget q x score m H C First T i Hi Mi. apply H.
  now apply (scores_keep_maxima n group (block q) budget x score).
Qed.

(** ** Groups over two blocks *)

(** Group g meets two blocks, neither of which lies inside it. *)
Definition straddles (n : nat) (group block : nat -> nat) (g b c : nat) : Prop :=
  b <> c /\ meet n group block g b /\ meet n group block g c /\ ~ nested n group block g b /\ ~ nested n group block g c.

(** So it must keep more than half of its entries: 2 k >= m + 2. *)
Theorem straddling : forall n group block budget g b c,
  overlap_condition n group block budget -> straddles n group block g b c ->
  (size n group g + 2 <= 2 * budget g)%nat.
Proof.
  intros n group block budget g b c C (N & Mb & Mc & Nb & Nc).
  destruct (C g b Mb) as [|Lb]; [contradiction|]. destruct (C g c Mc) as [|Lc]; [contradiction|].
  enough (size n group g <= count n (outside group block g b) + count n (outside group block g c))%nat by lia.
  unfold size. clear - N. induction n as [|n IH]; [reflexivity|]. simpl.
  replace (in_group group g n) with (group n =? g)%nat by reflexivity.
  unfold outside at 2 4. destruct (Nat.eqb_spec (group n) g), (Nat.eqb_spec (block n) b), (Nat.eqb_spec (block n) c);
    simpl; try lia; congruence.
Qed.

(** ** The condition is necessary *)

(** 3 on the first k entries of G \ B, 2 at [top] (in G and B), 1 at [other] (in B, not in G), 0 elsewhere. *)
Definition straddle (group block : nat -> nat) (g b k top other : nat) : vector := fun i =>
  if outside group block g b i && (count i (outside group block g b) <? k)%nat then 3
  else if (i =? top)%nat then 2 else if (i =? other)%nat then 1 else 0.

Theorem straddle_breaks : forall n group block budget g b top other,
  (top < n)%nat -> group top = g -> block top = b ->
  (other < n)%nat -> group other <> g -> block other = b ->
  (budget g <= count n (outside group block g b))%nat -> (1 <= budget (group other))%nat ->
  let x := straddle group block g b (budget g) top other in
  forall m, is_top n group budget (magnitude x) m ->
    m other = true /\ m top = false /\
    absmax n block (prune m x) b <= 1 /\ 2 <= absmax n block x b.
Proof.
  intros n group block budget g b top other Ht Gt Bt Ho Go Bo Full One x m [A T].
  assert (Big : forall i, outside group block g b i && (count i (outside group block g b) <? budget g)%nat = true
                -> x i = 3) by (intros i E; unfold x, straddle; now rewrite E).
  assert (Out : forall i, block i = b \/ group i <> g -> outside group block g b i = false).
  { intros i H. unfold outside. destruct (Nat.eqb_spec (group i) g), (Nat.eqb_spec (block i) b); auto; tauto. }
  assert (Xt : x top = 2) by (unfold x, straddle; rewrite Out, Nat.eqb_refl; auto).
  assert (Xo : x other = 1).
  { unfold x, straddle. rewrite Out, Nat.eqb_refl by auto. destruct (Nat.eqb_spec other top); [congruence|auto]. }
  assert (Rest : forall i, i <> top -> i <> other -> block i = b \/ group i <> g -> x i = 0).
  { intros i N N' H. unfold x, straddle. rewrite Out by auto.
    destruct (Nat.eqb_spec i top), (Nat.eqb_spec i other); auto; congruence. }
  (* the maximum is pruned: otherwise its group would keep it and all k entries of size 3 *)
  assert (Mt : m top = false).
  { destruct (m top) eqn:E; [exfalso|auto].
    assert (K : (S (budget g) <= kept n group m g)%nat); [|rewrite <- Gt, A in K by auto; rewrite Gt in K; lia].
    set (big := fun i => outside group block g b i && (count i (outside group block g b) <? budget g)%nat).
    replace (budget g) with (count n big) by (unfold big; rewrite count_first; lia).
    rewrite <- (count_insert n big (fun i => big i || (i =? top)%nat) top); auto.
    - apply count_le. intros i Hi Bi. apply orb_prop in Bi. destruct Bi as [Bi|Bi].
      + pose proof (Big i Bi) as Xi. apply andb_prop in Bi. destruct Bi as [Bi _].
        apply andb_prop in Bi. destruct Bi as [Gi _].
        unfold in_group. rewrite Gi, andb_true_r. destruct (m i) eqn:Mi; [auto|].
        apply Nat.eqb_eq in Gi. specialize (T top i Ht Hi ltac:(congruence) E Mi). unfold magnitude in T.
        rewrite Xi, Xt, !Rabs_pos_eq in T; lra.
      + apply Nat.eqb_eq in Bi. subst i. rewrite E. now apply in_group_spec.
    - unfold big. now rewrite Out by auto.
    - rewrite Nat.eqb_refl. apply orb_true_r.
    - intros j Nj. destruct (Nat.eqb_spec j top); [congruence|]. now rewrite orb_false_r. }
  (* the small entry is kept: its group keeps something, and nothing else there is larger *)
  assert (Mo : m other = true).
  { destruct (m other) eqn:E; [auto|exfalso]. rewrite <- (A other Ho) in One.
    destruct (count_lt_find n (fun i => m i && in_group group (group other) i) (fun _ => false))
      as (i & Hi & K & _); [rewrite (count_none n (fun _ => false)); auto|].
    apply andb_prop in K. destruct K as [Mi Gi]. apply in_group_spec in Gi.
    specialize (T i other Hi Ho Gi Mi E). unfold magnitude in T.
    rewrite Xo, (Rest i), Rabs_R0, Rabs_R1 in T; [lra|congruence|congruence|right; congruence]. }
  split; [exact Mo|]. split; [exact Mt|]. split.
  - apply absmax_least; [lra|]. intros i Hi Bi. unfold prune.
    destruct (Nat.eq_dec i top) as [->|Nt]; [rewrite Mt, Rabs_R0; lra|].
    destruct (Nat.eq_dec i other) as [->|No]; [rewrite Mo, Xo, Rabs_R1; lra|].
    destruct (m i); rewrite ?Rest, Rabs_R0 by auto; lra.
  - pose proof (absmax_upper n block x top Ht) as U. rewrite Xt, Bt, Rabs_pos_eq in U; lra.
Qed.

Theorem overlap : forall n group block budget,
  (forall i, (i < n)%nat -> (1 <= budget (group i) <= size n group (group i))%nat) ->
  ((forall x m, is_top n group budget (magnitude x) m -> keeps_maximum n block x m)
   <-> overlap_condition n group block budget).
Proof.
  intros n group block budget Budgets. split; [|apply overlap_sufficient].
  intros Keeps g b (top & Ht & Gt & Bt).
  destruct (lt_dec (count n (outside group block g b)) (budget g)) as [L|L]; [auto|left].
  intros other Ho Bo. destruct (Nat.eq_dec (group other) g) as [|Go]; [auto|exfalso].
  set (x := straddle group block g b (budget g) top other).
  destruct (top_exists n group budget (magnitude x)) as [m T]; [intros i Hi; now apply Budgets|].
  destruct (straddle_breaks n group block budget g b top other) with (m := m) as (Mo & _ & Below & Above);
    auto; try lia; [now apply Budgets|].
  specialize (Keeps x m T other Ho Mo). rewrite Bo in Keeps. fold x in Below, Above. lra.
Qed.
