(** swap_constant, sharpness: the bounds of swap_constant.v are approached, for every n and every budget k.

    Take any nearest rounding onto multiples of D > 0, 0 and D among them; write s = min(k, n - k) and let
    0 < e < D/2.  The vector has k entries D, then s entries D/2 + e, then zeros.  S->Q keeps the first k.  All k + s
    nonzero entries round to D, so a tie rule may let Q->S keep the entries s, ..., k + s - 1 instead.  Then

      err_1 of Q->S  =  err_1 of q + err_1 of s + s (D/2 - e)     and     err_1 of Q->S  =  err_1 of S->Q + s (D - 2 e).

    n = 2, k = 1 is the single swap of (D, D/2 + e); [swap_constant_sharp] puts it as: no smaller constant than D/2.
    Depends on Vectors, Masks, Operators, Rounding. *)

From Coq Require Import Reals Lra Lia Bool Arith ZArith.
From sqtheory Require Import Vectors Masks Operators Rounding.
Open Scope R_scope.

Definition tight (D e : R) (k s : nat) : vector :=
  fun i => if (i <? k)%nat then D else if (i <? k + s)%nat then D / 2 + e else 0.

Definition slots (a b : nat) : mask := fun i => (a <=? i)%nat && (i <? b)%nat.

(** The only multiple of D nearest to D/2 + e is D. *)
Lemma rounds_up : forall D e r (G : grid), nearest G r -> G D -> (forall v, G v -> exists z, v = IZR z * D) ->
  0 < e < D / 2 -> r (D / 2 + e) = D.
Proof.
  intros D e r G H GD Mult He. destruct (H (D / 2 + e)) as [V N]. specialize (N D GD).
  destruct (Mult _ V) as [z E]. rewrite E in *. clear V E.
  rewrite (Rabs_left (D / 2 + e - D)) in N by lra.
  assert (z = 1%Z) as ->; [|ring].
  destruct (Z_lt_le_dec z 1) as [L|L]; [|destruct (Z_lt_le_dec 1 z) as [L'|L']; [|lia]]; exfalso.
  - assert (IZR z <= 0) by (apply IZR_le; lia). rewrite Rabs_pos_eq in N by nra. nra.
  - assert (2 <= IZR z) by (apply IZR_le; lia). rewrite Rabs_left in N by nra. nra.
Qed.

Lemma kept_slots : forall n a b, (a <= b <= n)%nat -> kept n one_group (slots a b) 0 = (b - a)%nat.
Proof.
  intros n a b H. unfold kept. rewrite (count_ext n _ (slots a b)).
  - unfold slots. rewrite count_range. lia.
  - intros i _. apply andb_true_r.
Qed.

Lemma slots_top : forall n k a score, (a + k <= n)%nat ->
  (forall i j, (a <= i < a + k)%nat -> (j < a \/ a + k <= j)%nat -> score j <= score i) ->
  is_top n one_group (fun _ => k) score (slots a (a + k)).
Proof.
  intros n k a score Hk H. split.
  - intros i _. change (one_group i) with O. rewrite kept_slots by lia. lia.
  - intros i j Hi Hj _ Mi Mj. unfold slots in *.
    apply andb_prop in Mi. destruct Mi as [Ma Mb]. apply Nat.leb_le in Ma. apply Nat.ltb_lt in Mb.
    apply andb_false_iff in Mj. apply H; [lia|].
    destruct Mj as [Mj|Mj]; [apply Nat.leb_gt in Mj|apply Nat.ltb_ge in Mj]; lia.
Qed.

(** A sum that is c on the first s indices, d on the s indices from k on, and 0 elsewhere. *)
Lemma two_steps : forall n k s f c d, (s <= k)%nat -> (k + s <= n)%nat ->
  (forall i, (i < s)%nat -> f i = c) -> (forall i, (k <= i < k + s)%nat -> f i = d) ->
  (forall i, (s <= i < k \/ k + s <= i)%nat -> f i = 0) -> sum n f = INR s * (c + d).
