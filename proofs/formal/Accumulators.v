(** The accumulators of tensor cores: products and sum are aligned, cut, added exactly and cut again.

    A product is its value, the size that its exponent answers for (|x|+ |w|+) and its exponent e, that of x plus that
    of w; products that are 0 count for nothing and are left out.

      cut u v            v cut towards zero to a multiple of u
      lead c             the exponent of c: 2^lead <= |c| < 2^(lead + 1)
      aligned F c g      the sum of c and of the products of a group, each cut at 2^(E - F), E the largest exponent
      keep P s           s cut to P significant bits
      step F P c g       keep P (aligned F c g): the accumulator c after a group
      chain F P c gs     after one group after the other
      exact gs           the sum of all products, absolute gs that of their magnitudes
      allowed F P d a gs the sum over groups of (n 2^-F + 2^(1-P)) A with n products in the group, and one more unless
                         F >= P - 1 and F >= d, and A the sizes of all groups up to it, from a on

    No exponent is the smallest one here.  Uses the standard library and PowersOfTwo.v. *)

From Coq Require Import Reals Lra Lia ZArith List Bool.
From sqtheory Require Import PowersOfTwo.
Import ListNotations.
Open Scope R_scope.

Definition whole (r : R) : Z := if Rle_dec 0 r then Int_part r else (- Int_part (- r))%Z.

Definition cut (u v : R) : R := u * IZR (whole (v / u)).

Definition lead (c : R) : Z := floor_log2 (Rabs c).

Definition keep (P : Z) (s : R) : R := if Req_EM_T s 0 then 0 else cut (powerRZ 2 (lead s + 1 - P)) s.

Record product := { value : R; size : R; exponent : Z }.

Definition group := list product.

Definition own (c : R) : list (R * Z) := if Req_EM_T c 0 then [] else [(c, lead c)].

Definition entries (c : R) (g : group) : list (R * Z) := own c ++ map (fun t => (value t, exponent t)) g.

Fixpoint largest (e : Z) (l : list (R * Z)) : Z :=
  match l with
  | [] => e
  | (_, d) :: l => Z.max d (largest e l)
  end.

Definition highest (l : list (R * Z)) : Z :=
  match l with
  | [] => 0%Z
  | (_, d) :: l => largest d l
  end.

Fixpoint added (f : R -> R) (l : list (R * Z)) : R :=
  match l with
  | [] => 0
  | (v, _) :: l => f v + added f l
  end.

Definition aligned (F : Z) (c : R) (g : group) : R :=
  added (cut (powerRZ 2 (highest (entries c g) - F))) (entries c g).

Definition step (F P : Z) (c : R) (g : group) : R := keep P (aligned F c g).

Fixpoint chain (F P : Z) (c : R) (gs : list group) : R :=
  match gs with
  | [] => c
  | g :: gs => chain F P (step F P c g) gs
  end.

Fixpoint over (f : product -> R) (g : group) : R :=
  match g with
  | [] => 0
  | t :: g => f t + over f g
  end.

Fixpoint overall (f : product -> R) (gs : list group) : R :=
  match gs with
  | [] => 0
  | g :: gs => over f g + overall f gs
  end.

Definition exact (gs : list group) : R := overall value gs.
Definition absolute (gs : list group) : R := overall (fun t => Rabs (value t)) gs.

Definition spare (F P d : Z) : nat := if ((P - 1 <=? F) && (d <=? F))%Z%bool then 0%nat else 1%nat.

Definition allowance (F P d : Z) (g : group) : R :=
  match (length g + spare F P d)%nat with
  | O => 0
  | n => INR n * powerRZ 2 (- F) + powerRZ 2 (1 - P)
  end.

Fixpoint allowed (F P d : Z) (a : R) (gs : list group) : R :=
  match gs with
  | [] => 0
  | g :: gs => allowance F P d g * (a + over size g) + allowed F P d (a + over size g) gs
  end.

Definition multiple (u v : R) : Prop := exists k : Z, v = u * IZR k.

(** What is true of the product of two numbers of d/2 bits after the point. *)
Definition made_of (d : Z) (t : product) : Prop :=
  value t <> 0 /\ Rabs (value t) <= size t /\ powerRZ 2 (exponent t) <= size t /\
  multiple (powerRZ 2 (exponent t - d)) (value t).

Definition products_of (d : Z) (gs : list group) : Prop := Forall (Forall (made_of d)) gs.

(** ** Cutting *)

Lemma int_part_spec : forall r, 0 <= r -> 0 <= IZR (Int_part r) <= r /\ r - IZR (Int_part r) < 1.
Proof.
  intros r H. destruct (base_Int_part r) as [A B]. repeat split; try lra.
  apply IZR_le. assert (IZR (-1) < IZR (Int_part r)) by (simpl; lra). apply lt_IZR in H0. lia.
Qed.

