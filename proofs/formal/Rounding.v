(** Rounding onto grids, and the pair lemma.

    A grid is a set of reals; r rounds to nearest when r(t) lies in it and nothing in it is closer to t, whatever r
    does at midpoints.  The pair lemma [larger_gains_more]: keeping a at the value v gains, over pruning it, what never
    decreases with a:  a^p - |a - v|^p  for a, v >= 0 and every natural p >= 1; for p = 1 and 2 the difference of two
    such gains is written out.  On a symmetric grid with zero it follows that the gain of nearest rounding is
    nonnegative and never decreases with |t|.

    Also: nearest rounding that is odd is monotone; the multiples z D with |z| <= N are a uniform grid, and nearest
    rounding onto a uniform grid of step D enlarges a magnitude by at most D/2.
    Depends on Vectors, Operators. *)

From Coq Require Import Reals Lra Lia Bool Arith ZArith.
From sqtheory Require Import Vectors Operators.
Open Scope R_scope.

Definition grid := R -> Prop.

Definition nearest (G : grid) (r : R -> R) : Prop :=
  forall t, G (r t) /\ forall v, G v -> Rabs (t - r t) <= Rabs (t - v).

Definition symmetric (G : grid) : Prop := forall v, G v -> G (- v).

(** One step of size D leads from every nonzero value of G to the next one toward zero. *)
Definition uniform (D : R) (G : grid) : Prop :=
  G 0 /\ forall v, G v -> (0 < v -> G (v - D)) /\ (v < 0 -> G (v + D)).

Definition rounds_to_nearest (q : quantizer) (G : parameters q -> grid) : Prop :=
  forall s, nearest (G s) (level q s).

(** ** The pair lemma *)

(** Increments of powers grow. *)
Lemma increments_grow : forall p a b d, 0 <= a <= b -> 0 <= d -> (a + d) ^ p - a ^ p <= (b + d) ^ p - b ^ p.
Proof.
  induction p as [|p IH]; intros a b d H Hd; simpl; [lra|].
  specialize (IH a b d H Hd).
  assert (a ^ p <= (a + d) ^ p) by (apply pow_mono; lra).
  assert ((a + d) ^ p <= (b + d) ^ p) by (apply pow_mono; lra).
  nra.
Qed.

Lemma larger_gains_more : forall p v a b, (1 <= p)%nat -> 0 <= v -> 0 <= b <= a ->
  b ^ p - Rabs (b - v) ^ p <= a ^ p - Rabs (a - v) ^ p.
Proof.
  intros p v a b Hp Hv H. destruct (Rle_lt_dec v b) as [B|B].
  - rewrite !Rabs_pos_eq by lra.
    pose proof (increments_grow p (b - v) (a - v) v ltac:(lra) Hv) as I.
    replace (b - v + v) with b in I by ring. replace (a - v + v) with a in I by ring. lra.
  - rewrite (Rabs_left (b - v)) by lra. destruct (Rle_lt_dec v a) as [A|A].
    + rewrite (Rabs_pos_eq (a - v)) by lra.
      pose proof (increments_grow p 0 (a - v) v ltac:(lra) Hv) as I.
      replace (a - v + v) with a in I by ring. rewrite Rplus_0_l, pow_i in I by lia.
      assert (b ^ p <= v ^ p) by (apply pow_mono; lra).
      assert (0 <= (- (b - v)) ^ p) by (apply pow_le; lra). lra.
    + rewrite (Rabs_left (a - v)) by lra.
      assert (b ^ p <= a ^ p) by (apply pow_mono; lra).
      assert ((- (a - v)) ^ p <= (- (b - v)) ^ p) by (apply pow_mono; lra). lra.
Qed.

Lemma gain_difference_p1 : forall v a b, 0 <= v -> 0 <= b <= a ->
  (a - Rabs (a - v)) - (b - Rabs (b - v)) = 2 * (Rmin a v - Rmin b v).
Proof.
  intros v a b Hv H. unfold Rmin, Rabs.
  destruct (Rle_dec a v), (Rle_dec b v), (Rcase_abs (a - v)), (Rcase_abs (b - v)); lra.
Qed.

Lemma gain_difference_p2 : forall v a b, (a ^ 2 - Rabs (a - v) ^ 2) - (b ^ 2 - Rabs (b - v) ^ 2) = 2 * v * (a - b).
Proof. intros v a b. rewrite !pow2_abs. ring. Qed.

(** ** Nearest rounding *)

Lemma nearest_zero : forall G r, nearest G r -> G 0 -> r 0 = 0.
Proof.
  intros G r H Z. destruct (H 0) as [_ N]. specialize (N 0 Z).
  rewrite Rminus_0_r, Rabs_R0, Rminus_0_l, Rabs_Ropp in N.
  pose proof (Rabs_pos (r 0)). destruct (Req_dec (r 0) 0) as [|E]; [auto|].
  pose proof (Rabs_pos_lt _ E). lra.
Qed.

Lemma nearest_fixes : forall G r v, nearest G r -> G v -> r v = v.
Proof.
  intros G r v H V. destruct (H v) as [_ N]. specialize (N v V).
  replace (v - v) with 0 in N by ring. rewrite Rabs_R0 in N.
  pose proof (Rabs_pos (v - r v)). destruct (Req_dec (v - r v) 0) as [|E]; [lra|].
  pose proof (Rabs_pos_lt _ E). lra.
Qed.

