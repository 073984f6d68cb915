"""Masks, formats and tie rules as a call is given them, and the pipelines that they make."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.notation import MASK, parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.ties import Adversarial, Ties
from sqtheory.api.given import Format, Mask, TieRule
from sqtheory.exceptions import need
from sqtheory.execution.assignment import Assignment, Spelled, awaited, bound, check_awaits_none
from sqtheory.files.statistics import Statistics

if TYPE_CHECKING:
    from sqtheory.methods import Work
    from sqtheory.tools import Tool


def mask(given: Mask, ties: Ties | None, rng: Generator, *, calibrated: bool = False) -> Sparsifier:
    """Read a mask; ``ties`` replaces the tie rule it is written with, ``rng`` is what it may name.

    Raises ValueError for one that awaits statistics of inputs, unless ``calibrated``: then they can be given.
    """
    s = parse_as(Sparsifier, MASK, given, {"rng": rng})
    need(s, Sparsifier, "a mask")
    if not calibrated:
        check_awaits_none(s)
    return s if ties is None else s.with_ties(ties)


def quantizer(given: Format, rng: Generator) -> Quantizer:
    """Read a quantizer; ``rng`` is what it may name."""
    q = parse_as(Quantizer, "format: try int4, int4:b32, hbfp6, mxfp4 or nvfp4", given, {"rng": rng})
    need(q, Quantizer, "a format")
    return q


def tie_rule(given: TieRule, p: float, rng: Generator) -> Ties:
    """Read a tie rule; ``adversarial`` alone is the worst for the norm p, ``rng`` is what it may name."""
    if given == "adversarial":
        return Adversarial(p)
    rule = parse_as(Ties, "tie rule", given, {"rng": rng})
    need(rule, Ties, "ties=")
    return rule


def grid(
    masks: Sequence[Mask],
    formats: Sequence[Format],
    *,
    ties: TieRule | None = None,
    norm: float = 2.0,
    seed: int = 0,
    known: Statistics | None = None,
    method: "Work | None" = None,
) -> tuple[Assignment, ...]:
    """Every mask with every format, each once, told the statistics that it awaits, by a method where there is one.

    What is given as text draws from generators made of the seed and the name of a tensor; of operators each generator
    is asked once, for a seed. Raises SpellingError, and ValueError where statistics are missing or not awaited.
    """
    rng = np.random.default_rng(seed)
    rule = None if ties is None else tie_rule(ties, norm, rng)
    read = [mask(one, rule, rng, calibrated=True) for one in masks]
    quantizers = [quantizer(one, rng) for one in formats]
    found: Iterable[Assignment]
    if all(isinstance(one, str) for one in (*masks, *formats)):
        found = [Spelled(s, q, seed) for s, q in product(distinct(read), distinct(quantizers))]
    else:
        found = bound(tuple(dict.fromkeys(read)), tuple(dict.fromkeys(quantizers)))
    pairs: tuple[Assignment, ...] = tuple(found)
    check_awaited(known, (one.pattern[0] for one in pairs), method)
    if any(awaited(one.pattern[0]) is not None for one in pairs):
        from sqtheory.execution.derived import calibrated

        pairs = tuple(calibrated(one, known) for one in pairs)
    return pairs if method is None else tuple(method.assigned(one, known) for one in pairs)


def awaits(text: str) -> bool:
    """Whether a mask awaits statistics of inputs."""
    return awaited(mask(text, None, np.random.default_rng(0), calibrated=True)) is not None


def check_awaited(known: Statistics | None, masks: Iterable[Sparsifier], method: "Work | None" = None) -> None:
    """ValueError where statistics are given and neither a mask awaits them nor the method needs them."""
    if known is None or (method is not None and method.needs):
        return
    if not any(s.score is not None and s.score.awaits for s in masks):
        said = "no --mask awaits any" if method is None else f"neither --mask nor --method {method.name} awaits any"
        raise ValueError(f"--statistics are given, but {said}: try 'nm(2, 4, score=wanda)'")


def method_of(given: "str | Work | None") -> "Work | None":
    """A published method by its name, or as it is. Raises ValueError naming the closest."""
    if not isinstance(given, str):
        return given
    from sqtheory.methods import find

    return find(given)


def tool_of(given: "str | Tool | None") -> "Tool | None":
    """A tool by its name or TOOL:MODE, or as it is. Raises ValueError naming the closest."""
    if not isinstance(given, str):
        return given
    from sqtheory.tools import find

    return find(given)


def of_tool(
    tool: "Tool | None", masks: tuple[Mask, ...], formats: tuple[Format, ...]
) -> tuple[tuple[Mask, ...], tuple[Format, ...]]:
    """Masks and formats, those of a tool's mode for the ones that it has.

    Raises ValueError where one is given beside the tool's own, and where no operator here is what the mode does.
    """
    if tool is None:
        return masks, formats
    mode = tool.mode
    tool.check_beside(masks, formats)
    if mode.lacks:
        near = tool.beside()
        raise ValueError(
            f"--tool {tool.spelled}: no operator here is it: {mode.lacks}{near and f'; see --tool {near}'}"
        )
    s, q = mode.sparsifier(), mode.quantizer()
    return masks if s is None else (str(s),), formats if q is None else (str(q),)


def distinct(operators: Iterable[object]) -> list[str]:
    """The spelling of each operator once, however often and however spelled it was asked for."""
    return list(dict.fromkeys(map(str, operators)))