Proof.
  intros n k s f c d Hs Hn C D Z.
  transitivity (sum_over n (slots 0 s) (fun _ => c) + sum_over n (slots k (k + s)) (fun _ => d)).
  - unfold sum_over. rewrite <- sum_plus. apply sum_ext. intros i _. unfold slots. simpl.
    destruct (Nat.ltb_spec i s), (Nat.leb_spec k i), (Nat.ltb_spec i (k + s)); simpl;
      try lia; first [rewrite C by lia | rewrite D by lia | rewrite Z by lia]; ring.
  - rewrite !sum_over_const. unfold slots. rewrite !count_range.
    replace (Nat.min s n - Nat.min 0 n)%nat with s by lia.
    replace (Nat.min (k + s) n - Nat.min k n)%nat with s by lia. ring.
Qed.

Theorem swap_constant_attained : forall D e n k r (G : grid), 0 < e < D / 2 -> (k <= n)%nat ->
  nearest G r -> G 0 -> G D -> (forall v, G v -> exists z, v = IZR z * D) ->
  let s := Nat.min k (n - k) in
  let q := elementwise r in
  let x := tight D e k s in
  let m1 := slots 0 k in
  let m2 := slots s (s + k) in
  is_top n one_group (fun _ => k) (magnitude x) m1 /\
  is_top n one_group (fun _ => k) (magnitude (quantize q x)) m2 /\
  err 1 n x (prune m2 (quantize q x))
    = err 1 n x (quantize q x) + err 1 n x (prune m1 x) + INR s * (D / 2 - e) /\
  err 1 n x (prune m2 (quantize q x)) = err 1 n x (quantize q (prune m1 x)) + INR s * (D - 2 * e).
