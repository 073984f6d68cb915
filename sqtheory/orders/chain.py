"""Every order of the masks and quantizers of a chain on one tensor: errors, ties at the cut, winners."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.operators import Operator, chained
from sqtheory.alphabet.partition import Shape
from sqtheory.arrays import Array, ArrayLike, as_real
from sqtheory.exceptions import NonFinite, first_at
from sqtheory.orders.errors import change, norm_of
from sqtheory.orders.errors import norm as norm_over
from sqtheory.orders.letters import Letters, Word
from sqtheory.tables import Table, Tabular, json_ready, json_text, number, share

Ties: TypeAlias = tuple[int, ...]
"""Groups tied at the cut, of each mask in turn."""


@final
@dataclass(frozen=True)
class Placing:
    """One order of the letters of a chain on one tensor."""

    word: str
    """As ``Q₁→S→Q₂``."""
    error: float
    ties: Ties
    """Groups of which the scores tie at the cut in what each mask is given, so that the tie rule decides."""

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        return {"order": self.word, "error": json_ready(self.error), "ties": list(self.ties)}


@final
@dataclass(frozen=True, repr=False)
class ChainReport(Tabular):
    """What each order of the letters of a chain costs on one tensor in one p-norm.

    >>> report = compare_chain([7, 3.4, 3.1, 1], "int4 >> 2:4 >> mxfp4", p=1)
    >>> [(one.word, one.error) for one in report.placings], report.winners
    ([('S→Q₁→Q₂', 5.5), ('Q₁→S→Q₂', 5.5), ('Q₁→Q₂→S', 5.5)], ('S→Q₁→Q₂', 'Q₁→S→Q₂', 'Q₁→Q₂→S'))
    """

    p: float
    chain: str
    """As it was asked for."""
    asked: str
    """The order it has itself."""
    shape: Shape
    x_norm: float
    s: float
    """The error of its masks alone, in their order."""
    q: float
    """The error of its quantizers alone, in their order."""
    placings: tuple[Placing, ...]
    """Masks first, …, masks last."""
    winners: tuple[str, ...]
    """The orders of least error; decided on the entries in which results differ."""
    open: tuple[str, ...]
    """What theorem ``first_is_best`` assumes and not every tensor of the shape has; nothing where it applies."""

    @property
    def guarantee_broken(self) -> bool:
        """The mask first lost although a theorem forbids it: a fault of this program, never of the data."""
        return not self.open and self.placings[0].word not in self.winners

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        return {
            "shape": list(self.shape),
            "chain": self.chain,
            "norm": json_ready(self.p),
            "x_norm": json_ready(self.x_norm),
            "errors": {"s": json_ready(self.s), "q": json_ready(self.q)},
            "orders": [one.to_dict() for one in self.placings],
            "winners": list(self.winners),
            "theorem": None if self.open else "first_is_best",
            "open": list(self.open),
        }

    def to_json(self) -> str:
        """The same as one JSON object; numbers that are not finite as strings."""
        return json_text(self.to_dict())

    def table(self) -> Table:
        """One line for each order: its error, the share of ‖x‖, the groups tied at each cut."""
        rows = [("S only", self.s, ""), ("Q only", self.q, "")]
        rows += [(one.word, one.error, spell_ties(one.ties)) for one in self.placings]
        cells = tuple((name, number(v, 6), share(v, self.x_norm), ties) for name, v, ties in rows)
        size = f"‖·‖_{spell_norm(self.p)}"
        won = " = ".join(self.winners)
        title = f"{self.chain} on {'×'.join(map(str, self.shape))}: least error {won}"
        return Table(("error of", size, "% of ‖x‖", "tied at the cut"), cells, title)


def spell_ties(ties: Ties) -> str:
    """Groups tied at the cut of each mask in turn."""
    return " + ".join(map(str, ties))


def compare_chain(x: ArrayLike, chain: Operator | str, p: float = 2.0) -> ChainReport:
    """‖x − y‖_p for the result y of every order of the masks and quantizers of a chain, each kind in its own order.

    x: any real tensor; p in (0, ∞]. Raises as ``Letters`` and what the operators raise.
    """
    return chain_report(as_real(x), Letters.of(chain), p)


def chain_report(x: Array, letters: Letters, p: float = 2.0) -> ChainReport:
    """The ChainReport of letters on a tensor, by their definition: no more than a tensor for each letter is held.

    ``winners`` are exact for p = 1, 2, 3, …; for other p, differences below the rounding of the powers count as equal.
    """
    p = check_norm(p)
    results, best, won = list[Placing](), x, list[str]()
    for word, y, ties in _results(x, letters):
        placed = Placing(letters.spelled(word), _error(x, y, p), ties)
        lead = -1 if not won else _lead(x, best, y, p, results, placed, won[0])
        if lead < 0:
            best, won = y, []
        won += [placed.word] * (lead <= 0)
        results.append(placed)
    s, q = (_error(x, chained(kind)(x), p) for kind in (letters.masks, letters.quantizers))
    asked, size = letters.spelled(letters.asked), norm_over(x, p)
    placings = accorded(results, won)
    return ChainReport(
        p, str(letters), asked, x.shape, size, s, q, placings, tuple(won), letters.open_premises(x.shape, p)
    )


def accorded(placings: Sequence[Placing], won: Sequence[str]) -> tuple[Placing, ...]:
    """The norms in accord with the winners, which are the finer verdict: all of one norm, no other below it."""
    least = min(one.error for one in placings if one.word in won)
    return tuple(Placing(one.word, least if one.word in won else max(one.error, least), one.ties) for one in placings)


def _results(x: Array, letters: Letters) -> Iterator[tuple[Word, Array, Ties]]:
    """Every word with its result and its ties; what words begin with in common is computed once."""

    def grow(done: Word, y: Array, ties: Ties) -> Iterator[tuple[Word, Array, Ties]]:
        k = sum(done)
        r = len(done) - k
        if len(done) == len(letters.asked):
            yield done, y, ties
            return
        if k < len(letters.masks):
            s = letters.masks[k]
            drawn = s.score is not None and s.score.is_drawn
            tied = 0 if drawn else s.tied_groups(y)
            yield from grow((*done, True), s.apply(y, x), (*ties, tied))
        if r < len(letters.quantizers):
            image = letters.quantizers[r].apply(y, x)
            _require_finite(image, letters, (*done, False))
            yield from grow((*done, False), image, ties)

    yield from grow((), x, ())


def _require_finite(y: Array, letters: Letters, done: Word) -> None:
    if not np.isfinite(y).all():
        where = first_at(~np.isfinite(y))
        made = chained(letters.operators(done))
        raise NonFinite(f"{made} makes {y[where]} of entry {where}: it has no error")


def _error(x: Array, y: Array, p: float) -> float:
    flat, made = x.reshape(-1), y.reshape(-1)
    return norm_of(lambda cut: flat[cut].astype(np.float64) - made[cut], flat.size, p)


def _lead(x: Array, best: Array, y: Array, p: float, known: Sequence[Placing], placed: Placing, winner: str) -> float:
    """Below 0 where y has the smaller error, 0 where neither has."""
    if p < np.inf:
        return float(np.sign(float(change(x, best, y, p))))
    least = next(one.error for one in known if one.word == winner)
    return placed.error - least