Lemma int_part_integer : forall k, Int_part (IZR k) = k.
Proof.
  intro k. destruct (base_Int_part (IZR k)) as [A B].
  assert (IZR (Int_part (IZR k)) <= IZR k) by lra. apply le_IZR in H.
  assert (IZR k < IZR (Int_part (IZR k) + 1)) by (rewrite plus_IZR; lra). apply lt_IZR in H0. lia.
Qed.

Lemma whole_spec : forall r, Rabs (IZR (whole r)) <= Rabs r /\ Rabs (r - IZR (whole r)) < 1 /\
  (0 <= r -> 0 <= IZR (whole r)).
Proof.
  intro r. unfold whole. destruct (Rle_dec 0 r) as [H|H].
  - destruct (int_part_spec r H) as [[A B] C]. repeat split; try lra.
    + rewrite (Rabs_pos_eq (IZR _)), (Rabs_pos_eq r); lra.
    + rewrite Rabs_pos_eq; lra.
  - destruct (int_part_spec (- r) ltac:(lra)) as [[A B] C]. rewrite opp_IZR. repeat split; try lra.
    + rewrite Rabs_Ropp, (Rabs_pos_eq (IZR _)), (Rabs_left r); lra.
    + rewrite <- Rabs_Ropp, Rabs_pos_eq; lra.
Qed.

Lemma whole_integer : forall k, whole (IZR k) = k.
Proof.
  intro k. unfold whole. destruct (Rle_dec 0 (IZR k)); [apply int_part_integer|].
  rewrite <- opp_IZR, int_part_integer. lia.
Qed.

Lemma whole_small : forall r, Rabs r < 1 -> whole r = 0%Z.
Proof.
  intros r H. destruct (whole_spec r) as [A [B _]].
  assert (L : Rabs (IZR (whole r)) < 1) by lra. rewrite <- abs_IZR in L. apply lt_IZR in L. lia.
Qed.

Lemma whole_opp : forall r, whole (- r) = (- whole r)%Z.
Proof.
  intro r. unfold whole. destruct (Rle_dec 0 (- r)) as [A|A], (Rle_dec 0 r) as [B|B].
  - assert (E : r = IZR 0) by (simpl; lra). subst r.
    replace (- IZR 0) with (IZR 0) by (simpl; ring). rewrite int_part_integer. lia.
  - lia.
  - rewrite Ropp_involutive. reflexivity.
  - exfalso. lra.
Qed.

Lemma Rabs_over : forall u v, 0 < u -> Rabs (v / u) = Rabs v / u.
Proof.
  intros u v U. unfold Rdiv. rewrite Rabs_mult, (Rabs_pos_eq (/ u)); [reflexivity|].
  apply Rlt_le. now apply Rinv_0_lt_compat.
Qed.

Lemma cut_smaller : forall u v, 0 < u -> Rabs (cut u v) <= Rabs v.
Proof.
  intros u v U. destruct (whole_spec (v / u)) as [A _]. unfold cut. rewrite Rabs_mult, (Rabs_pos_eq u) by lra.
  replace (Rabs v) with (u * Rabs (v / u)); [nra|].
  rewrite Rabs_over by assumption. field. lra.
Qed.

Lemma cut_near : forall u v, 0 < u -> Rabs (v - cut u v) <= u.
Proof.
  intros u v U. destruct (whole_spec (v / u)) as [_ [A _]]. unfold cut.
  replace (v - u * IZR (whole (v / u))) with (u * (v / u - IZR (whole (v / u)))) by (field; lra).
  rewrite Rabs_mult, (Rabs_pos_eq u) by lra. nra.
Qed.

Lemma cut_sign : forall u v, 0 < u -> 0 <= v -> 0 <= cut u v.
Proof.
  intros u v U V. destruct (whole_spec (v / u)) as [_ [_ A]]. unfold cut.
  assert (0 <= v / u) by (unfold Rdiv; pose proof (Rinv_0_lt_compat u U); nra). specialize (A H). nra.
Qed.

Lemma cut_multiple : forall u v, 0 < u -> multiple u v -> cut u v = v.
Proof.
  intros u v U [k E]. unfold cut. rewrite E. replace (u * IZR k / u) with (IZR k) by (field; lra).
  now rewrite whole_integer.
Qed.

Lemma cut_small : forall u v, 0 < u -> Rabs v < u -> cut u v = 0.
Proof.
  intros u v U V. unfold cut. rewrite whole_small; [ring|].
  rewrite Rabs_over by assumption. apply (Rmult_lt_reg_l u); [exact U|].
  replace (u * (Rabs v / u)) with (Rabs v) by (field; lra). lra.
Qed.

Lemma cut_is_multiple : forall u v, multiple u (cut u v).
Proof. intros u v. now exists (whole (v / u)). Qed.

Lemma cut_opp : forall u v, cut u (- v) = - cut u v.
Proof.
  intros u v. unfold cut. replace (- v / u) with (- (v / u)) by (unfold Rdiv; ring).
  rewrite whole_opp, opp_IZR. ring.
Qed.