Proof.
  intros D e n k r G He Hk H Z GD Mult s q x m1 m2.
  assert (Hs : (s <= k /\ k + s <= n)%nat) by (unfold s; lia). clearbody s.
  assert (R0 : r 0 = 0) by now apply (nearest_zero G).
  assert (RD : r D = D) by now apply (nearest_fixes G).
  assert (RU : r (D / 2 + e) = D) by now apply (rounds_up D e r G).
  assert (Masks : forall i, m1 i = (i <? k)%nat /\ m2 i = (s <=? i)%nat && (i <? s + k)%nat) by now split.
  (* four kinds of entries: pruned by m2 only, kept by both, pruned by m1 only, pruned by both *)
  assert (Kinds : forall i,
    (i < s)%nat /\ m1 i = true /\ m2 i = false /\ x i = D /\ quantize q x i = D \/
    (s <= i < k)%nat /\ m1 i = true /\ m2 i = true /\ x i = D /\ quantize q x i = D \/
    (k <= i < k + s)%nat /\ m1 i = false /\ m2 i = true /\ x i = D / 2 + e /\ quantize q x i = D \/
    (k + s <= i)%nat /\ m1 i = false /\ m2 i = false /\ x i = 0 /\ quantize q x i = 0).
  { intro i. change (quantize q x i) with (r (x i)). destruct (Masks i) as [-> ->]. unfold x, tight.
    destruct (Nat.ltb_spec i k), (Nat.leb_spec s i), (Nat.ltb_spec i (s + k)), (Nat.ltb_spec i (k + s));
      try lia; simpl; [right; left|left|do 2 right; left|do 3 right]; repeat split; auto; lia. }
  assert (Same : forall i, (i < n)%nat -> quantize q (prune m1 x) i = prune m1 (quantize q x) i).
  { apply prune_then_quantize; [intro; exact R0|intros i _ _; reflexivity]. }
  clearbody q x.
  assert (ED : Rabs (D - D) = 0) by (rewrite <- Rabs_R0; f_equal; ring).
  assert (EB : Rabs (D / 2 + e - D) = D / 2 - e) by (rewrite Rabs_left; lra).
  assert (AD : Rabs D = D) by (apply Rabs_pos_eq; lra).
  assert (AB : Rabs (D / 2 + e) = D / 2 + e) by (apply Rabs_pos_eq; lra).
  pose proof Rabs_R0 as A0.
  split; [|split; [|split]].
  - apply (slots_top n k 0); [lia|]. intros i j Hi Hj. unfold magnitude.
    destruct (Kinds i) as [K|[K|[K|K]]], (Kinds j) as [L|[L|[L|L]]]; try lia;
      destruct K as (_ & _ & _ & -> & _), L as (_ & _ & _ & -> & _); lra.
  - apply (slots_top n k s); [lia|]. intros i j Hi Hj. unfold magnitude.
    destruct (Kinds i) as [K|[K|[K|K]]], (Kinds j) as [L|[L|[L|L]]]; try lia;
      destruct K as (_ & _ & _ & _ & ->), L as (_ & _ & _ & _ & ->); lra.
  - clearbody m1 m2. enough (err 1 n x (prune m2 (quantize q x))
              - (err 1 n x (quantize q x) + err 1 n x (prune m1 x)) = INR s * (D + - (D / 2 + e))) by lra.
    unfold err. rewrite <- sum_plus, <- sum_minus.
    apply (two_steps n k); try lia; intros i Hi; unfold prune; rewrite !pow_1;
      destruct (Kinds i) as [K|[K|[K|K]]]; try lia; destruct K as (_ & M1 & M2 & X & Y);
      rewrite ?M1, ?M2, ?X, ?Y, ?Rminus_0_r, ?ED, ?EB; lra.
  - clearbody m1 m2. rewrite (err_ext 1 n x _ _ Same).
    enough (err 1 n x (prune m2 (quantize q x)) - err 1 n x (prune m1 (quantize q x))
            = INR s * (D + - (2 * e))) by lra.
    unfold err. rewrite <- sum_minus.
    apply (two_steps n k); try lia; intros i Hi; unfold prune; rewrite !pow_1;
      destruct (Kinds i) as [K|[K|[K|K]]]; try lia; destruct K as (_ & M1 & M2 & X & Y);
      rewrite ?M1, ?M2, ?X, ?Y, ?Rminus_0_r, ?ED, ?EB; lra.
Qed.

(** No constant below D/2 bounds the excess per swap, whatever the nearest rounding on the grid. *)
Corollary swap_constant_sharp : forall D c n k r (G : grid), 0 < D -> c < D / 2 -> (0 < k < n)%nat ->
  nearest G r -> G 0 -> G D -> (forall v, G v -> exists z, v = IZR z * D) ->
  exists x m1 m2,
    is_top n one_group (fun _ => k) (magnitude x) m1 /\
    is_top n one_group (fun _ => k) (magnitude (quantize (elementwise r) x)) m2 /\
    err 1 n x (quantize (elementwise r) x) + err 1 n x (prune m1 x) + INR (Nat.min k (n - k)) * c
    < err 1 n x (prune m2 (quantize (elementwise r) x)).
Proof.
  intros D c n k r G HD Hc Hk H Z GD Mult. set (e := Rmin ((D / 2 - c) / 2) (D / 4)).
  assert (He : 0 < e < D / 2 /\ e < D / 2 - c).
  { unfold e. pose proof (Rmin_l ((D / 2 - c) / 2) (D / 4)). pose proof (Rmin_r ((D / 2 - c) / 2) (D / 4)).
    split; [split; [apply Rmin_glb_lt|]|]; lra. }
  destruct He as [He Hec].
  pose proof (swap_constant_attained D e n k r G He ltac:(lia) H Z GD Mult) as A. cbv zeta in A.
  destruct A as (T1 & T2 & E & _). do 3 eexists. split; [exact T1|]. split; [exact T2|]. rewrite E.
  assert (0 < INR (Nat.min k (n - k))) by (apply lt_0_INR; lia). nra.
Qed.
