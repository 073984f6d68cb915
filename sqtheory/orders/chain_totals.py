"""Reports on the orders of one chain, of several tensors together: norms over all entries, counts, sentences."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqtheory.orders.chain import ChainReport, Placing, accorded, spell_ties
from sqtheory.orders.errors import norm
from sqtheory.tables import Table, counted, share, short

Named = tuple[str, ChainReport]
"""A report and the name of its tensor."""


def chain_total(reports: Sequence[ChainReport]) -> ChainReport:
    """Norms over all entries, (Σ_t ‖·‖_p^p)^{1/p}; ties added up.

    The orders of least error are those that win on every tensor, or else have the least of these norms. The shape is
    that of no tensor, a count: (tensors,). Raises ValueError where there is no report.
    """
    if not reports:
        raise ValueError("there is no tensor whose orders could be added up")
    first = reports[0]
    places = range(len(first.placings))
    together = [
        Placing(
            first.placings[i].word,
            norm([r.placings[i].error for r in reports], first.p),
            tuple(map(sum, zip(*(r.placings[i].ties for r in reports), strict=True))),
        )
        for i in places
    ]
    always = [one.word for one in together if all(one.word in r.winners for r in reports)]
    least = min(one.error for one in together)
    won = always or [one.word for one in together if one.error == least]
    return replace(
        first,
        shape=(len(reports),),
        x_norm=norm([r.x_norm for r in reports], first.p),
        s=norm([r.s for r in reports], first.p),
        q=norm([r.q for r in reports], first.p),
        placings=accorded(together, won),
        winners=tuple(won),
        open=tuple(dict.fromkeys(name for r in reports for name in r.open)),
    )


def chain_table(shown: Sequence[Named], reports: Sequence[ChainReport]) -> Table:
    """One line for each shown tensor and a total over all; errors in percent of ‖x‖_p, ties for each order in turn."""
    total = chain_total(reports)
    words = [one.word for one in total.placings]
    header = ("tensor", "shape", "S %", "Q %", *(f"{word} %" for word in words), "tied at the cut", "least", "by")
    lines = [(short(name), "×".join(map(str, r.shape)), *_cells(r), " = ".join(r.winners), _by(r)) for name, r in shown]
    return Table(header, (*lines, ("total", "", *_cells(total), " = ".join(total.winners), "")), total.chain)


def chain_sentences(reports: Sequence[ChainReport]) -> list[str]:
    """Which order errs least on how many tensors, by which theorem, and what ties are."""
    every = counted(len(reports), "tensor")
    won = Counter(word for r in reports for word in r.winners)
    lines = [
        f"Of {every} the least error has "
        + ", ".join(f"{one.word} in {won[one.word]}" for one in reports[0].placings)
        + " (several where they agree)."
    ]
    broken = Counter(name for r in reports for name in r.open)
    if broken:
        lines += [
            f"No theorem puts the mask first in {counted(n, 'tensor')}: not {name}." for name, n in broken.items()
        ]
    else:
        lines.append(
            "The mask first cannot lose here (theorem first_is_best): under the mask each quantizer keeps its "
            "scales, zero and the order of magnitudes, and every group has one scale of each."
        )
    words = ", ".join(one.word for one in reports[0].placings)
    lines.append(f"Tied at the cut: groups in which the tie rule decides, for {words} in turn, + between masks.")
    return lines


def _cells(of: ChainReport) -> tuple[str, ...]:
    errors = (of.s, of.q, *(one.error for one in of.placings))
    ties = " / ".join(spell_ties(one.ties) for one in of.placings)
    return (*(share(value, of.x_norm) for value in errors), ties)


def _by(of: ChainReport) -> str:
    return f"not {', '.join(of.open)}" if of.open else "first_is_best"