Lemma coarser : forall d e v, (d <= e)%Z -> multiple (powerRZ 2 e) v -> multiple (powerRZ 2 d) v.
Proof.
  intros d e v L [k E]. exists (2 ^ (e - d) * k)%Z. rewrite E, mult_IZR.
  replace e with (d + (e - d))%Z at 1 by ring. rewrite powerRZ_add by lra.
  assert (H : powerRZ 2 (e - d) = IZR (2 ^ (e - d))).
  { rewrite <- (Z2Nat.id (e - d)) by lia. rewrite <- pow_powerRZ, <- pow_IZR. reflexivity. }
  rewrite H. ring.
Qed.

(** ** Keeping P bits *)

Lemma lead_spec : forall c, c <> 0 -> powerRZ 2 (lead c) <= Rabs c < powerRZ 2 (lead c + 1).
Proof. intros c C. apply floor_log2_spec. now apply Rabs_pos_lt. Qed.

Lemma keep_smaller : forall P s, Rabs (keep P s) <= Rabs s.
Proof.
  intros P s. unfold keep. destruct (Req_EM_T s 0) as [E|E].
  - rewrite Rabs_R0. apply Rabs_pos.
  - apply cut_smaller, power_positive.
Qed.

Lemma keep_sign : forall P s, 0 <= s -> 0 <= keep P s.
Proof.
  intros P s S. unfold keep. destruct (Req_EM_T s 0); [lra|]. now apply cut_sign; [apply power_positive|].
Qed.

Lemma keep_near : forall P s, Rabs (s - keep P s) <= powerRZ 2 (1 - P) * Rabs s.
Proof.
  intros P s. unfold keep. destruct (Req_EM_T s 0) as [E|E].
  - subst s. rewrite Rminus_0_r, Rabs_R0. lra.
  - apply Rle_trans with (1 := cut_near _ _ (power_positive _)).
    replace (lead s + 1 - P)%Z with (1 - P + lead s)%Z by ring. rewrite powerRZ_add by lra.
    destruct (lead_spec s E) as [L _]. pose proof (power_positive (1 - P)). nra.
Qed.

(** A number of P bits. *)
Definition of_bits (P : Z) (c : R) : Prop := c = 0 \/ multiple (powerRZ 2 (lead c + 1 - P)) c.

Lemma lead_unique : forall c e, powerRZ 2 e <= Rabs c < powerRZ 2 (e + 1) -> lead c = e.
Proof. intros c e H. now apply floor_log2_unique. Qed.

(** What is cut to P >= 1 bits has its leading digit left. *)
Lemma keep_lead : forall P s, (1 <= P)%Z -> s <> 0 -> lead (keep P s) = lead s /\ keep P s <> 0.
Proof.
  intros P s HP S. destruct (lead_spec s S) as [L U].
  assert (B : powerRZ 2 (lead s) <= Rabs (keep P s)).
  { unfold keep. destruct (Req_EM_T s 0) as [E|_]; [contradiction|].
    set (u := powerRZ 2 (lead s + 1 - P)). assert (Hu : 0 < u) by apply power_positive.
    assert (M : multiple u (powerRZ 2 (lead s))).
    { apply coarser with (e := lead s); [lia|]. exists 1%Z. simpl. ring. }
    destruct M as [k K]. rewrite K in *. unfold cut. rewrite Rabs_mult, (Rabs_pos_eq u), <- abs_IZR by lra.
    apply Rmult_le_compat_l; [lra|]. apply IZR_le.
    assert (T : Rabs (s / u) - Rabs (IZR (whole (s / u))) < 1).
    { destruct (whole_spec (s / u)) as [_ [W _]]. pose proof (Rabs_triang_inv (s / u) (IZR (whole (s / u)))). lra. }
    assert (Q : IZR k <= Rabs (s / u)).
    { rewrite Rabs_over by assumption. apply (Rmult_le_reg_l u); [exact Hu|].
      replace (u * (Rabs s / u)) with (Rabs s) by (field; lra). exact L. }
    rewrite <- abs_IZR in T.
    assert (IZR k < IZR (Z.abs (whole (s / u)) + 1)) by (rewrite plus_IZR; simpl; lra). apply lt_IZR in H. lia. }
  split.
  - apply lead_unique. split; [exact B|]. pose proof (keep_smaller P s). lra.
  - intro Z0. rewrite Z0, Rabs_R0 in B. pose proof (power_positive (lead s)). lra.
Qed.

Lemma keep_kept : forall P s, (1 <= P)%Z -> of_bits P (keep P s).
Proof.
  intros P s HP. destruct (Req_EM_T s 0) as [E|E].
  - left. unfold keep. destruct (Req_EM_T s 0); [reflexivity|contradiction].
  - right. destruct (keep_lead P s HP E) as [-> _]. unfold keep. destruct (Req_EM_T s 0); [contradiction|].
    apply cut_is_multiple.
Qed.

