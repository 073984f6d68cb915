"""What every sparsifier offers: a mask, and the rules of its budget."""

from abc import abstractmethod

import numpy as np

from sqtheory.alphabet import kernels
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.outputs import apart, check_output
from sqtheory.alphabet.partition import Partition, Shape
from sqtheory.alphabet.rationals import NotRational, Rationals
from sqtheory.alphabet.scores import Score, magnitude
from sqtheory.alphabet.ties import Sight, Ties, low_index
from sqtheory.alphabet.traits import DETERMINISTIC, IDEMPOTENT, KEEPS_ZERO, MONOTONE, TRAITS, Trait
from sqtheory.arrays import Array, ArrayLike, Mask, as_real
from sqtheory.exceptions import NonFinite, first_at


class Sparsifier(Operator):
    """s(x) = m(x) ⊙ x: pruned entries become +0, kept entries are unchanged.

    ``mask(x, origin)`` is True where kept; ``origin`` (default x) is what x was computed from, for
    tie rules that look at original values. Raises NonFinite for NaN or infinity in x or its scores.

    >>> from sqtheory import nm
    >>> nm(2, 4).mask([1.75, 2, 0, 7])
    array([False,  True, False,  True])
    """

    groups: Partition
    """The boxes that each have a budget of their own."""
    score: Score | None
    """What ranks the entries; None for a fixed mask."""
    ties: Ties
    """Which of equally ranked entries survive."""

    def mask(self, x: ArrayLike, origin: ArrayLike | None = None, *, out: Mask | None = None) -> Mask:
        """The mask m(x), bool, the shape of x: a new array, or ``out``, which a refusal spoils.

        ``out``: a plain writable array (``check_output``), which may share memory with x and ``origin``.
        """
        given = as_real(x)
        source = given if origin is None else as_real(origin)
        if out is not None:
            check_output(out, given.shape, np.bool_)
        kept = out if out is not None and apart(out, given, source) else np.empty(given.shape, np.bool_)
        self._mask_into(kept, given, source)
        if out is None or kept is out:
            return kept
        out[...] = kept
        return out

    def best_mask(self, benefit: Array, x: Array, origin: Array) -> Mask:
        """The admissible mask of largest total benefit (an array of x's shape): ties go to the larger |origin|."""
        self._require_finite(benefit, "benefit ")
        return self._choose(benefit, np.abs(origin), x, low_index)

    @property
    def units(self) -> Partition | None:
        """The boxes that are kept or pruned whole; None where every entry is for itself."""
        return None

    @property
    def cut(self) -> float | None:
        """The score from which on an entry is kept, whatever the others are; None where entries compete."""
        return None

    @property
    def fixed_budget(self) -> bool:
        """The admissible masks keep ``budget(|G|)`` entries of every group G, any of them."""
        return False

    @property
    def fills_budget(self) -> bool:
        """Of every group G the ``budget(|G|)`` entries of largest score are kept, or those and all that equal them."""
        return self.fixed_budget

    @property
    def digits(self) -> int | None:
        """Binary digits of the numbers by which entries are compared, which hide smaller differences; None: all."""
        return None if self.score is None else self.score.digits

    @property
    def by_magnitude(self) -> bool:
        """Of every group G the ``budget(|G|)`` entries of largest magnitude are kept."""
        return self.fixed_budget and self.score is not None and self.score.is_magnitude

    def own_run(self, shape: Shape) -> int | None:
        return self.groups.last_run(shape) if self.by_magnitude and self.ties.foreseen else None

    def by_rows(self) -> "Sparsifier":
        """The same with a budget for every row where the tensor has one; itself elsewhere."""
        return self

    @property
    def ranks(self) -> bool:
        """A tie rule decides between entries at the cut."""
        return False

    def with_ties(self, ties: Ties) -> "Sparsifier":
        """The same with ties broken otherwise; itself where nothing is ranked."""
        return self

    def with_score(self, score: Score) -> "Sparsifier":
        """The same by another score; itself where there is none."""
        return self

    def prescribed(self, shape: Shape) -> Shape:
        """The shape, as close to this one as the arrays inside the mask allow."""
        return shape if self.score is None else self.score.prescribed(shape)

    def keeps_all(self, shape: Shape) -> bool:
        """No tensor of this shape loses an entry."""
        return self.ignores_values and bool(self.mask(np.zeros(shape)).all())

    def splits(self, boxes: Partition, shape: Shape) -> bool:
        """Some tensor of this shape keeps one entry of a box and loses another."""
        if self.ignores_values:
            kept = self.mask(np.zeros(shape))
            some = boxes.reduce(kept, lambda rows: np.asarray(rows.any(axis=1)))
            every = boxes.reduce(kept, lambda rows: np.asarray(rows.all(axis=1)))
            return bool(np.any(some & ~every))
        return not self.keeps_all(shape) and any(
            box > 1 and not (self.ranks and self.budget(group) >= group)
            for box, group, *_ in boxes.overlaps(self.groups, shape).pairs
        )

    @abstractmethod
    def budget(self, size: int) -> int:
        """Entries kept in a group of this size (units kept, for block masks)."""

    def tied_groups(self, x: Array) -> int:
        """Groups in which the last kept and the first pruned score of x are equal, so that the tie rule decides."""
        return 0

    @abstractmethod
    def _choose(self, scores: Array, key: Array | None, x: Array, ties: Ties) -> Mask:
        """The mask of the best ranked entries."""

    def exact_mask(self, scores: Rationals) -> Mask:
        """The mask of rational scores, of masks without a tie rule. Raises NotRational where it is not computed so."""
        raise NotRational(f"the mask {self} is not computed in rational numbers")

    def _mask_into(self, out: Mask, x: Array, origin: Array) -> None:
        out[...] = self._mask(x, origin)

    def _mask(self, x: Array, origin: Array) -> Mask:
        self._require_finite(x, "")
        if self.score is None:
            return self._choose(x, None, x, self.ties)
        with np.errstate(over="ignore"):
            scores = self.score.of(x)
        self._require_finite(scores, f"score {self.score} = ")
        key = self.ties.key(x, origin)
        if key is not None:
            self._require_finite(key, f"key of ties={self.ties} = ")
        return self._choose(scores, key, x, self.ties)

    def _require_finite(self, values: Array, what: str) -> None:
        if not np.isfinite(values).all():
            where = first_at(~np.isfinite(values))
            group = self.groups.box_of(where, values.shape)
            raise NonFinite(f"{what}{values[where]} at {where}, group {group}: cannot be ranked")

    def apply(self, x: Array, origin: Array) -> Array:
        return self.into(np.empty(x.shape, x.dtype), x, origin)

    def into(self, out: Array, x: Array, origin: Array) -> Array:
        return kernels.pruned(x, self.mask(x, origin), out)

    @property
    def ignores_values(self) -> bool:
        """The mask does not depend on the tensor."""
        return self.score is None or (self.score.is_constant and self.ties.index_only)

    @property
    def traits(self) -> frozenset[Trait]:
        if self.score is None or self.ignores_values:
            return frozenset(TRAITS) - {MONOTONE}
        steady = DETERMINISTIC in self.score.traits and self.ties.deterministic
        inherited = self.score.traits if steady else frozenset()
        prefers_zero = self.ties.look_at is Sight.both and not self.score.is_magnitude
        again = {IDEMPOTENT} if steady and self.score.zero_is_least and not prefers_zero else set()
        return frozenset({KEEPS_ZERO} | inherited | again)


def spell_choice(score: Score, ties: Ties) -> list[str]:
    """The score and the tie rule as options, where they are not the usual ones."""
    chosen = [f"score={score}"] if score != magnitude else []
    return chosen + ([f"ties={ties}"] if ties != low_index else [])
