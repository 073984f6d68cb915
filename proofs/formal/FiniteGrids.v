(** Finite grids: every number format that holds 0 and with each value its negative.

    [levels] lists the values that are not negative, 0 first and ascending ([ascending_from_zero]); the grid is these
    values and their negatives ([signed]).  [round_onto up levels] rounds to the nearest of them: the midpoint of the
    levels with codes k and k + 1 goes outward where [up k], beyond the largest level it saturates, and negative numbers
    are mirrored.  So every way to break ties that is odd is one [up]:  [to_even], [away_from_zero], [toward_zero], ....

    [round_onto_nearest], [round_onto_odd_nondecreasing]: whatever [up], this is rounding to nearest, odd and
    nondecreasing, saturation included.

    Lists: [integers_up_to L], 0, 1, ..., L, and [minifloat m top e], the values of a floating-point format with m bits
    of fraction, codes 0, ..., top and the smallest positive number 2^e.  Both ascend, whatever their parameters.
    Depends on Vectors, Operators, Rounding. *)

From Coq Require Import Reals Lra Lia Bool Arith ZArith List.
From sqtheory Require Import Vectors Operators Rounding.
Import ListNotations.
Open Scope R_scope.

Definition odd_nondecreasing (r : R -> R) : Prop :=
  (forall t, r (- t) = - r t) /\ (forall a b, a <= b -> r a <= r b).

Fixpoint ascending (lo : R) (above : list R) : Prop :=
  match above with
  | [] => True
  | hi :: above => lo < hi /\ ascending hi above
  end.

Definition ascending_from_zero (levels : list R) : Prop :=
  match levels with
  | [] => False
  | first :: above => first = 0 /\ ascending first above
  end.

Definition signed (levels : list R) : grid := fun v => In (Rabs v) levels.

(** The level next to t >= lo, from the level lo with code k upward. *)
Fixpoint magnitude_level (up : nat -> bool) (k : nat) (lo : R) (above : list R) (t : R) : R :=
  match above with
  | [] => lo
  | hi :: above =>
      if Rlt_dec t ((lo + hi) / 2) then lo
      else if Rlt_dec ((lo + hi) / 2) t then magnitude_level up (S k) hi above t
      else if up k then hi else lo
  end.

Definition round_onto (up : nat -> bool) (levels : list R) (t : R) : R :=
  match levels with
  | [] => 0
  | first :: above =>
      if Rlt_dec t 0 then - magnitude_level up 0 first above (- t) else magnitude_level up 0 first above t
  end.

(** Where the midpoint above code k goes. *)
Definition to_even : nat -> bool := Nat.odd.
Definition away_from_zero : nat -> bool := fun _ => true.
Definition toward_zero : nat -> bool := fun _ => false.

(** ** Rounding to nearest *)

Lemma ascending_above : forall above lo v, ascending lo above -> In v above -> lo < v.
Proof.
  induction above as [|hi above IH]; intros lo v A V; [easy|]. destruct A as [L A].
  destruct V as [<-|V]; [auto|]. specialize (IH hi v A V). lra.
Qed.

Lemma magnitude_level_nearest : forall up above k lo t, ascending lo above ->
  let r := magnitude_level up k lo above t in
  In r (lo :: above) /\ forall v, In v (lo :: above) -> Rabs (t - r) <= Rabs (t - v).
