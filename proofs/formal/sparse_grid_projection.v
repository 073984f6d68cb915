(** sparse_grid_projection: pruning first is the projection onto the sparse vectors of the grid.

    Let q round to nearest, under any tie rule, on symmetric grids that contain 0, with one scale in each group; let m
    be any magnitude top mask of x that keeps the scales (Sigma).  Among all vectors y whose entries lie on the grid (at
    the scales of x) and of which each group has at most its budget of nonzero entries, q(m .* x) is feasible and has
    the least err_p, for every natural p >= 1.  The same for vectors supported on any admissible mask
    ([sparse_grid_projection_masks]) and for the largest error ([sparse_grid_projection_largest]).
    Proof: on such a grid the gain never decreases with |x_i|, so a magnitude top mask is top by gain; gain_optimal.
    Depends on Vectors, Masks, Operators, Rounding, LargestError, gain_optimal. *)

From Coq Require Import Reals Lra Lia Bool Arith.
From sqtheory Require Import Vectors Masks Operators Rounding LargestError gain_optimal.
Open Scope R_scope.

Definition nonzero (y : vector) : mask := fun i => if Req_EM_T (y i) 0 then false else true.

(** At most [budget g] nonzero entries in each group g, all values on the grid. *)
Definition feasible (n : nat) (group budget : nat -> nat) (q : quantizer) (G : parameters q -> grid)
    (x y : vector) : Prop :=
  within_budget n group budget (nonzero y) /\ on_grid n q G x y.

Lemma magnitude_is_gain : forall p n group budget q G x m, (1 <= p)%nat ->
  rounds_to_nearest q G -> (forall s, G s 0) -> (forall s, symmetric (G s)) ->
  one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m -> is_top n group budget (gain p x (quantize q x)) m.
Proof.
  intros p n group budget q G x m Hp N Z Sym One [A T]. split; [exact A|].
  intros i j Hi Hj H Mi Mj. unfold gain, quantize, rounding. rewrite (One j i) by auto.
  apply (nearest_gain_grows p (G (scale q x (block q i)))); try apply N; auto. now apply T.
Qed.

Lemma prune_nonzero : forall y i, prune (nonzero y) y i = y i.
Proof. intros y i. unfold prune, nonzero. destruct (Req_EM_T (y i) 0); auto. Qed.

Theorem sparse_grid_projection : forall p n group budget q G x m, (1 <= p)%nat ->
  rounds_to_nearest q G -> (forall s, G s 0) -> (forall s, symmetric (G s)) ->
  keeps_scale n q x m -> one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m ->
  feasible n group budget q G x (quantize q (prune m x)) /\
  forall y, feasible n group budget q G x y ->
    err p n x (quantize q (prune m x)) <= err p n x y.
Proof.
  intros p n group budget q G x m Hp N Z Sym Sigma One T.
  assert (Zero : keeps_zero q) by (intro s; now apply (nearest_zero (G s))).
  pose proof (prune_then_quantize n q x m Zero Sigma) as E. split; [split|].
  - intros i Hi. destruct T as [A _]. rewrite <- (A i Hi). apply count_le. intros j Hj.
    unfold nonzero. rewrite E by auto. unfold prune. destruct (m j); [now destruct Req_EM_T|].
    destruct (Req_EM_T 0 0); [discriminate|congruence].
  - intros i Hi. rewrite E by auto. unfold prune. destruct (m i); [apply N|apply Z].
  - intros y [B Y]. rewrite (err_ext p n x _ _ E), <- (err_ext p n x (prune (nonzero y) y) y).
    + apply (gain_optimal p n group budget q G); auto. now apply (magnitude_is_gain p n group budget q G).
    + intros i _. apply prune_nonzero.
Qed.

Theorem sparse_grid_projection_masks : forall p n group budget q G x m, (1 <= p)%nat ->
  rounds_to_nearest q G -> (forall s, G s 0) -> (forall s, symmetric (G s)) ->
  keeps_scale n q x m -> one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m ->
  forall m' y, admissible n group budget m' -> on_grid n q G x y ->
    err p n x (quantize q (prune m x)) <= err p n x (prune m' y).
Proof.
  intros p n group budget q G x m Hp N Z Sym Sigma One T m' y A Y.
  apply (sparse_grid_projection p n group budget q G x m); auto. split.
  - intros i Hi. rewrite <- (A i Hi). apply count_le. intros j _.
    unfold nonzero, prune. destruct (m' j); [now destruct Req_EM_T|].
    destruct (Req_EM_T 0 0); [discriminate|congruence].
  - intros i Hi. unfold prune. destruct (m' i); auto.
Qed.

Theorem sparse_grid_projection_largest : forall n group budget q G x m,
  rounds_to_nearest q G -> (forall s, G s 0) -> (forall s, symmetric (G s)) ->
  keeps_scale n q x m -> one_scale_per_group n group q x ->
  is_top n group budget (magnitude x) m ->
  forall y, feasible n group budget q G x y ->
    largest_error n x (quantize q (prune m x)) <= largest_error n x y.
Proof.
  intros n group budget q G x m N Z Sym Sigma One T y F. apply powers_to_largest. intros p Hp.
  now apply (sparse_grid_projection p n group budget q G).
Qed.
