(** Quantizers, and the hypotheses under which the order of pruning and quantizing is decided.

    A quantizer partitions the indices into blocks, computes from the vector what the entries of a block share (a
    scale; [parameters] may be any type: a scale, a scale and an offset, a whole grid), and then maps each entry
    through a scalar rounding [level].  S->Q is [quantize q (prune m x)], Q->S is [prune m (quantize q x)]; the
    scales of the first are those of the pruned vector.

      keeps_zero           (Z) 0 is its own image, at every scale
      keeps_scale          (Sigma) pruning with m leaves the parameters of every block with a survivor as they are
      monotone             |a| <= |b| implies |q(a)| <= |q(b)|, and q(t) never has the sign opposite to t
      one_scale_per_group  entries of one group are rounded with the same parameters

    With keeps_zero, monotone says: q is odd and nondecreasing ([monotone_iff]).  Proved too: with (Z) and (Sigma),
    q(m .* x) = m .* q(x) ([prune_then_quantize]): S->Q and Q->S are one operator with two masks.
    Depends on Vectors. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors.
Open Scope R_scope.

Record quantizer : Type := {
  parameters : Type;
  block : nat -> nat;
  scale : vector -> nat -> parameters;
  level : parameters -> R -> R
}.

(** The scalar rounding that entry i of the vector x undergoes. *)
Definition rounding (q : quantizer) (x : vector) (i : nat) : R -> R := level q (scale q x (block q i)).

Definition quantize (q : quantizer) (x : vector) : vector := fun i => rounding q x i (x i).

(** q with its scales frozen at those of x. *)
Definition frozen (q : quantizer) (x : vector) : quantizer :=
  {| parameters := parameters q; block := block q; scale := fun _ => scale q x; level := level q |}.

(** A scalar rounding applied to every entry, without scales. *)
Definition elementwise (r : R -> R) : quantizer :=
  {| parameters := unit; block := fun _ => O; scale := fun _ _ => tt; level := fun _ => r |}.

(** ** Hypotheses *)

Definition keeps_zero (q : quantizer) : Prop := forall s, level q s 0 = 0.

Definition keeps_scale (n : nat) (q : quantizer) (x : vector) (m : mask) : Prop :=
  forall i, (i < n)%nat -> m i = true -> scale q (prune m x) (block q i) = scale q x (block q i).

Definition keeps_order (r : R -> R) : Prop := forall a b, Rabs a <= Rabs b -> Rabs (r a) <= Rabs (r b).

Definition keeps_sign (r : R -> R) : Prop := forall t, 0 <= t * r t.

Definition monotone (q : quantizer) : Prop := forall s, keeps_order (level q s) /\ keeps_sign (level q s).

Definition one_scale_per_group (n : nat) (group : nat -> nat) (q : quantizer) (x : vector) : Prop :=
  forall i j, (i < n)%nat -> (j < n)%nat -> group i = group j ->
    scale q x (block q i) = scale q x (block q j).

(** Rounding twice at one scale is rounding once. *)
Definition idempotent (q : quantizer) : Prop := forall s t, level q s (level q s t) = level q s t.

(** Scores. *)
Definition magnitude (x : vector) : nat -> R := fun i => Rabs (x i).

Definition gain (p : nat) (x y : vector) : nat -> R := fun i => Rabs (x i) ^ p - Rabs (x i - y i) ^ p.

(** ** First consequences *)

Theorem prune_then_quantize : forall n q x m, keeps_zero q -> keeps_scale n q x m ->
  forall i, (i < n)%nat -> quantize q (prune m x) i = prune m (quantize q x) i.
Proof.
  intros n q x m Z Sigma i Hi. unfold quantize, rounding, prune at 2 3. destruct (m i) eqn:E.
  - now rewrite Sigma.
  - apply Z.
Qed.

Lemma frozen_keeps_scale : forall n q x z m, keeps_scale n (frozen q x) z m.
Proof. intros n q x z m i _ _. reflexivity. Qed.

(** A value of the right sign errs by the difference of magnitudes. *)
Lemma error_of_magnitudes : forall t v, 0 <= t * v -> Rabs (t - v) = Rabs (Rabs t - Rabs v).
Proof.
  intros t v H. destruct (Rle_lt_dec 0 t) as [T|T], (Rle_lt_dec 0 v) as [V|V].
  - now rewrite (Rabs_pos_eq t), (Rabs_pos_eq v).
  - assert (t = 0) by nra. subst t. rewrite Rabs_R0. unfold Rminus.
    now rewrite !Rplus_0_l, !Rabs_Ropp, Rabs_Rabsolu.
  - assert (v = 0) by nra. subst v. rewrite Rabs_R0. unfold Rminus.
    now rewrite !Ropp_0, !Rplus_0_r, Rabs_Rabsolu.
  - rewrite (Rabs_left t), (Rabs_left v), <- (Rabs_Ropp (t - v)) by auto. f_equal. ring.
Qed.

Lemma same_sign_same_size : forall t v w, 0 <= t * v -> 0 <= t * w -> t <> 0 -> Rabs v = Rabs w -> v = w.
Proof.
  intros t v w V W T E. destruct (Rtotal_order t 0) as [N|[N|N]]; [|lra|].
  - rewrite !Rabs_left1 in E by nra. lra.
  - rewrite !Rabs_pos_eq in E by nra. lra.
Qed.

(** [monotone] in the words of functions of one variable. *)
Theorem monotone_iff : forall q, keeps_zero q ->
  (monotone q <->
   forall s, (forall t, level q s (- t) = - level q s t) /\
             (forall a b, a <= b -> level q s a <= level q s b)).
Proof.
  intros q Z. split; intros H s; destruct (H s) as [A B]; specialize (Z s); set (r := level q s) in *.
  - assert (Odd : forall t, r (- t) = - r t).
    { intro t. destruct (Req_dec t 0) as [->|T]; [rewrite Ropp_0, Z; ring|].
      apply (same_sign_same_size (- t)); [apply B| |lra|].
      - replace (- t * - r t) with (t * r t) by ring. apply B.
      - rewrite Rabs_Ropp. apply Rle_antisym; apply A; rewrite Rabs_Ropp; lra. }
    assert (Up : forall a b, 0 <= a <= b -> r a <= r b).
    { intros a b L. assert (E : Rabs (r a) <= Rabs (r b)) by (apply A; rewrite !Rabs_pos_eq; lra).
      assert (Pos : forall t, 0 <= t -> 0 <= r t).
      { intros t T. destruct (Req_dec t 0) as [->|N]; [lra|]. specialize (B t). nra. }
      rewrite !Rabs_pos_eq in E by (apply Pos; lra). exact E. }
    split; [exact Odd|]. intros a b L.
    destruct (Rle_lt_dec 0 a) as [Ha|Ha]; [apply Up; lra|].
    destruct (Rle_lt_dec 0 b) as [Hb|Hb].
    + assert (r 0 <= r b) by (apply Up; lra). assert (r 0 <= r (- a)) by (apply Up; lra).
      rewrite Odd in *. lra.
    + assert (U : r (- b) <= r (- a)) by (apply Up; lra). rewrite !Odd in U. lra.
  - assert (Pos : forall t, 0 <= t -> 0 <= r t) by (intros t T; rewrite <- Z; apply B; lra).
    assert (Size : forall t, Rabs (r t) = r (Rabs t)).
    { intro t. destruct (Rle_lt_dec 0 t) as [T|T].
      - rewrite !Rabs_pos_eq; auto.
      - rewrite (Rabs_left t), A, <- (Rabs_pos_eq (- r t)), Rabs_Ropp; auto.
        rewrite <- A. apply Pos. lra. }
    split.
    + intros a b L. rewrite !Size. auto.
    + intro t. destruct (Rle_lt_dec 0 t) as [T|T]; [specialize (Pos t T); nra|].
      assert (P : 0 <= r (- t)) by (apply Pos; lra). rewrite A in P. nra.
Qed.
