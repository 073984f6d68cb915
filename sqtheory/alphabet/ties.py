"""Which of the entries whose scores tie at the cut survive."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, final

import numpy as np

from sqtheory.alphabet.gains import gains, unit_norms
from sqtheory.alphabet.introselect import first_of
from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.partition import Partition, Whole
from sqtheory.alphabet.rationals import NotRational, Rationals
from sqtheory.alphabet.selection import tied_at_cut
from sqtheory.alphabet.selection import top as select_top
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import need, need_generator


class Sight(Enum):
    """What a tie rule looks at, besides the scores that tie."""

    places = "where entries lie"
    originals = "the magnitude of what the entries came from"
    both = "the entries, and what they came from"
    chance = "random numbers"


class Ties(ABC):
    """Which k of m entries are selected by their scores: where those at the cut are equal, a rule decides.

    Usually it is a secondary key: among equal scores the larger key survives, then the preferred index.

    >>> from sqtheory import int_, nm
    >>> (int_(4) >> nm(1, 2, ties=by_original))([1.75, 2, 0, 7])
    array([0., 2., 0., 7.])
    """

    low_index: ClassVar[bool] = True
    """Among equal keys the entry of lower index survives (else the higher)."""
    look_at: ClassVar[Sight]
    """What the choice among equals depends on."""
    ordered: ClassVar[bool] = True
    """The survivors are the first k in the order of score, key and index."""
    fixed_count: ClassVar[bool] = True
    """As many survive as are asked for, k of m."""
    fills: ClassVar[bool] = True
    """The k largest survive, or others as large, or more of those."""

    @property
    def deterministic(self) -> bool:
        return self.look_at is not Sight.chance

    @property
    def index_only(self) -> bool:
        """The rule looks at positions alone."""
        return self.look_at is Sight.places

    @property
    def foreseen(self) -> bool:
        """The keys are known before the originals are quantized: they look at positions or at the originals."""
        return self.look_at in (Sight.places, Sight.originals)

    def key(self, x: Array, origin: Array) -> Array | None:
        """The keys of the tensor x being masked, which came from ``origin``; None where there are none."""
        return None

    def select(self, scores: Array, k: int, key: Array | None) -> Mask:
        """The survivors of every row of ``scores`` (rows, m) of which k are asked for, given their keys."""
        return select_top(scores, k, key, low_index=self.low_index)

    def exact(self, x: Rationals, origin: Rationals) -> Rationals | None:
        """``key`` in rational arithmetic. Raises NotRational where it is not computed so."""
        if self.look_at is Sight.places:
            return None
        if self.look_at is Sight.originals:
            return np.asarray(np.abs(origin))
        raise NotRational(f"ties by {self} are not computed in rational numbers")

    def unit_key(self, keys: Array, unit: Partition, p: float) -> Array:
        """The keys of whole units that are ranked by p-norm, from the keys of their entries."""
        return unit_norms(unit, np.abs(keys), p)

    @abstractmethod
    def __str__(self) -> str:
        """The canonical spelling."""


@final
@dataclass(frozen=True)
class LowIndex(Ties):
    """The lower index survives."""

    look_at = Sight.places

    def __str__(self) -> str:
        return "low_index"


@final
@dataclass(frozen=True)
class HighIndex(Ties):
    """The higher index survives."""

    low_index = False
    look_at = Sight.places

    def __str__(self) -> str:
        return "high_index"


class Selected(Enum):
    """What is selected: the entries that stay, or those that go."""

    keep = "the k largest are selected and kept"
    prune = "the m − k smallest are selected and pruned"

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True)
class Introselect(Ties):
    """Those survive that a partial quicksort puts first: neither the lower nor the higher index (``introselect``).

    What ``torch.topk`` leaves on a CPU: ``keep`` with ``largest=True``, ``prune`` the rest of ``largest=False``.

    >>> from sqtheory import nm
    >>> nm(2, 4, ties=Introselect(Selected.keep))([1, 1, 1, 1])
    array([0., 0., 1., 1.])
    >>> nm(2, 4, ties=Introselect(Selected.prune))([0, 1, 1, 1])
    array([0., 1., 0., 1.])
    """

    taken: Selected
    look_at = Sight.places
    ordered = False

    def __post_init__(self) -> None:
        need(self.taken, Selected, "introselect")

    def select(self, scores: Array, k: int, key: Array | None) -> Mask:
        """A row without a tie at the cut leaves no choice."""
        kept, tied = select_top(scores, k), tied_at_cut(scores, k)
        if tied.any():
            rows = scores[tied] if len(tied) > 1 else scores
            prune = self.taken is Selected.prune
            kept[tied] = ~first_of(rows, scores.shape[1] - k) if prune else first_of(-rows, k)
        return kept

    def __str__(self) -> str:
        return f"introselect({self.taken})"


@final
@dataclass(frozen=True)
class AllSurvive(Ties):
    """All that equal the k-th largest score survive, k or more.

    >>> from sqtheory import nm
    >>> nm(2, 4, ties=all_survive)([3, 2, 2, 1])
    array([3., 2., 2., 0.])
    """

    look_at = Sight.places
    ordered = False
    fixed_count = False

    def select(self, scores: Array, k: int, key: Array | None) -> Mask:
        kept = select_top(scores, k)
        least = np.where(kept, scores, np.inf).min(axis=1, keepdims=True, initial=np.inf)
        return np.asarray(scores >= least)

    def __str__(self) -> str:
        return "all_survive"


@final
@dataclass(frozen=True)
class AllDie(Ties):
    """All that equal the (k+1)-th largest score are pruned: k survive or fewer.

    >>> from sqtheory import nm
    >>> nm(2, 4, ties=all_die)([3, 2, 2, 1])
    array([3., 0., 0., 0.])
    """

    look_at = Sight.places
    ordered = False
    fixed_count = fills = False

    def select(self, scores: Array, k: int, key: Array | None) -> Mask:
        kept = select_top(scores, k)
        most = np.where(kept, -np.inf, scores).max(axis=1, keepdims=True, initial=-np.inf)
        return np.asarray(scores > most)

    def __str__(self) -> str:
        return "all_die"


@final
@dataclass(frozen=True)
class ByOriginal(Ties):
    """The entry of larger original magnitude survives: with it Q→S equals S→Q (theorem ``frozen_commutation``)."""

    look_at = Sight.originals

    def key(self, x: Array, origin: Array) -> Array:
        return np.abs(origin)

    def __str__(self) -> str:
        return "by_original"


@final
@dataclass(frozen=True)
class Adversarial(Ties):
    """The entry whose survival saves least of ‖origin − y‖_p survives: the worst choice for that norm.

    >>> from sqtheory import int_, nm
    >>> (int_(4) >> nm(1, 2, ties=Adversarial(1)))([1.75, 2.25, 0, 7])
    array([2., 0., 0., 7.])
    """

    p: float = 2.0
    look_at = Sight.both

    def __post_init__(self) -> None:
        check_norm(self.p)

    def key(self, x: Array, origin: Array) -> Array:
        return -gains(origin, x, self.p, Whole())

    def exact(self, x: Rationals, origin: Rationals) -> Rationals | None:
        if not float(self.p).is_integer():
            return super().exact(x, origin)
        return np.asarray(np.abs(origin - x) ** int(self.p) - np.abs(origin) ** int(self.p))

    def unit_key(self, keys: Array, unit: Partition, p: float) -> Array:
        """Losses add up over a unit; for p = ∞ the largest of them decides."""
        if self.p < np.inf:
            return unit.reduce(keys, lambda rows: rows.sum(axis=1))
        high = unit.reduce(keys, lambda rows: rows.max(axis=1))
        low = unit.reduce(keys, lambda rows: rows.min(axis=1))
        return np.where(high > -low, high, low)

    def __str__(self) -> str:
        return "adversarial" if self.p == 2 else f"adversarial({spell_norm(self.p)})"


@final
@dataclass(frozen=True, eq=False)
class RandomTies(Ties):
    """A uniformly random one survives, drawn from an explicit Generator.

    >>> from sqtheory import nm
    >>> nm(1, 2, ties=RandomTies(np.random.default_rng(0)))([1, 1, 1, 1])
    array([1., 0., 1., 0.])
    """

    rng: np.random.Generator
    look_at = Sight.chance

    def __post_init__(self) -> None:
        need_generator(self.rng, "random ties need")

    def key(self, x: Array, origin: Array) -> Array:
        return self.rng.random(x.shape)

    def unit_key(self, keys: Array, unit: Partition, p: float) -> Array:
        """The key of the first entry: uniform whatever the size of the unit."""
        return unit.reduce(keys, lambda rows: rows[:, 0])

    def __str__(self) -> str:
        return "random(rng)"


low_index = LowIndex()
high_index = HighIndex()
by_original = ByOriginal()
adversarial = Adversarial()
all_survive = AllSurvive()
all_die = AllDie()

TIES: dict[str, Ties] = {str(t): t for t in (low_index, high_index, by_original, adversarial, all_survive, all_die)}
"""The rules that need no argument, by name."""