Proof.
  induction above as [|hi above IH]; intros k lo t A; cbv zeta.
  { split; [now left|]. intros v [<-|[]]. simpl. lra. }
  pose proof (ascending_above (hi :: above) lo) as Above.
  assert (Least : forall v, In v (hi :: above) -> hi <= v).
  { intros v [<-|V]; [lra|]. destruct A as [_ A]. pose proof (ascending_above above hi v A V). lra. }
  assert (Up : forall v, lo < v -> t <= (lo + hi) / 2 -> hi <= v -> Rabs (t - lo) <= Rabs (t - v)).
  { intros v L T H. unfold Rabs. destruct (Rcase_abs (t - lo)), (Rcase_abs (t - v)); lra. }
  destruct A as [L A]. specialize (IH (S k) hi t A). cbv zeta in IH. simpl.
  destruct (Rlt_dec t ((lo + hi) / 2)) as [T|T]; [|destruct (Rlt_dec ((lo + hi) / 2) t) as [T'|T']].
  - split; [now left|]. intros v [<-|V]; [lra|]. apply Up; [apply Above; simpl; auto|lra|auto].
  - destruct IH as [In' Near]. split; [now right|]. intros v [<-|V]; [|now apply Near].
    apply Rle_trans with (Rabs (t - hi)); [apply Near; now left|].
    unfold Rabs. destruct (Rcase_abs (t - hi)), (Rcase_abs (t - lo)); lra.
  - assert (E : Rabs (t - hi) = Rabs (t - lo)).
    { unfold Rabs. destruct (Rcase_abs (t - hi)), (Rcase_abs (t - lo)); lra. }
    split; [destruct (up k); simpl; auto|]. intros v [<-|V]; [destruct (up k); lra|].
    apply Rle_trans with (Rabs (t - lo)); [destruct (up k); lra|]. apply Up; [apply Above; simpl; auto|lra|auto].
Qed.

Theorem round_onto_nearest : forall up levels, ascending_from_zero levels ->
  nearest (signed levels) (round_onto up levels).
Proof.
  intros up levels A t. destruct levels as [|first above]; [easy|]. destruct A as [-> A].
  assert (Near : forall u, 0 <= u -> Rabs u = Rabs t -> let r := magnitude_level up 0 0 above u in
    signed (0 :: above) r /\ forall v, signed (0 :: above) v -> Rabs (u - r) <= Rabs (t - v)).
  { intros u U E. destruct (magnitude_level_nearest up above 0 0 u A) as [V N]. cbv zeta in *.
    set (r := magnitude_level up 0 0 above u) in *. split.
    - unfold signed. rewrite Rabs_pos_eq; [auto|].
      destruct V as [<-|V]; [lra|]. pose proof (ascending_above above 0 r A V). lra.
    - intros v W. apply Rle_trans with (Rabs (u - Rabs v)); [now apply N|].
      rewrite <- (Rabs_pos_eq u U), E. apply Rabs_triang_inv2. }
  simpl. destruct (Rlt_dec t 0) as [T|T].
  - destruct (Near (- t)) as [V N]; [lra|apply Rabs_Ropp|]. split; [unfold signed; now rewrite Rabs_Ropp|].
    intros v W. specialize (N v W). rewrite <- Rabs_Ropp.
    replace (- (t - - magnitude_level up 0 0 above (- t))) with (- t - magnitude_level up 0 0 above (- t)) by ring.
    exact N.
  - apply Near; lra.
Qed.

Lemma signed_zero : forall levels, ascending_from_zero levels -> signed levels 0.
Proof. intros [|first above] A; [easy|]. destruct A as [-> _]. unfold signed. rewrite Rabs_R0. now left. Qed.

Lemma signed_symmetric : forall levels, symmetric (signed levels).
Proof. intros levels v V. unfold signed. now rewrite Rabs_Ropp. Qed.

Theorem round_onto_odd_nondecreasing : forall up levels, ascending_from_zero levels ->
  odd_nondecreasing (round_onto up levels).
Proof.
  intros up levels A. pose proof (round_onto_nearest up levels A) as N. split.
  - intro t. pose proof (nearest_zero _ _ N (signed_zero levels A)) as Z. unfold round_onto in *.
    destruct levels as [|first above]; [ring|]. destruct (Rtotal_order t 0) as [T|[->|T]].
    + destruct (Rlt_dec (- t) 0), (Rlt_dec t 0); lra.
    + rewrite Ropp_0. destruct (Rlt_dec 0 0); lra.
    + destruct (Rlt_dec (- t) 0), (Rlt_dec t 0); try lra. now rewrite Ropp_involutive.
  - intros a b [L| ->]; [now apply (nearest_nondecreasing (signed levels))|lra].
Qed.

(** ** Lists of levels *)

Definition codes (top : Z) : list Z := map Z.of_nat (seq 0 (S (Z.to_nat top))).

Lemma ascending_codes : forall (f : Z -> R) top, f 0%Z = 0 ->
  (forall c, (0 <= c)%Z -> f c < f (c + 1)%Z) -> ascending_from_zero (map f (codes top)).
Proof.
  intros f top Zero Up. unfold codes. rewrite map_map. simpl. split; [exact Zero|].
  assert (From : forall len k, ascending (f (Z.of_nat k)) (map (fun c => f (Z.of_nat c)) (seq (S k) len))).
  { induction len as [|len IH]; intro k; simpl; [auto|]. split; [|apply (IH (S k))].
    replace (Z.pos (Pos.of_succ_nat k)) with (Z.of_nat k + 1)%Z by lia. apply Up. lia. }
  apply (From _ O).
Qed.

Definition integers_up_to (top : Z) : list R := map IZR (codes top).

Lemma integers_ascending : forall top, ascending_from_zero (integers_up_to top).
Proof. intro top. apply ascending_codes; [reflexivity|]. intros c _. apply IZR_lt. lia. Qed.

(** A code c of a floating-point format is its exponent c / 2^m over its fraction c mod 2^m; exponent 0 is subnormal.
    In units of the smallest positive number it stands for *)
Definition significand (m c : Z) : Z :=
  if (c <? 2 ^ m)%Z then c else ((2 ^ m + c mod 2 ^ m) * 2 ^ (c / 2 ^ m - 1))%Z.

Definition minifloat (m top e : Z) : list R := map (fun c => IZR (significand m c) * powerRZ 2 e) (codes top).

Lemma significand_grows : forall m c, (0 <= m)%Z -> (0 <= c)%Z -> (significand m c < significand m (c + 1))%Z.
Proof.
  intros m c M C. unfold significand. assert (P : (0 < 2 ^ m)%Z) by (apply Z.pow_pos_nonneg; lia).
  set (w := (2 ^ m)%Z) in *. pose proof (Z.div_mod c w ltac:(lia)) as D.
  pose proof (Z.mod_pos_bound c w P) as B. pose proof (Z.div_pos c w C P) as E.
  set (e := (c / w)%Z) in *. set (f := (c mod w)%Z) in *.
  destruct (Z_lt_le_dec (f + 1) w) as [F|F].
  - assert (De : ((c + 1) / w = e)%Z) by (symmetry; apply Z.div_unique with (f + 1)%Z; lia).
    assert (Df : ((c + 1) mod w = f + 1)%Z) by (symmetry; apply Z.mod_unique with e; lia).
    rewrite De, Df. destruct (Z.ltb_spec c w), (Z.ltb_spec (c + 1) w); nia.
  - assert (De : ((c + 1) / w = e + 1)%Z) by (symmetry; apply Z.div_unique with 0%Z; lia).
    assert (Df : ((c + 1) mod w = 0)%Z) by (symmetry; apply Z.mod_unique with (e + 1)%Z; lia).
    rewrite De, Df. replace (e + 1 - 1)%Z with e by ring. destruct (Z.ltb_spec (c + 1) w); [nia|].
    destruct (Z.ltb_spec c w) as [L|L].
    + assert (e = 0)%Z by nia. replace e with 0%Z. rewrite Z.pow_0_r. lia.
    + assert (1 <= e)%Z by nia. replace (2 ^ e)%Z with (2 * 2 ^ (e - 1))%Z
        by (rewrite <- Z.pow_succ_r by lia; f_equal; lia).
      assert (0 < 2 ^ (e - 1))%Z by (apply Z.pow_pos_nonneg; lia). nia.
Qed.

Lemma minifloat_ascending : forall m top e, (0 <= m)%Z -> ascending_from_zero (minifloat m top e).
Proof.
  intros m top e M. apply ascending_codes.
  - unfold significand. assert (0 < 2 ^ m)%Z by (apply Z.pow_pos_nonneg; lia).
    destruct (Z.ltb_spec 0 (2 ^ m)); [ring|lia].
  - intros c C. apply Rmult_lt_compat_r; [apply powerRZ_lt; lra|]. apply IZR_lt. now apply significand_grows.
Qed.
