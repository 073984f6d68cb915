"""What a decision says: the verdict, what was assumed and how that was shown, the witness, the effort."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any, Literal, TypeAlias, final

from sqtheory.alphabet.partition import Shape
from sqtheory.tables import Table, Tabular, json_ready, number

Verdict: TypeAlias = Literal["proved", "refuted", "open"]
How: TypeAlias = Literal["structure", "enumeration", "smt"]
LONGEST = 24
"""Words of one tensor in an answer in words; JSON has all entries."""
Arithmetic: TypeAlias = Literal["rational", "implementation"]
Chance: TypeAlias = Literal["none", "every draw", "expectation"]
"""For what a claim is asked where s or q draw random numbers; ``none`` where they draw none."""


@final
@dataclass(frozen=True)
class Effort:
    """How much a search may spend before it answers ``open``."""

    seconds: float = 4.0
    instances: int = 200_000
    smt_steps: int = 10_000_000
    """Steps of the SMT solver for one question: no clock decides."""
    smt_entries: int = 8
    """Tensors with more entries are not handed to the SMT solver."""
    examples: int = 300
    """Examples of the property-based search."""

    def __post_init__(self) -> None:
        if min(self.seconds, self.instances, self.smt_steps, self.smt_entries, self.examples) < 0:
            raise ValueError(f"an effort is not negative, got {self}")


@final
@dataclass(frozen=True)
class Discharged:
    """One assumption: whether it holds for every tensor of the shape, how that was decided, and why."""

    name: str
    closed: bool
    how: How
    why: str

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {"name": self.name, "closed": self.closed, "how": self.how, "why": self.why}


@final
@dataclass(frozen=True, repr=False)
class Refutation(Tabular):
    """A tensor on which the claim fails, with what both orders make of it; entries in C order.

    ``arithmetic`` is ``rational`` where scales, codes and norms were computed again in rational numbers, and
    ``implementation`` where the outputs of the float64 operators, as exact rational numbers, violate the claim.
    """

    shape: Shape
    x: tuple[Fraction, ...]
    sparse: tuple[Fraction, ...]
    """s(x)."""
    prune_first: tuple[Fraction, ...]
    """q(s(x))."""
    image: tuple[Fraction, ...]
    """q(x)."""
    quantize_first: tuple[Fraction, ...]
    """s(q(x))."""
    sentence: str
    """What fails, in numbers."""
    arithmetic: Arithmetic
    found_by: str
    draw: str = ""
    """What chance did, where s or q are random: an outcome of positive probability."""

    def to_dict(self) -> dict[str, Any]:
        """Numbers as strings such as ``23/8``, so that nothing is rounded."""
        names = ("x", "sparse", "prune_first", "image", "quantize_first")
        return {
            "shape": list(self.shape),
            **{name: [str(v) for v in getattr(self, name)] for name in names},
            "fails": self.sentence,
            "arithmetic": self.arithmetic,
            "found_by": self.found_by,
            "draw": self.draw,
        }

    def table(self) -> Table:
        """One line for each tensor, long runs of one number gathered."""
        tensors = {
            "x": self.x,
            "s(x)": self.sparse,
            "q(s(x))": self.prune_first,
            "q(x)": self.image,
            "s(q(x))": self.quantize_first,
        }
        rows = tuple((name, spell(values)) for name, values in tensors.items())
        return Table(("tensor", "entries"), rows, f"{self._title}: {self.sentence}")

    def text(self) -> str:
        """One line for each tensor, and what fails."""
        rows = [f"  {name:<8}= {entries}" for name, entries in self.table().rows]
        draw = [f"  chance: {self.draw}"] if self.draw else []
        return "\n".join([f"{self._title}:", *rows, *draw, f"  {self.sentence}"])

    @property
    def _title(self) -> str:
        how = {
            "rational": "checked in rational arithmetic",
            "implementation": "checked on the exact values of the float64 operators",
        }[self.arithmetic]
        return f"witness of shape {'×'.join(map(str, self.shape))} ({self.found_by}; {how})"

    def __str__(self) -> str:
        return self.text()


@final
@dataclass(frozen=True)
class Spent:
    """What a search cost: tensors tried, seconds, and the largest (left − right)/‖x‖_p that it met."""

    instances: int
    seconds: float
    best_excess: float | None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, ready for JSON."""
        best = None if self.best_excess is None else json_ready(self.best_excess)
        seconds = round(self.seconds, 3)
        return {"instances": self.instances, "seconds": seconds, "best_excess": best, "notes": list(self.notes)}


