"""Tools as tables and as plain words."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.traits import IDEMPOTENT, KEEPS_ZERO, MAX_DETERMINED, ODD, Trait
from sqtheory.tables import Table
from sqtheory.tools.tool import Mode, Step, Tool, ZeroFate
from sqtheory.tools.verdicts import ToolVerdict, brief


def tools_table(tools: Sequence[Tool]) -> Table:
    """One line for each tool: what it prunes and quantizes with, in which order, and how its modes are spelled."""
    rows = (
        (
            tool.name,
            tool.title,
            str(tool.guard.can),
            _listed(mode.name for mode in tool.modes),
            f"{sum(not mode.lacks for mode in tool.modes)} of {len(tool.modes)}",
            _listed(map(str, tool.sources)),
        )
        for tool in tools
    )
    return Table(("tool", "what", "order", "modes", "spelled", "measured"), tuple(rows))


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def each_mode(tools: Iterable[Tool]) -> list[Tool]:
    """Every tool in every one of its modes, or in the one that is asked for."""
    return [tool.of_mode(mode.name) for tool in tools for mode in tool.shown]


def zeros_table(tools: Sequence[Tool]) -> Table:
    """One line for each mode: what becomes of zeros, which hypotheses hold, which order it can, whether S→Q is right.

    A dash where a mode has no mask or no format; ``?`` where nothing is known.
    """
    rows = []
    for tool in each_mode(tools):
        verdict = brief(tool)
        rows.append(
            (
                tool.name,
                *properties(tool.mode),
                tie_rule(tool.mode),
                str(tool.guard.can),
                verdict.verdict,
                by(verdict, tool.mode),
            )
        )
    header = ("tool", *PROPERTIES, "ties", "order", "S→Q never worse", "by")
    return Table(header, tuple(rows))


PROPERTIES = ("zeros, mixed", "zeros, one sign", "odd", "by maximum", "idempotent")
"""What a table says of a format."""


def properties(mode: Mode) -> tuple[str, ...]:
    """The cells of ``PROPERTIES``: by the traits of the operator, else as seen on the inputs of its golden file.

    What was seen of blocks of one sign is said of that sign alone.
    """
    step = mode.format
    if step is None:
        return ("–",) * len(PROPERTIES)
    mixed, positive, negative = kept(mode)
    single = _fate(positive) if positive == negative else f"{_fate(positive)} ≥ 0, {_fate(negative)} ≤ 0"
    seen = (step.seen.odd, step.seen.by_maximum, step.seen.idempotent)
    known = (has(mode, trait, one) for trait, one in zip((ODD, MAX_DETERMINED, IDEMPOTENT), seen, strict=True))
    return (_fate(mixed), single, *("?" if one is None else _yes(one) for one in known))


def _fate(zeros: ZeroFate | None) -> str:
    return "?" if zeros is None else str(zeros)


def _yes(known: bool) -> str:
    return "yes" if known else "no"


PROBES = tuple(
    np.array(entries, np.float64)
    for entries in (
        *((7, 7, -7, 1), (7, -7, 7, 1), (-7, 7, -7, 1), (5, 3, 1, 0.5), (-5, -3, -1, -0.5)),
        *((1, 0.3, -0.9, 0.7, -0.2), (-6.1, 0.3, 5.9, -0.7, 2.2), (0.9, 0.33, 0.71, 0.11), (448, -440, 3.3, 0.1)),
    )
)
"""Blocks on which a format without a known trait is tried for it."""


def has(mode: Mode, trait: Trait, seen: bool | None) -> bool | None:
    """Whether the format of a mode has a trait: by its operator, else as it was seen.

    None where the operator is not known to have it and no block of ``PROBES`` shows that it has not.
    """
    q = mode.quantizer()
    if q is None:
        return seen
    return True if trait in q.traits else _fails(q, trait)


@cache
def _fails(q: Quantizer, trait: Trait) -> bool | None:
    """False where some block shows that q has not the trait, else None."""
    return None if all(trait.holds(q, x) for x in PROBES) else False


def kept(mode: Mode) -> tuple[ZeroFate | None, ZeroFate | None, ZeroFate | None]:
    """What becomes of zeros in blocks of both signs, of no negative and of no positive entry."""
    step, q = mode.format, mode.quantizer()
    if step is None or (q is not None and KEEPS_ZERO in q.traits):
        return (ZeroFate.kept,) * 3
    seen = (step.seen.mixed, step.seen.positive, step.seen.negative)
    return seen if q is None else tuple(map(worse, seen, fates(q)))  # type: ignore[return-value]


FATES = (ZeroFate.kept, ZeroFate.residue, ZeroFate.lost)
"""From best to worst."""
RESIDUE = 2.0**-10
"""Zeros that come back as less than this share of the largest entry are back but for rounding."""


def worse(seen: ZeroFate | None, found: ZeroFate) -> ZeroFate | None:
    """Of what was seen and what an operator does on some blocks; None where nothing was seen or lost."""
    if seen is None:
        return None if found is ZeroFate.kept else found
    return max(seen, found, key=FATES.index)


@cache
def fates(q: Quantizer) -> tuple[ZeroFate, ZeroFate, ZeroFate]:
    """The worst that becomes of a zero in small blocks of integers: of both signs, of no negative, of no positive."""
    blocks = [np.array([v, 0, v // 2, 1], np.float32) for v in range(1, 100)]
    mixed, positive, negative = (
        max(float(np.abs(q(x * signs)[1]) / np.abs(x[0])) for x in blocks) for signs in ((1, 1, 1, -1), 1, -1)
    )
    return tuple(FATES[(share > 0) + (share > RESIDUE)] for share in (mixed, positive, negative))  # type: ignore[return-value]


def tie_rule(mode: Mode) -> str:
    """Which of equal entries survive."""
    s = mode.sparsifier()
    if mode.mask is None:
        return "–"
    if s is None:
        return mode.mask.because
    return str(s.ties) if s.ranks else "its own order"


def modes_table(tool: Tool) -> Table:
    """One line for each mode of a tool, or for the one that is asked for."""
    rows = tuple(
        (
            mode.name,
            mode.says,
            _spelled(mode.mask),
            _spelled(mode.format),
            mode.counts or "–",
            mode.axis,
            mode.score or "–",
        )
        for mode in tool.shown
    )
    return Table(("mode", "what", "mask", "format", "n counts", "axis", "ranked in"), rows)


def _spelled(step: Step | None) -> str:
    if step is None:
        return "–"
    if step.spelling is None:
        return f"none: {step.lacks}"
    return f"{step}, but for {step.differ} of {step.of} entries: {step.because}" if step.differ else str(step)


def by(verdict: ToolVerdict, mode: Mode) -> str:
    """What decides; of an operator that is not bit for bit the tool, in what share of entries it is not."""
    if verdict.decision is None or not mode.apart:
        return verdict.by
    shares = " and ".join(f"{100 * float(step.share):.2g} %" for step in mode.steps if step.differ)
    return f"{verdict.by} (of the operator: {shares} of entries are apart)"


def hypotheses_table(tools: Sequence[Tool]) -> Table:
    """One line for each tool in its mode: assumptions of the theorem that hold and that fail, and what decides."""
    rows = []
    for tool in tools:
        one = brief(tool)
        assumed = () if one.decision is None else one.decision.assumptions
        rows.append(
            (
                one.tool,
                one.mask,
                one.format,
                ", ".join(a.name for a in assumed if a.closed) or "–",
                ", ".join(a.name for a in assumed if not a.closed) or "–",
                one.verdict,
                by(one, tool.mode),
            )
        )
    title = "‖x − q(s(x))‖ ≤ ‖x − s(q(x))‖ for every tensor?"
    return Table(("mode", "mask", "format", "keeps", "breaks", "S→Q never worse", "by"), tuple(rows), title)


def tool_parts(tool: Tool) -> list[Table | str]:
    """The record of a tool: sentences, its modes, the hypotheses of the theorem on order; of one mode the decision."""
    said = [f"{tool.title} ({_listed(map(str, tool.sources))}).", f"Order: {tool.guard.can}; {tool.guard.otherwise}."]
    if tool.chosen is not None and tool.chosen.note:
        said.append(f"{tool.chosen.note}.")
    if tool.chosen is not None and tool.chosen.format is not None:
        mixed, single, *_ = properties(tool.chosen)
        said.append(f"Zeros of blocks of both signs: {mixed}; of one sign: {single}.")
    parts: list[Table | str] = [" ".join(said), modes_table(tool)]
    parts.append(brief(tool).text() if tool.chosen else hypotheses_table(each_mode([tool])))
    if tool.surprises:
        parts.append(f"Of {tool.own}:\n" + "\n".join(f"- {one}" for one in tool.surprises))
    return parts


def tool_dict(tool: Tool) -> dict[str, Any]:
    """The record without what is decided, ready for JSON."""
    return {
        "name": tool.name,
        "title": tool.title,
        "sources": [{"package": one.package, "version": one.version, "ran": one.ran} for one in tool.sources],
        "order": {"can": tool.guard.can.name, "otherwise": tool.guard.otherwise},
        "surprises": list(tool.surprises),
        "modes": [_mode_dict(mode) for mode in tool.shown],
    }


def _mode_dict(mode: Mode) -> dict[str, Any]:
    named = dict(zip(PROPERTIES, properties(mode), strict=True))
    return {
        "name": mode.name,
        "says": mode.says,
        "mask": _step_dict(mode.mask),
        "format": _step_dict(mode.format),
        "n_counts": mode.counts,
        "axis": mode.axis,
        "score": mode.score,
        "note": mode.note,
        "ties": tie_rule(mode),
        "properties": named if mode.format is not None else {},
    }


def _step_dict(step: Step | None) -> dict[str, Any] | None:
    if step is None:
        return None
    told = {"spelling": step.spelling, "differ": step.differ, "of": step.of, "because": step.because}
    return told if step.nearest is None else told | {"nearest": step.nearest}
