"""What is true of a tool's order for every tensor: decided on its operators, or open with the reason."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.notation import MASK, parse_as
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.theory.decide import Decision, Effort, decide
from sqtheory.theory.decide.questions import question, usual_norm
from sqtheory.tools.tool import Tool

USUAL_MASK, USUAL_FORMAT = "2:4", "int4:b32"
"""Asked with a tool that has no mask, or no format."""
CLAIM = "sq_never_worse"
"""What a verdict on the order is about."""
BRIEF = Effort(seconds=60.0, instances=100, smt_steps=0, smt_entries=0, examples=0)
"""What is spent on one line of a table of all tools: no clock and no solver decides."""


FIRST: tuple[tuple[float, ...], ...] = (
    *((7, -7, 7), (-7, 7, -7), (7, 7, -7), (7, -7, -7)),
    *((-59, 512, 60), (-7, 7, 9), (6, -5, 5)),
    *((*(1,) * 63, 3), (1, 1, 1, 3, *(1,) * 60)),
    *((2, 1, -1), (14, 9, 9 + 2.0**-21)),
    *((1, 3, 0, 0, 7, 7, 7), (1, 3, 0, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7)),
)
"""Tried before other tensors: equal magnitudes of both signs, entries of uneven codes, groups of two scales.

Then a range that shrinks, a difference that a sum in float32 hides, and groups of which nothing is kept.
"""


@final
@dataclass(frozen=True)
class ToolVerdict:
    """A claim on what a tool does: as it was decided, or why it could not be asked."""

    tool: str
    claim: str
    sentence: str
    mask: str
    format: str
    supplied: str
    """What of both the tool does not say, and what was taken; empty where it says both."""
    decision: Decision | None
    reason: str
    """Why the claim is open, where nothing was decided."""
    apart: str
    """In how many entries the operator is not the tool, and why; empty where bit for bit."""

    @property
    def verdict(self) -> str:
        """proved, refuted or open."""
        return "open" if self.decision is None else self.decision.verdict

    @property
    def by(self) -> str:
        """The theorem, the sentence that a witness gives, or the reason."""
        if self.decision is None:
            return self.reason
        if self.decision.witness is not None:
            return self.decision.witness.sentence
        failed = "; ".join(one.why for one in self.decision.assumptions if not one.closed)
        return self.decision.theorem or f"no theorem: {failed}; and no witness was found"

    def text(self) -> str:
        """The answer in words."""
        if self.decision is None:
            lines = [f"{self.claim}: open", f"  {self.sentence}", f"  {self.tool}: {self.reason}"]
        else:
            lines = [self.decision.text(), f"  {self.tool}"]
        return "\n".join([*lines, *(f"  {said}" for said in (self.supplied, self.apart) if said)])

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        decided = {"claim": self.claim, "statement": self.sentence, "verdict": "open", "reason": self.reason}
        return {
            "tool": self.tool,
            "mask": self.mask,
            "format": self.format,
            "supplied": self.supplied,
            "apart": self.apart,
            **(decided if self.decision is None else self.decision.to_dict()),
        }


def decided(
    tool: Tool,
    claim: str = CLAIM,
    *,
    mask: str | None = None,
    format: str | None = None,
    p: float | None = None,
    shape: Shape | None = None,
    rng: Generator | None = None,
) -> ToolVerdict:
    """Decide a claim on what a tool's mode does, with ``mask`` or ``format`` for what it does not do.

    Raises ValueError for an unknown claim, and for a mask or format beside the tool's own.
    """
    p = usual_norm(claim) if p is None else p
    draws = np.random.default_rng(0) if rng is None else rng
    return _decided(
        tool, claim, mask, format, p, lambda s, q: decide(claim, s, q, p=p, shape=shape, rng=draws, first=FIRST)
    )


def brief(tool: Tool) -> ToolVerdict:
    """``decided`` of the order, with the effort of a line of a table."""
    return _decided(tool, CLAIM, None, None, 2.0, _briefly)


@cache
def _briefly(s: Sparsifier, q: Quantizer) -> Decision:
    return decide(CLAIM, s, q, p=2.0, rng=np.random.default_rng(0), effort=BRIEF, first=FIRST)


def _decided(
    tool: Tool,
    claim: str,
    mask: str | None,
    format: str | None,
    p: float,
    decide_pair: Callable[[Sparsifier, Quantizer], Decision],
) -> ToolVerdict:
    sentence = question(claim, p).sentence
    tool.check_beside(mask, format)
    mode = tool.mode
    s, q = mode.sparsifier(), mode.quantizer()
    supplied = []
    if mode.mask is None:
        s = parse_as(Sparsifier, MASK, mask or USUAL_MASK)
        supplied.append(f"mask {s}")
    if mode.format is None:
        q = parse_as(Quantizer, "format", format or USUAL_FORMAT)
        supplied.append(f"format {q}")
    by = "as is asked" if mask or format else "since the mode has none"
    decision, reason = None, f"no operator here is it: {mode.lacks}"
    if s is not None and q is not None:
        reason = "" if s.score is None or not s.score.awaits else f"its score awaits {s.score.awaits} of the inputs"
        decision = None if reason else decide_pair(s, q)
    return ToolVerdict(
        tool=tool.spelled,
        claim=claim,
        sentence=sentence,
        mask="–" if s is None else str(s),
        format="–" if q is None else str(q),
        supplied=f"asked with {' and '.join(supplied)}, {by}" if supplied else "",
        decision=decision,
        reason=reason,
        apart=mode.apart,
    )
