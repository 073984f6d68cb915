(** Sums of accumulators: when they are exact, what leaves them alike, how far two of them are apart.

      limit F P       min(P, F + 1)
      few_bits F k gs all products are multiples of 2^k with exponents up to F + k
      times j s gs    every product times s, where |s| = 2^j

    Uses the standard library, PowersOfTwo.v and Accumulators.v. *)

From Coq Require Import Reals Lra Lia ZArith List Bool Permutation.
From sqtheory Require Import PowersOfTwo Accumulators.
Import ListNotations.
Open Scope R_scope.

(** ** Exact sums *)

Definition limit (F P : Z) : Z := Z.min P (F + 1).

(** Few enough bits: products are multiples of 2^k, none has an exponent beyond F + k. *)
Definition few_bits (F k : Z) (gs : list group) : Prop :=
  Forall (Forall (fun t => multiple (powerRZ 2 k) (value t) /\ (exponent t <= F + k)%Z)) gs.

Lemma multiple_add : forall u a b, multiple u a -> multiple u b -> multiple u (a + b).
Proof. intros u a b [i ->] [j ->]. exists (i + j)%Z. rewrite plus_IZR. ring. Qed.

Lemma multiple_over : forall u g, Forall (fun t => multiple u (value t)) g -> multiple u (over value g).
Proof.
  intros u g H. induction H as [|t g T G IH]; simpl; [exists 0%Z; simpl; ring|]. now apply multiple_add.
Qed.

(** A multiple of 2^k that is at most 2^(P + k) has P bits. *)
Lemma few_kept : forall P k c, (1 <= P)%Z -> multiple (powerRZ 2 k) c -> Rabs c <= powerRZ 2 (P + k) -> of_bits P c.
Proof.
  intros P k c HP M B. destruct (Req_EM_T c 0) as [|C0]; [now left|]. right.
  destruct (lead_spec c C0) as [L U].
  destruct (Z_le_gt_dec (lead c + 1 - P) k) as [H|H]; [now apply coarser with k|].
  assert (E : lead c = (P + k)%Z).
  { assert (powerRZ 2 (lead c) <= powerRZ 2 (P + k)) by lra.
    destruct (Z_le_gt_dec (lead c) (P + k)) as [Q|Q]; [lia|].
    pose proof (powers_grow (P + k + 1) (lead c) ltac:(lia)) as W. rewrite powerRZ_add in W by lra.
    change (powerRZ 2 1) with (2 * 1) in W. pose proof (power_positive (P + k)). lra. }
  rewrite E in *. assert (A : Rabs c = powerRZ 2 (P + k)) by lra.
  replace (P + k + 1 - P)%Z with (k + 1)%Z by ring.
  assert (D : multiple (powerRZ 2 (k + 1)) (powerRZ 2 (P + k))).
  { apply coarser with (P + k)%Z; [lia|]. exists 1%Z. simpl. ring. }
  destruct D as [i D]. destruct (Rle_dec 0 c) as [S|S].
  - exists i. rewrite <- D, <- A. now rewrite Rabs_pos_eq.
  - exists (- i)%Z. rewrite opp_IZR. replace (powerRZ 2 (k + 1) * - IZR i) with (- (powerRZ 2 (k + 1) * IZR i)) by ring.
    rewrite <- D, <- A, Rabs_left; lra.
Qed.

Lemma over_absolute : forall g, Rabs (over value g) <= over (fun t => Rabs (value t)) g.
Proof.
  induction g as [|t g IH]; simpl; [rewrite Rabs_R0; lra|]. pose proof (Rabs_triang (value t) (over value g)). lra.
Qed.

Lemma over_absolute_positive : forall g, 0 <= over (fun t => Rabs (value t)) g.
Proof. induction g as [|t g IH]; simpl; [lra|]. pose proof (Rabs_pos (value t)). lra. Qed.

Lemma over_cut : forall u g, 0 < u -> Forall (fun t => multiple u (value t)) g ->
  over (fun t => cut u (value t)) g = over value g.
Proof.
  intros u g U H. induction H as [|t g T G IH]; simpl; [reflexivity|]. rewrite IH, cut_multiple; auto.