Lemma nearest_sign : forall G r, nearest G r -> G 0 -> keeps_sign r.
Proof.
  intros G r H Z t. destruct (H t) as [_ N]. specialize (N 0 Z). rewrite Rminus_0_r in N.
  unfold Rabs in N. destruct (Rcase_abs (t - r t)), (Rcase_abs t); nra.
Qed.

(** The gain of a nearest value is nonnegative ... *)
Lemma nearest_gain_nonneg : forall p G r t, nearest G r -> G 0 -> 0 <= Rabs t ^ p - Rabs (t - r t) ^ p.
Proof.
  intros p G r t H Z. destruct (H t) as [_ N]. specialize (N 0 Z). rewrite Rminus_0_r in N.
  assert (Rabs (t - r t) ^ p <= Rabs t ^ p) by (apply pow_mono; split; [apply Rabs_pos|auto]). lra.
Qed.

(** ... and on a symmetric grid grows with |t|: the larger entry could use the value of the smaller one. *)
Lemma nearest_gain_grows : forall p G r s t, (1 <= p)%nat -> nearest G r -> symmetric G -> G 0 ->
  Rabs s <= Rabs t -> Rabs s ^ p - Rabs (s - r s) ^ p <= Rabs t ^ p - Rabs (t - r t) ^ p.
Proof.
  intros p G r s t Hp H Sym Z L.
  assert (Value : exists v, G v /\ 0 <= t * v /\ Rabs v = Rabs (r s)).
  { destruct (H s) as [Gs _]. destruct (Rle_lt_dec 0 (t * r s)) as [T|T].
    - exists (r s). auto.
    - exists (- r s). rewrite Rabs_Ropp. repeat split; [auto|]. nra. }
  destruct Value as (v & Gv & Sv & Ev). destruct (H t) as [_ N]. specialize (N v Gv).
  assert (Rabs (t - r t) ^ p <= Rabs (t - v) ^ p) by (apply pow_mono; split; [apply Rabs_pos|auto]).
  rewrite (error_of_magnitudes t v Sv), Ev in *.
  rewrite (error_of_magnitudes s (r s)) by (apply (nearest_sign G); auto).
  pose proof (larger_gains_more p (Rabs (r s)) (Rabs t) (Rabs s) Hp (Rabs_pos _) (conj (Rabs_pos _) L)). lra.
Qed.

Lemma nearest_nondecreasing : forall G r a b, nearest G r -> a < b -> r a <= r b.
Proof.
  intros G r a b H L. destruct (H a) as [Ga Na], (H b) as [Gb Nb].
  specialize (Na _ Gb). specialize (Nb _ Ga). destruct (Rle_lt_dec (r a) (r b)) as [|C]; [auto|exfalso].
  unfold Rabs in *.
  destruct (Rcase_abs (a - r a)), (Rcase_abs (a - r b)), (Rcase_abs (b - r b)), (Rcase_abs (b - r a)); lra.
Qed.

(** Nearest rounding with an odd tie rule (half to even, half away from zero, half toward zero) is monotone. *)
Theorem nearest_odd_monotone : forall q G, rounds_to_nearest q G -> (forall s, G s 0) ->
  (forall s t, level q s (- t) = - level q s t) -> monotone q.
Proof.
  intros q G H Z Odd. apply monotone_iff; [intro s; apply (nearest_zero (G s)); auto|].
  intro s. split; [auto|]. intros a b [L|E]; [apply (nearest_nondecreasing (G s)); auto|subst; lra].
Qed.

(** ** Uniform grids *)

(** The multiples of D up to N steps from zero: what a symmetric INT, an HBFP mantissa or a fixed-point format holds. *)
Definition multiples (D : R) (N : Z) : grid := fun v => exists z, (Z.abs z <= N)%Z /\ v = IZR z * D.

Lemma multiples_uniform : forall D N, 0 < D -> (0 <= N)%Z -> uniform D (multiples D N).
Proof.
  intros D N HD HN. split; [exists 0%Z; split; [lia|ring]|].
  intros v (z & Hz & ->). split; intro V.
  - assert (0 < z)%Z by (apply lt_IZR; nra). exists (z - 1)%Z. split; [lia|]. rewrite minus_IZR. ring.
  - assert (z < 0)%Z by (apply lt_IZR; nra). exists (z + 1)%Z. split; [lia|]. rewrite plus_IZR. ring.
Qed.

Lemma multiples_symmetric : forall D N, symmetric (multiples D N).
Proof. intros D N v (z & Hz & ->). exists (- z)%Z. split; [lia|]. rewrite opp_IZR. ring. Qed.

(** Nearest rounding onto a uniform grid enlarges a magnitude by at most half a step. *)
Lemma uniform_enlarges : forall D G r t, nearest G r -> uniform D G -> 0 < D ->
  Rabs (r t) - Rabs t <= D / 2.
Proof.
  intros D G r t H [_ U] HD. destruct (H t) as [V N]. destruct (U _ V) as [Up Down].
  destruct (Rtotal_order (r t) 0) as [L|[E|L]].
  - specialize (N _ (Down L)). rewrite (Rabs_left (r t)) by auto. unfold Rabs in *.
    destruct (Rcase_abs (t - r t)), (Rcase_abs (t - (r t + D))), (Rcase_abs t); lra.
  - rewrite E, Rabs_R0. pose proof (Rabs_pos t). lra.
  - specialize (N _ (Up L)). rewrite (Rabs_pos_eq (r t)) by lra. unfold Rabs in *.
    destruct (Rcase_abs (t - r t)), (Rcase_abs (t - (r t - D))), (Rcase_abs t); lra.
Qed.