Lemma kept_again : forall P c, of_bits P c -> keep P c = c.
Proof.
  intros P c [->|M]; unfold keep.
  - destruct (Req_EM_T 0 0); [reflexivity|contradiction].
  - destruct (Req_EM_T c 0) as [->|]; [reflexivity|]. now apply cut_multiple; [apply power_positive|].
Qed.

(** ** A group *)

Lemma largest_at_least : forall l e, (e <= largest e l)%Z.
Proof. induction l as [|[v d] l IH]; intro e; simpl; [lia|]. specialize (IH e). lia. Qed.

Lemma largest_above : forall l e v d, In (v, d) l -> (d <= largest e l)%Z.
Proof.
  induction l as [|[v0 d0] l IH]; intros e v d H; simpl in *; [contradiction|].
  destruct H as [H|H]; [injection H as -> ->; lia|]. specialize (IH e v d H). lia.
Qed.

Lemma largest_attained : forall l e, largest e l = e \/ exists v, In (v, largest e l) l.
Proof.
  induction l as [|[v d] l IH]; intro e; simpl; [now left|].
  destruct (Z.max_spec d (largest e l)) as [[_ ->]|[_ ->]].
  - destruct (IH e) as [->|[v' H]]; [now left|]. right. exists v'. now right.
  - right. exists v. now left.
Qed.

Lemma highest_above : forall l v d, In (v, d) l -> (d <= highest l)%Z.
Proof.
  intros [|[v0 d0] l] v d H; simpl in *; [contradiction|].
  destruct H as [H|H]; [injection H as -> ->; apply largest_at_least|now apply largest_above with v].
Qed.

Lemma highest_attained : forall l, l <> [] -> exists v, In (v, highest l) l.
Proof.
  intros [|[v0 d0] l] H; [contradiction|]. simpl. destruct (largest_attained l d0) as [->|[v I]].
  - exists v0. now left.
  - exists v. now right.
Qed.

Lemma added_bound : forall (f : R -> R) l, (forall v, Rabs (f v) <= Rabs v) ->
  Rabs (added f l) <= added Rabs l.
Proof.
  intros f l H. induction l as [|[v d] l IH]; simpl; [rewrite Rabs_R0; lra|].
  pose proof (Rabs_triang (f v) (added f l)). specialize (H v). lra.
Qed.

Lemma added_near : forall (f : R -> R) u l, (forall v, Rabs (v - f v) <= u) ->
  Rabs (added (fun v => v) l - added f l) <= INR (length l) * u.
Proof.
  intros f u l H. induction l as [|[v d] l IH]; [simpl; rewrite Rminus_0_r, Rabs_R0; lra|].
  replace (added (fun v => v) ((v, d) :: l) - added f ((v, d) :: l))
    with ((v - f v) + (added (fun v => v) l - added f l)) by (simpl; ring).
  pose proof (Rabs_triang (v - f v) (added (fun v => v) l - added f l)). specialize (H v).
  change (length ((v, d) :: l)) with (S (length l)). rewrite S_INR. lra.
Qed.

(** One of the entries is not cut. *)
Lemma added_nearer : forall (f : R -> R) u l v d, (forall v, Rabs (v - f v) <= u) -> In (v, d) l -> f v = v ->
  Rabs (added (fun v => v) l - added f l) <= (INR (length l) - 1) * u.
Proof.
  intros f u l v d H. induction l as [|[v0 d0] l IH]; intros I E; [contradiction|].
  replace (added (fun v => v) ((v0, d0) :: l) - added f ((v0, d0) :: l))
    with ((v0 - f v0) + (added (fun v => v) l - added f l)) by (simpl; ring).
  pose proof (Rabs_triang (v0 - f v0) (added (fun v => v) l - added f l)).
  change (length ((v0, d0) :: l)) with (S (length l)). rewrite S_INR.
  destruct I as [I|I].
  - injection I as -> ->. rewrite E, Rminus_diag_eq, Rabs_R0 in * by reflexivity.
    pose proof (added_near f u l H). lra.
  - specialize (IH I E). specialize (H v0). lra.
Qed.

Lemma added_app : forall f l k, added f (l ++ k) = added f l + added f k.
Proof. intros f l k. induction l as [|[v d] l IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma added_map : forall f g, added f (map (fun t => (value t, exponent t)) g) = over (fun t => f (value t)) g.
Proof. intros f g. induction g as [|t g IH]; simpl; [reflexivity|]. now rewrite IH. Qed.

Lemma added_own : forall f c, f 0 = 0 -> added f (own c) = f c.
Proof.
  intros f c H. unfold own. destruct (Req_EM_T c 0) as [->|_]; simpl; [now rewrite H|ring].
Qed.

Lemma added_entries : forall f c g, f 0 = 0 -> added f (entries c g) = f c + over (fun t => f (value t)) g.
Proof. intros f c g H. unfold entries. rewrite added_app, added_map, added_own; auto. Qed.

Lemma aligned_smaller : forall F c g,
  Rabs (aligned F c g) <= Rabs c + over (fun t => Rabs (value t)) g.
Proof.
  intros F c g. unfold aligned. rewrite <- added_entries by apply Rabs_R0.
  apply added_bound. intro v. apply cut_smaller, power_positive.
Qed.

Lemma step_smaller : forall F P c g, Rabs (step F P c g) <= Rabs c + over (fun t => Rabs (value t)) g.
Proof.
  intros F P c g. unfold step. pose proof (keep_smaller P (aligned F c g)). pose proof (aligned_smaller F c g). lra.
Qed.

Lemma over_le : forall f h g d, Forall (made_of d) g -> (forall t, made_of d t -> f t <= h t) -> over f g <= over h g.
Proof.
  intros f h g d H L. induction H as [|t g T G IH]; simpl; [lra|]. specialize (L t T). lra.
Qed.

Lemma over_positive : forall f g d, Forall (made_of d) g -> (forall t, made_of d t -> 0 <= f t) -> 0 <= over f g.
Proof.
  intros f g d H L. induction H as [|t g T G IH]; simpl; [lra|]. specialize (L t T). lra.
Qed.

Lemma over_at_least : forall f g t d, Forall (made_of d) g -> (forall t, made_of d t -> 0 <= f t) -> In t g ->
  f t <= over f g.
Proof.
  intros f g t d H L. induction H as [|t0 g T G IH]; intro I; [contradiction|]. simpl.
  destruct I as [->|I].
  - pose proof (over_positive f g d G L). lra.
  - specialize (IH I). specialize (L t0 T). lra.
Qed.

Lemma size_positive : forall d t, made_of d t -> 0 <= size t.
Proof. intros d t [_ [H _]]. pose proof (Rabs_pos (value t)). lra. Qed.

(** The unit of a group answers to what was added so far. *)
Lemma unit_bound : forall d c g a, Forall (made_of d) g -> Rabs c <= a -> entries c g <> [] ->
  powerRZ 2 (highest (entries c g)) <= a + over size g.
Proof.
  intros d c g a G C N. destruct (highest_attained _ N) as [v I].
  pose proof (over_positive size g d G (size_positive d)) as S0. pose proof (Rabs_pos c).
  set (h := highest (entries c g)) in *. clearbody h. unfold entries in I. apply in_app_or in I. destruct I as [I|I].
  - unfold own in I. destruct (Req_EM_T c 0) as [|C0]; [contradiction|]. destruct I as [I|[]].
    injection I as _ I. rewrite <- I. destruct (lead_spec c C0). lra.
  - apply in_map_iff in I. destruct I as [t [E I]]. injection E as _ E. rewrite <- E.
    pose proof (over_at_least size g t d G (size_positive d) I).
    pose proof (proj1 (Forall_forall _ _) G t I) as [_ [_ [T _]]]. lra.
Qed.

Lemma entries_length : forall c g, (length (entries c g) <= length g + 1)%nat.
Proof.
  intros c g. unfold entries. rewrite app_length, map_length. unfold own. destruct (Req_EM_T c 0); simpl; lia.
Qed.

Lemma aligned_near : forall F P d c g, Forall (made_of d) g -> of_bits P c ->
  Rabs (c + over value g - aligned F c g) <=
    INR (length g + spare F P d) * powerRZ 2 (highest (entries c g) - F).
Proof.
  intros F P d c g G K. set (u := powerRZ 2 (highest (entries c g) - F)).
  assert (U : 0 < u) by apply power_positive.
  replace (c + over value g) with (added (fun v => v) (entries c g)) by (rewrite added_entries; reflexivity).
  unfold aligned. fold u. assert (UNIT : u = powerRZ 2 (highest (entries c g) - F)) by reflexivity. clearbody u.
  assert (NEAR : forall v, Rabs (v - cut u v) <= u) by (intro; now apply cut_near).
  destruct (entries c g) as [|first rest] eqn:LIST.
  { simpl. rewrite Rminus_0_r, Rabs_R0. apply Rmult_le_pos; [apply pos_INR|lra]. }
  rewrite <- LIST in *.
  assert (LEN : INR (length (entries c g)) <= INR (length g + 1)) by (apply le_INR, entries_length).
  unfold spare. destruct (((P - 1 <=? F) && (d <=? F))%Z%bool) eqn:FIT.
  - apply andb_prop in FIT. destruct FIT as [FP FD]. apply Z.leb_le in FP, FD.
    destruct (highest_attained (entries c g) ltac:(rewrite LIST; discriminate)) as [v I].
    assert (E : cut u v = v).
    { apply cut_multiple; [exact U|]. rewrite UNIT. clear - I G K FP FD. set (h := highest (entries c g)) in *. clearbody h.
      rename I into J. unfold entries in J. apply in_app_or in J.
      destruct J as [J|J].
      - unfold own in J. destruct (Req_EM_T c 0) as [|C0]; [contradiction|]. destruct J as [J|[]].
        injection J as V W. subst v h. destruct K as [K|K]; [contradiction|].
        apply coarser with (e := (lead c + 1 - P)%Z); [lia|exact K].
      - apply in_map_iff in J. destruct J as [t [J J']]. injection J as V W. subst v h.
        pose proof (proj1 (Forall_forall _ _) G t J') as [_ [_ [_ T]]].
        apply coarser with (e := (exponent t - d)%Z); [lia|exact T]. }
    apply Rle_trans with (1 := added_nearer _ u _ v _ NEAR I E).
    apply Rmult_le_compat_r; [lra|]. rewrite plus_INR in *. simpl in *. lra.
  - apply Rle_trans with (1 := added_near _ u _ NEAR). apply Rmult_le_compat_r; lra.
Qed.

Lemma step_empty : forall F P d c, (1 <= P)%Z -> of_bits P c -> spare F P d = 0%nat -> step F P c [] = c.
Proof.
  intros F P d c HP K S. unfold spare in S. destruct (((P - 1 <=? F) && (d <=? F))%Z%bool) eqn:FIT; [|discriminate].
  apply andb_prop in FIT. destruct FIT as [FP _]. apply Z.leb_le in FP.
  unfold step, aligned, entries, own. simpl. destruct (Req_EM_T c 0) as [->|C0]; simpl.
  - apply kept_again. now left.
  - destruct K as [K|K]; [contradiction|]. rewrite Rplus_0_r.
    rewrite (cut_multiple _ c (power_positive _)); [apply kept_again; now right|].
    apply coarser with (e := (lead c + 1 - P)%Z); [lia|exact K].
Qed.

Lemma entries_nil : forall c g, entries c g = [] -> c = 0 /\ g = [].
Proof.
  intros c g E. unfold entries in E. apply app_eq_nil in E. destruct E as [O L]. split.
  - unfold own in O. destruct (Req_EM_T c 0); [assumption|discriminate].
  - now destruct g.
Qed.

Lemma allowance_positive : forall F P d g, 0 <= allowance F P d g.
Proof.
  intros F P d g. unfold allowance. destruct (length g + spare F P d)%nat as [|n]; [lra|].
  pose proof (power_positive (- F)). pose proof (power_positive (1 - P)). pose proof (pos_INR (Datatypes.S n)). nra.
Qed.

Lemma step_near : forall F P d c g a, (1 <= P)%Z -> Forall (made_of d) g -> of_bits P c -> Rabs c <= a ->
  Rabs (step F P c g - (c + over value g)) <= allowance F P d g * (a + over size g).
Proof.
  intros F P d c g a HP G K C.
  pose proof (over_positive size g d G (size_positive d)) as SP. pose proof (Rabs_pos c) as CP.
  destruct (entries c g) as [|first rest] eqn:LIST.
  { apply entries_nil in LIST. destruct LIST as [-> ->]. pose proof (step_smaller F P 0 []) as Z0. simpl in Z0.
    rewrite Rabs_R0 in Z0. simpl. rewrite !Rplus_0_r, Rminus_0_r. simpl in SP.
    apply Rle_trans with 0; [lra|]. apply Rmult_le_pos; [apply allowance_positive|lra]. }
  pose proof (aligned_near F P d c g G K) as A.
  pose proof (unit_bound d c g a G C ltac:(rewrite LIST; discriminate)) as E.
  unfold allowance. destruct (length g + spare F P d)%nat as [|n] eqn:N.
  { destruct g; [|simpl in N; discriminate]. simpl in N. rewrite (step_empty F P d c HP K N). simpl.
    rewrite Rplus_0_r, Rminus_diag_eq, Rabs_R0 by reflexivity. lra. }
  pose proof (keep_near P (aligned F c g)) as B. pose proof (aligned_smaller F c g) as S.
  assert (M : over (fun t => Rabs (value t)) g <= over size g).
  { apply over_le with d; [exact G|]. intros t [_ [T _]]. exact T. }
  assert (W : INR (Datatypes.S n) * powerRZ 2 (highest (entries c g) - F) <=
              INR (Datatypes.S n) * powerRZ 2 (- F) * (a + over size g)).
  { rewrite Rmult_assoc. apply Rmult_le_compat_l; [apply pos_INR|].
    replace (highest (entries c g) - F)%Z with (- F + highest (entries c g))%Z by ring. rewrite powerRZ_add by lra.
    pose proof (power_positive (- F)). apply Rmult_le_compat_l; lra. }
  assert (Q : powerRZ 2 (1 - P) * Rabs (aligned F c g) <= powerRZ 2 (1 - P) * (a + over size g)).
  { apply Rmult_le_compat_l; [apply Rlt_le, power_positive|]. lra. }
  unfold step.
  replace (keep P (aligned F c g) - (c + over value g))
    with (- (aligned F c g - keep P (aligned F c g)) + - (c + over value g - aligned F c g)) by ring.
  pose proof (Rabs_triang (- (aligned F c g - keep P (aligned F c g))) (- (c + over value g - aligned F c g))) as T.
  rewrite !Rabs_Ropp in T. rewrite Rmult_plus_distr_r. lra.
Qed.

(** ** All groups *)

Lemma chain_smaller : forall F P gs c, Rabs (chain F P c gs) <= Rabs c + absolute gs.
Proof.
  unfold absolute. induction gs as [|g gs IH]; intro c; simpl; [lra|].
  specialize (IH (step F P c g)). pose proof (step_smaller F P c g). lra.
Qed.

Lemma chain_near : forall F P d gs c a, (1 <= P)%Z -> products_of d gs -> of_bits P c -> Rabs c <= a ->
  Rabs (chain F P c gs - (c + exact gs)) <= allowed F P d a gs.
Proof.
  unfold exact. induction gs as [|g gs IH]; intros c a HP GS K C; simpl.
  { rewrite Rplus_0_r, Rminus_diag_eq, Rabs_R0 by reflexivity. lra. }
  inversion GS as [|? ? G GS']; subst.
  assert (M : over (fun t => Rabs (value t)) g <= over size g).
  { apply over_le with d; [exact G|]. intros t [_ [T _]]. exact T. }
  pose proof (step_smaller F P c g) as S.
  specialize (IH (step F P c g) (a + over size g) HP GS' (keep_kept P _ HP) ltac:(lra)).
  pose proof (step_near F P d c g a HP G K C) as N.
  replace (chain F P (step F P c g) gs - (c + (over value g + overall value gs)))
    with ((chain F P (step F P c g) gs - (step F P c g + overall value gs)) + (step F P c g - (c + over value g)))
    by ring.
  pose proof (Rabs_triang (chain F P (step F P c g) gs - (step F P c g + overall value gs))
    (step F P c g - (c + over value g))). lra.
Qed.

(** What one chain from 0 loses, for any F, P >= 1, groups of any lengths and any products. *)
Theorem accumulator_bound : forall F P d gs, (1 <= P)%Z -> products_of d gs ->
  Rabs (chain F P 0 gs - exact gs) <= allowed F P d 0 gs.
Proof.
  intros F P d gs HP GS. pose proof (chain_near F P d gs 0 0 HP GS ltac:(now left)) as H.
  rewrite Rabs_R0, Rplus_0_l in H. apply H. lra.
Qed.

(** In one line: n products, G groups and the sizes A of all of them. *)
Definition flat (F P d : Z) (gs : list group) : R :=
  (INR (length (concat gs) + length gs * spare F P d) * powerRZ 2 (- F) + INR (length gs) * powerRZ 2 (1 - P))
    * overall size gs.

Theorem accumulator_bound_flat : forall F P d gs, products_of d gs -> allowed F P d 0 gs <= flat F P d gs.
Proof.
  intros F P d gs GS. unfold flat.
  assert (H : forall gs a, products_of d gs -> 0 <= a -> allowed F P d a gs <=
    (INR (length (concat gs) + length gs * spare F P d) * powerRZ 2 (- F) + INR (length gs) * powerRZ 2 (1 - P))
      * (a + overall size gs)).
  { pose proof (power_positive (- F)) as F0. pose proof (power_positive (1 - P)) as P0. clear gs GS.
    induction gs as [|g gs IH]; intros a GS A; [simpl; lra|]. cbn [allowed overall concat length].
    inversion_clear GS as [|? ? G GS'].
    pose proof (over_positive size g d G (size_positive d)) as S0.
    assert (R0 : 0 <= overall size gs).
    { clear - GS'. induction GS' as [|g' gs' G' GS' IH']; simpl; [lra|].
      pose proof (over_positive size g' d G' (size_positive d)). lra. }
    specialize (IH (a + over size g) GS' ltac:(lra)).
    replace (length (g ++ concat gs) + S (length gs) * spare F P d)%nat
      with ((length g + spare F P d) + (length (concat gs) + length gs * spare F P d))%nat
      by (rewrite app_length; simpl; lia).
    rewrite plus_INR, (S_INR (length gs)).
    assert (AL : allowance F P d g <= INR (length g + spare F P d) * powerRZ 2 (- F) + powerRZ 2 (1 - P)).
    { unfold allowance. destruct (length g + spare F P d)%nat as [|n]; [change (INR 0) with 0; lra|lra]. }
    pose proof (pos_INR (length g + spare F P d)). pose proof (pos_INR (length (concat gs) + length gs * spare F P d)).
    pose proof (pos_INR (length gs)). pose proof (allowance_positive F P d g).
    set (X := powerRZ 2 (- F)) in *. set (Y := powerRZ 2 (1 - P)) in *.
    set (n := INR (length g + spare F P d)) in *. set (m := INR (length (concat gs) + length gs * spare F P d)) in *.
    set (k := INR (length gs)) in *.
    set (s := over size g) in *. set (r := overall size gs) in *. set (w := allowance F P d g) in *.
    replace (((n + m) * X + (k + 1) * Y) * (a + (s + r)))
      with ((n * X + Y) * (a + s) + (n * X + Y) * r + (m * X + k * Y) * (a + s + r)) by ring.
    assert (w * (a + s) <= (n * X + Y) * (a + s)) by (apply Rmult_le_compat_r; lra).
    assert (0 <= (n * X + Y) * r) by (apply Rmult_le_pos; [|lra]; nra). lra. }
  specialize (H gs 0 GS ltac:(lra)). now rewrite Rplus_0_l in H.
Qed.

(** After every group the sum is no larger than the magnitudes of all products. *)
Theorem one_signed_partial : forall F P gs k,
  Rabs (chain F P 0 (firstn k gs)) <= absolute gs.
Proof.
  intros F P gs k. apply Rle_trans with (absolute (firstn k gs)).
  - pose proof (chain_smaller F P (firstn k gs) 0). rewrite Rabs_R0 in H. lra.
  - unfold absolute. revert k. induction gs as [|g gs IH]; intros [|k]; simpl; try lra.
    + clear IH. assert (H : forall g, 0 <= over (fun t => Rabs (value t)) g).
      { induction g0 as [|t g0 IH0]; simpl; [lra|]. pose proof (Rabs_pos (value t)). lra. }
      assert (H1 : forall gs, 0 <= overall (fun t => Rabs (value t)) gs).
      { induction gs0 as [|g0 gs0 IH0]; simpl; [lra|]. specialize (H g0). lra. }
      specialize (H g). specialize (H1 gs). lra.
    + specialize (IH k). lra.
Qed.

Definition one_signed (gs : list group) : Prop := Forall (Forall (fun t => 0 <= value t)) gs.

Lemma aligned_sign : forall F c g, 0 <= c -> Forall (fun t => 0 <= value t) g -> 0 <= aligned F c g.
Proof.
  intros F c g C G. unfold aligned. set (u := powerRZ 2 (highest (entries c g) - F)).
  assert (U : 0 < u) by apply power_positive.
  assert (Z0 : cut u 0 = 0) by (apply cut_multiple; [exact U|]; exists 0%Z; simpl; ring).
  rewrite added_entries by exact Z0. pose proof (cut_sign u c U C).
  assert (0 <= over (fun t => cut u (value t)) g); [|lra].
  clear - G U. clearbody u. induction G as [|t g T G IH]; simpl; [lra|]. pose proof (cut_sign u (value t) U T). lra.
Qed.

(** Products that are not negative never add up to too much. *)
Theorem one_signed_accumulation : forall F P gs, one_signed gs ->
  0 <= chain F P 0 gs /\ chain F P 0 gs <= absolute gs.
Proof.
  intros F P gs GS.
  assert (H : forall gs c, one_signed gs -> 0 <= c -> 0 <= chain F P c gs).
  { clear gs GS. induction gs as [|g gs IH]; intros c GS C; simpl; [exact C|].
    inversion GS as [|? ? G GS']; subst. apply IH; [exact GS'|]. unfold step. apply keep_sign.
    now apply aligned_sign. }
  split; [apply H; [exact GS|lra]|].
  pose proof (chain_smaller F P gs 0) as U. rewrite Rabs_R0 in U. pose proof (Rle_abs (chain F P 0 gs)). lra.
Qed.

(** Products that all lie below the last digit of c are lost. *)
Theorem stagnation : forall F P c g, (1 <= P)%Z -> (P - 1 <= F)%Z -> of_bits P c -> c <> 0 ->
  Forall (fun t => Rabs (value t) < powerRZ 2 (lead c - F) /\ (exponent t <= lead c)%Z) g ->
  step F P c g = c.
Proof.
  intros F P c g HP FP K C0 G. destruct K as [K|K]; [contradiction|].
  assert (E : highest (entries c g) = lead c).
  { unfold entries, own. destruct (Req_EM_T c 0); [contradiction|]. simpl.
    assert (H : forall l, (forall v d, In (v, d) l -> (d <= lead c)%Z) -> largest (lead c) l = lead c).
    { clear. induction l as [|[v d] l IH]; intro H; simpl; [reflexivity|].
      rewrite IH; [|intros v' d' I; apply (H v'); now right]. specialize (H v d (or_introl eq_refl)). lia. }
    apply H. intros v d I. apply in_map_iff in I. destruct I as [t [I J]]. injection I as _ <-.
    apply (proj1 (Forall_forall _ _) G t J). }
  unfold step, aligned. rewrite E. set (u := powerRZ 2 (lead c - F)) in *.
  assert (U : 0 < u) by apply power_positive.
  assert (Z0 : cut u 0 = 0) by (apply cut_multiple; [exact U|]; exists 0%Z; simpl; ring).
  rewrite added_entries by exact Z0.
  replace (over (fun t => cut u (value t)) g) with 0.
  - rewrite Rplus_0_r, (cut_multiple u c U); [apply kept_again; now right|].
    apply coarser with (e := (lead c + 1 - P)%Z); [lia|exact K].
  - clear E. induction G as [|t g [T _] G IH]; simpl; [reflexivity|]. rewrite cut_small; [lra|exact U|exact T].
Qed.