Qed.

Lemma cut_zero : forall u, 0 < u -> cut u 0 = 0.
Proof. intros u U. apply cut_multiple; [exact U|]. exists 0%Z. simpl. ring. Qed.

Lemma step_exact : forall F P k c g, (1 <= P)%Z -> (0 <= F)%Z ->
  Forall (fun t => multiple (powerRZ 2 k) (value t) /\ (exponent t <= F + k)%Z) g ->
  Forall (fun t => value t <> 0) g ->
  multiple (powerRZ 2 k) c -> Rabs c + over (fun t => Rabs (value t)) g <= powerRZ 2 (limit F P + k) ->
  step F P c g = c + over value g.
Proof.
  intros F P k c g HP HF G NZ C B.
  assert (LP : powerRZ 2 (limit F P + k) <= powerRZ 2 (P + k)) by (apply powers_grow; unfold limit; lia).
  assert (LF : powerRZ 2 (limit F P + k) <= powerRZ 2 (F + 1 + k)) by (apply powers_grow; unfold limit; lia).
  pose proof (over_absolute g) as OA. pose proof (over_absolute_positive g) as OP. pose proof (Rabs_pos c) as CP.
  assert (GM : Forall (fun t => multiple (powerRZ 2 k) (value t)) g) by (apply Forall_impl with (2 := G); tauto).
  assert (S : multiple (powerRZ 2 k) (c + over value g)) by (apply multiple_add; [exact C|now apply multiple_over]).
  assert (KS : of_bits P (c + over value g)).
  { apply few_kept with k; [exact HP|exact S|]. pose proof (Rabs_triang c (over value g)). lra. }
  assert (AL : aligned F c g = c + over value g); [|unfold step; rewrite AL; now apply kept_again].
  unfold aligned. set (h := highest (entries c g)). set (u := powerRZ 2 (h - F)).
  assert (U : 0 < u) by apply power_positive. rewrite added_entries by now apply cut_zero.
  destruct (entries c g) as [|e0 l0] eqn:LIST.
  { apply entries_nil in LIST. destruct LIST as [-> ->]. simpl. rewrite cut_zero by exact U. lra. }
  destruct (Z_le_gt_dec h (F + k)) as [H|H].
  - rewrite cut_multiple, over_cut; [reflexivity|exact U| |exact U|].
    + apply Forall_impl with (2 := GM). intros t T. now apply coarser with k; [lia|].
    + now apply coarser with k; [lia|].
  - (* only c has such an exponent, and then there is nothing else *)
    destruct (highest_attained (entries c g) ltac:(rewrite LIST; discriminate)) as [v I].
    assert (E : h = highest (entries c g)) by (rewrite LIST; reflexivity). rewrite <- E in I.
    unfold entries in I. apply in_app_or in I. destruct I as [I|I].
    2:{ apply in_map_iff in I. destruct I as [t [J J']]. injection J as V W.
        pose proof (proj1 (Forall_forall _ _) G t J') as [_ T]. lia. }
    unfold own in I. destruct (Req_EM_T c 0) as [|C0]; [contradiction|]. destruct I as [I|[]].
    injection I as _ I. destruct (lead_spec c C0) as [L _]. rewrite I in L.
    pose proof (powers_grow (F + 1 + k) h ltac:(lia)) as W.
    assert (Z0 : over (fun t => Rabs (value t)) g = 0) by lra.
    assert (g = []) as ->.
    { destruct NZ as [|t g' T]; [reflexivity|]. simpl in Z0. pose proof (Rabs_pos_lt _ T).
      pose proof (over_absolute_positive g'). lra. }
    simpl. rewrite !Rplus_0_r. assert (AC : Rabs c = powerRZ 2 h) by lra.
    apply cut_multiple; [exact U|]. unfold u. destruct (Rle_dec 0 c) as [Q|Q].
    + apply coarser with h; [lia|]. exists 1%Z. rewrite Rabs_pos_eq in AC by exact Q. simpl. lra.
    + apply coarser with h; [lia|]. exists (-1)%Z. rewrite Rabs_left in AC by lra. simpl. lra.
Qed.

(** Sums that need few bits are exact in any order and any groups. *)
Theorem accumulator_exact : forall F P k d gs, (1 <= P)%Z -> (0 <= F)%Z -> products_of d gs -> few_bits F k gs ->
  absolute gs <= powerRZ 2 (limit F P + k) ->
  chain F P 0 gs = exact gs.
Proof.
  intros F P k d gs HP HF GS FB B.
  assert (H : forall gs c, products_of d gs -> few_bits F k gs -> multiple (powerRZ 2 k) c ->
    Rabs c + absolute gs <= powerRZ 2 (limit F P + k) -> chain F P c gs = c + exact gs).
  { clear gs GS FB B. unfold absolute, exact.
    induction gs as [|g gs IH]; intros c GS FB C B; simpl; [ring|].
    inversion GS as [|? ? G GS']; subst. inversion FB as [|? ? Q FB']; subst. simpl in B.
    assert (R0 : 0 <= overall (fun t => Rabs (value t)) gs).
    { clear. induction gs as [|g gs IH]; simpl; [lra|]. pose proof (over_absolute_positive g). lra. }
    assert (S : step F P c g = c + over value g).
    { apply step_exact with k; try assumption; [|lra]. apply Forall_impl with (2 := G). now intros t [T _]. }
    pose proof (Rabs_triang c (over value g)). pose proof (over_absolute g).
    rewrite S, IH; [ring|exact GS'|exact FB'| |lra].
    apply multiple_add; [exact C|]. apply multiple_over. apply Forall_impl with (2 := Q). tauto. }
  rewrite H; [ring|exact GS|exact FB|exists 0%Z; simpl; ring|]. rewrite Rabs_R0. lra.
Qed.

(** ** Symmetry *)

Definition same_as (j : Z) (s : R) (l : list (R * Z)) : list (R * Z) := map (fun p => (s * fst p, (j + snd p)%Z)) l.

Lemma highest_shifted : forall j s l, l <> [] -> highest (same_as j s l) = (j + highest l)%Z.
Proof.
  intros j s [|[v d] l] N; [contradiction|]. simpl. clear N.
  assert (H : forall e, largest (j + e) (same_as j s l) = (j + largest e l)%Z); [|apply H].
  induction l as [|[w f] l IH]; intro e; simpl; [reflexivity|]. rewrite IH. lia.
Qed.

Lemma lead_scaled : forall j s c, c <> 0 -> Rabs s = powerRZ 2 j -> lead (s * c) = (j + lead c)%Z.
Proof.
  intros j s c C S. apply lead_unique. rewrite Rabs_mult, S. destruct (lead_spec c C) as [L U].
  pose proof (power_positive j). split.
  - rewrite powerRZ_add by lra. nra.
  - replace (j + lead c + 1)%Z with (j + (lead c + 1))%Z by ring. rewrite powerRZ_add by lra. nra.
Qed.

Lemma scale_nonzero : forall j s, Rabs s = powerRZ 2 j -> s <> 0.
Proof. intros j s S E. rewrite E, Rabs_R0 in S. pose proof (power_positive j). lra. Qed.

Lemma cut_scaled : forall j s e v, Rabs s = powerRZ 2 j ->
  cut (powerRZ 2 (j + e)) (s * v) = s * cut (powerRZ 2 e) v.
Proof.
  intros j s e v S. rewrite powerRZ_add by lra. pose proof (power_positive j) as J. pose proof (power_positive e) as E.
  assert (H : s = powerRZ 2 j \/ s = - powerRZ 2 j) by (unfold Rabs in S; destruct (Rcase_abs s); lra).
  set (p := powerRZ 2 j) in *. set (q := powerRZ 2 e) in *.
  assert (P : cut (p * q) (p * v) = p * cut q v).
  { unfold cut. replace (p * v / (p * q)) with (v / q) by (field; lra). ring. }
  destruct H as [->| ->]; [exact P|]. replace (- p * v) with (- (p * v)) by ring. rewrite cut_opp, P. ring.
Qed.

Lemma keep_scaled : forall P j s c, Rabs s = powerRZ 2 j -> keep P (s * c) = s * keep P c.
Proof.
  intros P j s c S. pose proof (scale_nonzero j s S) as S0. unfold keep.
  destruct (Req_EM_T c 0) as [->|C]; [rewrite Rmult_0_r; destruct (Req_EM_T 0 0); [reflexivity|contradiction]|].
  destruct (Req_EM_T (s * c) 0) as [E|_]; [apply Rmult_integral in E; tauto|].
  rewrite (lead_scaled j s c C S). replace (j + lead c + 1 - P)%Z with (j + (lead c + 1 - P))%Z by ring.
  now apply cut_scaled.
Qed.

Lemma entries_scaled : forall j s c g, Rabs s = powerRZ 2 j ->
  entries (s * c) (map (fun t => {| value := s * value t; size := Rabs s * size t; exponent := (j + exponent t)%Z |}) g)
    = same_as j s (entries c g).
Proof.
  intros j s c g S. pose proof (scale_nonzero j s S) as S0. unfold entries, same_as. rewrite map_app, !map_map.
  f_equal. unfold own. destruct (Req_EM_T c 0) as [->|C].
  - rewrite Rmult_0_r. destruct (Req_EM_T 0 0); [reflexivity|contradiction].
  - destruct (Req_EM_T (s * c) 0) as [E|_]; [apply Rmult_integral in E; tauto|].
    simpl. now rewrite (lead_scaled j s c C S).
Qed.

Lemma step_scaled : forall F P j s c g, Rabs s = powerRZ 2 j ->
  step F P (s * c) (map (fun t => {| value := s * value t; size := Rabs s * size t; exponent := (j + exponent t)%Z |}) g)
    = s * step F P c g.
Proof.
  intros F P j s c g S. unfold step. rewrite <- (keep_scaled P j s _ S). f_equal. unfold aligned.
  rewrite (entries_scaled j s c g S). destruct (entries c g) as [|e l] eqn:LIST; [simpl; ring|].
  rewrite <- LIST. rewrite highest_shifted by (rewrite LIST; discriminate).
  set (h := highest (entries c g)). clearbody h. clear LIST.
  replace (j + h - F)%Z with (j + (h - F))%Z by ring.
  induction (entries c g) as [|[v d] l' IH]; simpl; [ring|]. rewrite IH, (cut_scaled j s _ v S). ring.
Qed.

(** All products times s: a sign times 2^j, j added to every exponent. *)
Definition times (j : Z) (s : R) (gs : list group) : list group :=
  map (map (fun t => {| value := s * value t; size := Rabs s * size t; exponent := (j + exponent t)%Z |})) gs.

Lemma chain_scaled : forall F P j s gs c, Rabs s = powerRZ 2 j ->
  chain F P (s * c) (times j s gs) = s * chain F P c gs.
Proof.
  intros F P j s gs. induction gs as [|g gs IH]; intros c S; simpl; [reflexivity|].
  rewrite (step_scaled F P j s c g S). now apply IH.
Qed.

(** An accumulator is odd. *)
Theorem accumulator_odd : forall F P gs, chain F P 0 (times 0 (-1) gs) = - chain F P 0 gs.
Proof.
  intros F P gs. replace 0 with (-1 * 0) at 1 by ring.
  rewrite chain_scaled; [ring|]. rewrite Rabs_left by lra. simpl. ring.
Qed.

(** Shifting all products shifts the sum. *)
Theorem accumulator_dyadic : forall F P j gs,
  chain F P 0 (times j (powerRZ 2 j) gs) = powerRZ 2 j * chain F P 0 gs.
Proof.
  intros F P j gs. replace 0 with (powerRZ 2 j * 0) at 1 by ring. apply chain_scaled.
  apply Rabs_pos_eq, Rlt_le, power_positive.
Qed.

Lemma highest_permuted : forall l k, Permutation l k -> highest l = highest k.
Proof.
  intros l k H. destruct l as [|p l].
  { apply Permutation_nil in H. now subst. }
  assert (NL : p :: l <> []) by discriminate.
  assert (NK : k <> []) by (intro E; subst; apply Permutation_sym, Permutation_nil in H; discriminate).
  destruct (highest_attained _ NL) as [v I], (highest_attained _ NK) as [w J].
  pose proof (highest_above _ _ _ (Permutation_in _ H I)).
  pose proof (highest_above _ _ _ (Permutation_in _ (Permutation_sym H) J)). lia.
Qed.

Lemma added_permuted : forall f l k, Permutation l k -> added f l = added f k.
Proof.
  intros f l k H. induction H as [|[v d] l k H IH|[v d] [w e] l|l k m A IA B IB]; simpl; [reflexivity| | |].
  - now rewrite IH.
  - ring.
  - now rewrite IA.
Qed.

(** The order of the products within every group is of no account. *)
Theorem accumulator_permuted : forall F P gs hs, Forall2 (@Permutation product) gs hs ->
  chain F P 0 gs = chain F P 0 hs.
Proof.
  intros F P gs hs H. generalize 0 as c. induction H as [|g h gs hs G H IH]; intro c; simpl; [reflexivity|].
  rewrite <- IH. f_equal. unfold step, aligned.
  assert (E : Permutation (entries c g) (entries c h)).
  { unfold entries. apply Permutation_app_head. now apply Permutation_map. }
  rewrite (highest_permuted _ _ E). now rewrite (added_permuted _ _ _ E).
Qed.

(** ** Two sums *)

(** Two accumulators of two lists of products: their difference is that of the exact sums, up to both bounds. *)
Theorem accumulators_differ : forall F P F' P' d gs hs, (1 <= P)%Z -> (1 <= P')%Z ->
  products_of d gs -> products_of d hs ->
  Rabs (chain F P 0 gs - chain F' P' 0 hs - (exact gs - exact hs)) <= allowed F P d 0 gs + allowed F' P' d 0 hs.
Proof.
  intros F P F' P' d gs hs HP HP' G H. pose proof (accumulator_bound F P d gs HP G) as A.
  pose proof (accumulator_bound F' P' d hs HP' H) as B. rewrite <- Rabs_Ropp in B.
  replace (chain F P 0 gs - chain F' P' 0 hs - (exact gs - exact hs))
    with ((chain F P 0 gs - exact gs) + - (chain F' P' 0 hs - exact hs)) by ring.
  pose proof (Rabs_triang (chain F P 0 gs - exact gs) (- (chain F' P' 0 hs - exact hs))). lra.
Qed.

(** The same products through two accumulators, grouped in any way. *)
Theorem sparse_dense_bound : forall F P F' P' d gs wide, (1 <= P)%Z -> (1 <= P')%Z ->
  products_of d gs -> products_of d wide -> exact gs = exact wide ->
  Rabs (chain F P 0 gs - chain F' P' 0 wide) <= allowed F P d 0 gs + allowed F' P' d 0 wide.
Proof.
  intros F P F' P' d gs wide HP HP' G H E. pose proof (accumulators_differ F P F' P' d gs wide HP HP' G H) as D.
  rewrite E in D. now replace (chain F P 0 gs - chain F' P' 0 wide - (exact wide - exact wide))
    with (chain F P 0 gs - chain F' P' 0 wide) in D by ring.
Qed.

(** ** Parts that are promoted *)

(** Every number goes to a nearest one of those that fl makes, and loses at most u of itself. *)
Definition nearest_to (u : R) (fl : R -> R) : Prop :=
  (forall x, Rabs (fl x - x) <= u * Rabs x) /\ (forall x y, Rabs (fl x - x) <= Rabs (fl y - x)).

(** Each part is a chain from 0, whose sum is added to the total by fl. *)
Fixpoint promoted (fl : R -> R) (F P : Z) (t : R) (parts : list (list group)) : R :=
  match parts with
  | [] => t
  | gs :: parts => promoted fl F P (fl (t + chain F P 0 gs)) parts
  end.

Fixpoint of_parts (f : list group -> R) (parts : list (list group)) : R :=
  match parts with
  | [] => 0
  | gs :: parts => f gs + of_parts f parts
  end.

Lemma promoted_near : forall u fl F P d parts t q S k, nearest_to u fl -> (1 <= P)%Z -> 0 <= u ->
  Forall (products_of d) parts -> (exists y, t = fl y) -> Rabs q <= S -> Rabs (t - q) <= INR k * (u * S) ->
  Rabs (promoted fl F P t parts - (q + of_parts (fun gs => chain F P 0 gs) parts)) <=
    INR (k + length parts) * (u * (S + of_parts (overall size) parts)).
Proof.
  intros u fl F P d parts. induction parts as [|gs parts IH]; intros t q S k N HP U GS [y T] Q D.
  { simpl. now rewrite !Rplus_0_r, Nat.add_0_r. }
  inversion_clear GS as [|? ? G GS']. destruct N as [NU NN].
  cbn [promoted of_parts length]. set (p := chain F P 0 gs) in *. set (a := overall size gs).
  assert (PA : Rabs p <= a).
  { pose proof (chain_smaller F P gs 0) as H. rewrite Rabs_R0 in H. unfold a. fold p in H.
    assert (absolute gs <= overall size gs); [|lra]. clear - G. unfold absolute.
    induction G as [|g gs' G GS IH]; simpl; [lra|].
    pose proof (over_le (fun t => Rabs (value t)) size g d G ltac:(intros t [_ [T _]]; exact T)). lra. }
  specialize (IH (fl (t + p)) (q + p) (S + a) (Datatypes.S k) (conj NU NN) HP U GS').
  assert (QP : Rabs (q + p) <= S + a) by (pose proof (Rabs_triang q p); lra).
  pose proof (pos_INR k) as K0. pose proof (Rabs_pos q) as Q0. pose proof (Rabs_pos p) as P0.
  assert (STEP : Rabs (fl (t + p) - (q + p)) <= INR (Datatypes.S k) * (u * (S + a))).
  { replace (fl (t + p) - (q + p)) with ((fl (t + p) - (t + p)) + (t - q)) by ring.
    pose proof (Rabs_triang (fl (t + p) - (t + p)) (t - q)) as TRI. rewrite S_INR.
    set (D1 := Rabs (t - q)) in *. set (E := Rabs (fl (t + p) - (t + p))) in *.
    destruct (Rle_dec (Rabs p) (u * S)) as [SMALL|LARGE].
    - assert (EP : E <= Rabs p).
      { unfold E. apply Rle_trans with (1 := NN (t + p) y). rewrite <- T. replace (t - (t + p)) with (- p) by ring.
        rewrite Rabs_Ropp. lra. }
      assert (0 <= u * a) by (apply Rmult_le_pos; lra).
      assert (0 <= INR k * (u * a)) by (apply Rmult_le_pos; lra). lra.
    - assert (EU : E <= u * (Rabs p + S + D1)).
      { unfold E. apply Rle_trans with (1 := NU (t + p)). apply Rmult_le_compat_l; [exact U|].
        replace (t + p) with (p + (q + (t - q))) by ring.
        pose proof (Rabs_triang p (q + (t - q))). pose proof (Rabs_triang q (t - q)). fold D1 in H0. lra. }
      assert (UD : u * D1 <= u * (INR k * (u * S))) by (apply Rmult_le_compat_l; assumption).
      assert (KP : INR k * (u * (u * S)) <= INR k * (u * Rabs p)).
      { apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_l; lra. }
      assert (UA : u * Rabs p <= u * a) by (apply Rmult_le_compat_l; lra).
      assert (KA : INR k * (u * Rabs p) <= INR k * (u * a)) by (apply Rmult_le_compat_l; lra). lra. }
  specialize (IH (ex_intro _ (t + p) eq_refl) QP STEP).
  replace (q + (p + of_parts (fun gs => chain F P 0 gs) parts))
    with (q + p + of_parts (fun gs => chain F P 0 gs) parts) by ring.
  replace (S + (a + of_parts (overall size) parts)) with (S + a + of_parts (overall size) parts) by ring.
  replace (k + Datatypes.S (length parts))%nat with (Datatypes.S k + length parts)%nat by lia. exact IH.
Qed.

(** What is lost by J parts: each its own, and J u of all sizes. *)
Theorem promoted_bound : forall u fl F P d parts, nearest_to u fl -> (1 <= P)%Z -> 0 <= u ->
  Forall (products_of d) parts ->
  Rabs (promoted fl F P 0 parts - of_parts exact parts) <=
    of_parts (allowed F P d 0) parts + INR (length parts) * (u * of_parts (overall size) parts).
Proof.
  intros u fl F P d parts N HP U GS.
  assert (Z0 : 0 = fl 0).
  { destruct N as [NU _]. specialize (NU 0). rewrite Rabs_R0, Rmult_0_r, Rminus_0_r in NU.
    pose proof (Rabs_pos (fl 0)). destruct (Req_dec (fl 0) 0) as [E|E]; [now rewrite E|].
    pose proof (Rabs_pos_lt _ E). lra. }
  pose proof (promoted_near u fl F P d parts 0 0 0 0 N HP U GS (ex_intro _ 0 Z0)) as H.
  rewrite Rminus_0_r, Rabs_R0 in H. specialize (H ltac:(lra) ltac:(simpl; lra)). rewrite !Rplus_0_l in H.
  change (0 + length parts)%nat with (length parts) in H.
  assert (W : Rabs (of_parts (fun gs => chain F P 0 gs) parts - of_parts exact parts) <=
    of_parts (allowed F P d 0) parts).
  { clear - HP GS. induction GS as [|gs parts G GS IH]; simpl; [rewrite Rminus_0_r, Rabs_R0; lra|].
    replace (chain F P 0 gs + of_parts (fun gs => chain F P 0 gs) parts - (exact gs + of_parts exact parts))
      with ((chain F P 0 gs - exact gs) + (of_parts (fun gs => chain F P 0 gs) parts - of_parts exact parts)) by ring.
    pose proof (Rabs_triang (chain F P 0 gs - exact gs)
      (of_parts (fun gs => chain F P 0 gs) parts - of_parts exact parts)).
    pose proof (accumulator_bound F P d gs HP G). lra. }
  replace (promoted fl F P 0 parts - of_parts exact parts)
    with ((promoted fl F P 0 parts - of_parts (fun gs => chain F P 0 gs) parts)
          + (of_parts (fun gs => chain F P 0 gs) parts - of_parts exact parts)) by ring.
  pose proof (Rabs_triang (promoted fl F P 0 parts - of_parts (fun gs => chain F P 0 gs) parts)
    (of_parts (fun gs => chain F P 0 gs) parts - of_parts exact parts)). lra.
Qed.

Definition rate (F P d : Z) (gs : list group) : R :=
  INR (length (concat gs) + length gs * spare F P d) * powerRZ 2 (- F) + INR (length gs) * powerRZ 2 (1 - P).

(** At the largest rate c of a part, whatever their number. *)
Theorem promoted_bound_flat : forall u F P d c parts, Forall (products_of d) parts ->
  Forall (fun gs => rate F P d gs <= c) parts ->
  of_parts (allowed F P d 0) parts + INR (length parts) * (u * of_parts (overall size) parts) <=
    (c + INR (length parts) * u) * of_parts (overall size) parts.
Proof.
  intros u F P d c parts GS C.
  assert (H : of_parts (allowed F P d 0) parts <= c * of_parts (overall size) parts); [|lra].
  induction GS as [|gs parts G GS IH]; simpl; [lra|]. inversion_clear C as [|? ? RC C']. specialize (IH C').
  pose proof (accumulator_bound_flat F P d gs G) as FL. unfold flat in FL. fold (rate F P d gs) in FL.
  assert (S0 : 0 <= overall size gs).
  { clear - G. induction G as [|g gs G GS IH]; simpl; [lra|].
    pose proof (over_positive size g d G (size_positive d)). lra. }
  assert (rate F P d gs * overall size gs <= c * overall size gs) by (apply Rmult_le_compat_r; assumption). lra.
Qed.