@final
@dataclass(frozen=True, repr=False)
class Decision(Tabular):
    """The answer to: does the claim hold for every tensor of this shape under this pipeline?"""

    verdict: Verdict
    claim: str
    statement: str
    pipeline: str
    shape: Shape
    theorem: str | None
    """What proves it; None if nothing does, or if the assumptions alone say it."""
    assumptions: tuple[Discharged, ...]
    witness: Refutation | None
    effort: Spent
    chance: Chance = "none"

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        return {
            "claim": self.claim,
            "statement": self.statement,
            "chance": self.chance,
            "shape": list(self.shape),
            "verdict": self.verdict,
            "theorem": self.theorem,
            "assumptions": [a.to_dict() for a in self.assumptions],
            "witness": None if self.witness is None else self.witness.to_dict(),
            "effort": self.effort.to_dict(),
        }

    @property
    def _verdict(self) -> str:
        return f"{self.claim}: {self.verdict}" + (f" by theorem {self.theorem}" if self.theorem else "")

    @property
    def _subject(self) -> str:
        return f"{self.pipeline}, tensors of shape {'×'.join(map(str, self.shape))}"

    def table(self) -> Table:
        """One line for each assumption."""
        rows = tuple((a.name, "yes" if a.closed else "no", a.why, a.how) for a in self.assumptions)
        title = f"{self._verdict}. {self.statement}; {self._subject}"
        return Table(("assumption", "holds", "because", "decided by"), rows, title)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return "".join(table.html() for table in self._tables)

    def _repr_latex_(self) -> str:
        return "\n".join(table.latex() for table in self._tables)

    @property
    def _tables(self) -> list[Table]:
        return [self.table(), *([] if self.witness is None else [self.witness.table()])]

    def text(self) -> str:
        """The answer in words, one line for each assumption."""
        asked = {"none": "", "every draw": "  asked of every draw", "expectation": "  asked of the mean over all draws"}
        lines = [self._verdict, f"  {self.statement}", f"  {self._subject}", *filter(None, [asked[self.chance]])]
        width = max((len(a.name) for a in self.assumptions), default=0)
        lines += [f"  {'✓' if a.closed else '✗'} {a.name:<{width}}  {a.why} ({a.how})" for a in self.assumptions]
        if self.witness is not None:
            lines.append(self.witness.text())
        if self.effort.instances:
            best = "" if self.effort.best_excess is None else f", best excess {number(self.effort.best_excess, 4)}"
            lines.append(f"  {self.effort.instances} tensors in {self.effort.seconds:.2f} s{best}")
        return "\n".join(lines + [f"  {note}" for note in self.effort.notes])


def spell(values: tuple[Fraction, ...]) -> str:
    """The numbers in parentheses, runs of four or more equal ones as ``0 × 60``; long fractions as decimals."""
    parts: list[str] = []
    for value, run in groupby(values):
        count = len(list(run))
        word = str(value) if value.denominator < 10_000 else f"{float(value):g}…"
        parts += [f"{word} × {count}"] if count > 3 else [word] * count
    if len(parts) > LONGEST:
        parts = [*parts[: LONGEST - 4], f"… {len(values)} entries"]
    return f"({', '.join(parts)})"
