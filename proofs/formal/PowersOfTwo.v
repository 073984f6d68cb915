(** The exponents of shared power-of-two scales.

    For a > 0, [floor_log2 a] is the one e with 2^e <= a < 2^(e+1) and [ceil_log2 a] the one with 2^(e-1) < a <= 2^e
    ([floor_log2_spec], [ceil_log2_spec]; no other exponent will do: [floor_log2_unique], [ceil_log2_unique]).  They
    are found by trying exponents downward from one that is too large, so that no logarithm and none of its axioms
    is needed.
    Uses the standard library only. *)

From Coq Require Import Reals Lra Lia ZArith.
Open Scope R_scope.

(** The first of the exponents e, e - 1, ..., e - steps whose power is at most a. *)
Fixpoint first_below (a : R) (e : Z) (steps : nat) : Z :=
  match steps with
  | O => e
  | S steps => if Rle_dec (powerRZ 2 e) a then e else first_below a (e - 1) steps
  end.

Definition beyond (a : R) : nat := Z.to_nat (Z.max (up a) (up (/ a))).

Definition floor_log2 (a : R) : Z := first_below a (Z.of_nat (beyond a)) (beyond a + beyond a).

Definition ceil_log2 (a : R) : Z := if Rle_dec a (powerRZ 2 (floor_log2 a)) then floor_log2 a else (floor_log2 a + 1)%Z.

Lemma power_positive : forall e, 0 < powerRZ 2 e.
Proof. intro e. apply powerRZ_lt. lra. Qed.

Lemma powers_grow : forall d e, (d <= e)%Z -> powerRZ 2 d <= powerRZ 2 e.
Proof.
  intros d e L. replace e with (d + Z.of_nat (Z.to_nat (e - d)))%Z by lia.
  rewrite powerRZ_add, <- pow_powerRZ by lra. pose proof (power_positive d).
  pose proof (pow_R1_Rle 2 (Z.to_nat (e - d)) ltac:(lra)). nra.
Qed.

Lemma below_its_power : forall k, INR k < 2 ^ k.
Proof.
  induction k as [|k IH]; [simpl; lra|]. rewrite S_INR. simpl. pose proof (pow_R1_Rle 2 k ltac:(lra)). lra.
Qed.

Lemma first_below_spec : forall a steps e, powerRZ 2 (e - Z.of_nat steps) <= a < powerRZ 2 (e + 1) ->
  powerRZ 2 (first_below a e steps) <= a < powerRZ 2 (first_below a e steps + 1).
Proof.
  induction steps as [|steps IH]; intros e [L U]; simpl first_below.
  - split; [|exact U]. now rewrite Z.sub_0_r in L.
  - destruct (Rle_dec (powerRZ 2 e) a) as [H|H]; [now split|]. apply IH. split.
    + now replace (e - 1 - Z.of_nat steps)%Z with (e - Z.of_nat (S steps))%Z by lia.
    + replace (e - 1 + 1)%Z with e by ring. lra.
Qed.

Lemma beyond_spec : forall a, a < 2 ^ beyond a /\ / a < 2 ^ beyond a.
Proof.
  intro a. pose proof (below_its_power (beyond a)) as P. destruct (archimed a) as [A _], (archimed (/ a)) as [B _].
  assert (L : forall z, (z <= Z.max (up a) (up (/ a)))%Z -> IZR z <= INR (beyond a)).
  { intros z Z. rewrite INR_IZR_INZ. apply IZR_le. unfold beyond. lia. }
  pose proof (L (up a) ltac:(lia)). pose proof (L (up (/ a)) ltac:(lia)). lra.
Qed.

Theorem floor_log2_spec : forall a, 0 < a -> powerRZ 2 (floor_log2 a) <= a < powerRZ 2 (floor_log2 a + 1).
Proof.
  intros a A. apply first_below_spec. destruct (beyond_spec a) as [U L]. set (k := beyond a) in *. split.
  - replace (Z.of_nat k - Z.of_nat (k + k))%Z with (- Z.of_nat k)%Z by lia.
    rewrite powerRZ_neg', <- pow_powerRZ, <- (Rinv_inv a).
    apply Rinv_le_contravar; [now apply Rinv_0_lt_compat|lra].
  - apply Rlt_le_trans with (1 := U). rewrite pow_powerRZ. apply powers_grow. lia.
Qed.

Theorem floor_log2_unique : forall a e, powerRZ 2 e <= a < powerRZ 2 (e + 1) -> floor_log2 a = e.
Proof.
  intros a e [L U]. pose proof (power_positive e). destruct (floor_log2_spec a) as [L' U']; [lra|].
  destruct (Z.lt_trichotomy (floor_log2 a) e) as [C|[C|C]]; [exfalso|exact C|exfalso].
  - pose proof (powers_grow (floor_log2 a + 1) e ltac:(lia)). lra.
  - pose proof (powers_grow (e + 1) (floor_log2 a) ltac:(lia)). lra.
Qed.

Theorem ceil_log2_spec : forall a, 0 < a -> powerRZ 2 (ceil_log2 a - 1) < a <= powerRZ 2 (ceil_log2 a).
Proof.
  intros a A. destruct (floor_log2_spec a A) as [L U]. unfold ceil_log2. set (e := floor_log2 a) in *.
  destruct (Rle_dec a (powerRZ 2 e)) as [H|H].
  - split; [|exact H]. replace e with (e - 1 + 1)%Z in L by ring. rewrite powerRZ_add in L by lra. simpl in L.
    pose proof (power_positive (e - 1)). lra.
  - replace (e + 1 - 1)%Z with e by ring. lra.
Qed.

Theorem ceil_log2_unique : forall a e, powerRZ 2 (e - 1) < a <= powerRZ 2 e -> ceil_log2 a = e.
Proof.
  intros a e [L U]. pose proof (power_positive (e - 1)). destruct (ceil_log2_spec a) as [L' U']; [lra|].
  destruct (Z.lt_trichotomy (ceil_log2 a) e) as [C|[C|C]]; [exfalso|exact C|exfalso].
  - pose proof (powers_grow (ceil_log2 a) (e - 1) ltac:(lia)). lra.
  - pose proof (powers_grow e (ceil_log2 a - 1) ltac:(lia)). lra.
Qed.
