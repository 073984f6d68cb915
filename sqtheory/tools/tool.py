"""A release of a pruner or a quantizer: what it does to a tensor, as operators of the alphabet, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import Enum
from fractions import Fraction
from typing import final

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier


class ZeroFate(Enum):
    """What becomes of the exact zeros of a block."""

    kept = "kept"
    lost = "lost"
    residue = "to a last bit"

    def __str__(self) -> str:
        return self.value


@final
@dataclass(frozen=True)
class Observed:
    """What was seen of a format on the inputs of its golden file; None where nothing was.

    ``mixed``, ``positive``, ``negative``: zeros of blocks of both signs, of no negative and of no positive entry.
    """

    mixed: ZeroFate | None = None
    positive: ZeroFate | None = None
    negative: ZeroFate | None = None
    odd: bool | None = None
    by_maximum: bool | None = None
    """Masking all but the larger half of every four entries moved no other entry's image."""
    idempotent: bool | None = None


UNSEEN = Observed()
KEEPS = Observed(ZeroFate.kept, ZeroFate.kept, ZeroFate.kept)


@final
@dataclass(frozen=True)
class Step:
    """What a tool does to a tensor, mask or format: its spelling here, and in how many entries it is not that.

    Where there is no operator for it, ``spelling`` is None and ``because`` says what is missing, ``nearest`` what comes
    closest and ``differ`` in how many entries it is not that; where bits differ, ``because`` says why. ``golden``:
    FILE:MODE of what the release made of the test inputs, if it was kept.
    """

    spelling: str | None
    golden: str | None = None
    differ: int = 0
    """Of the entries of its golden file, all inputs together."""
    of: int = 0
    because: str = ""
    seen: Observed = UNSEEN
    nearest: str | None = None

    def __post_init__(self) -> None:
        if (self.spelling is None or self.differ) and not self.because:
            raise ValueError("a step without a spelling, or not bit for bit its spelling, says why")

    @property
    def share(self) -> Fraction:
        """Of entries that differ."""
        return Fraction(self.differ, self.of) if self.of else Fraction(0)

    @property
    def lacks(self) -> str:
        """Why there is no operator for it, and in how many entries the nearest is equal; empty where there is one."""
        if self.spelling is not None:
            return ""
        equal = f"; nearest is {self.nearest}, equal in {self.of - self.differ} of {self.of} entries"
        return self.because + (equal if self.nearest else "")

    def __str__(self) -> str:
        return self.spelling or "–"


def exactly(spelling: str, golden: str | None = None, seen: Observed = UNSEEN) -> Step:
    """Bit for bit, where there is a golden file."""
    return Step(spelling, golden, seen=seen)


def nearly(spelling: str, golden: str, differ: int, of: int, because: str, seen: Observed = UNSEEN) -> Step:
    """But for so many of so many entries, and why."""
    return Step(spelling, golden, differ, of, because, seen)


def missing(
    because: str,
    golden: str | None = None,
    seen: Observed = UNSEEN,
    *,
    nearest: str | None = None,
    differ: int = 0,
    of: int = 0,
) -> Step:
    """No operator here is it; ``nearest`` differs from it in so many of so many entries of its golden file."""
    return Step(None, golden, differ, of, because, seen, nearest)


@final
@dataclass(frozen=True)
class Mode:
    """A setting of a tool, asked for as TOOL:NAME: the mask it makes, the format it rounds to, or both."""

    name: str
    says: str
    mask: Step | None = None
    format: Step | None = None
    counts: str = ""
    """What the n of its n:m or its share counts: entries kept, or pruned."""
    axis: str = "input channels"
    """Along which groups and blocks run."""
    score: str = ""
    """The dtype that entries are ranked in."""
    note: str = ""

    def __post_init__(self) -> None:
        if self.mask is None and self.format is None:
            raise ValueError(f"mode {self.name} does nothing: it has a mask or a format")

    @property
    def steps(self) -> tuple[Step, ...]:
        """The mask and the format, of which there are."""
        return tuple(step for step in (self.mask, self.format) if step is not None)

    @property
    def does(self) -> str:
        """mask, format, or both."""
        return "mask and format" if len(self.steps) == 2 else "format" if self.mask is None else "mask"

    @property
    def lacks(self) -> str:
        """Why there is no operator for it; empty where there is."""
        return "; ".join(step.lacks for step in self.steps if step.lacks)

    @property
    def apart(self) -> str:
        """In how many entries its operators are not the tool, and why; empty where none is known."""
        return "; ".join(
            f"{step} is not it in {step.differ} of {step.of} entries: {step.because}"
            for step in self.steps
            if step.spelling is not None and step.differ
        )

    def sparsifier(self) -> Sparsifier | None:
        """Its mask, parsed; None where it makes none or none is spelled."""
        text = None if self.mask is None else self.mask.spelling
        return None if text is None else parse_as(Sparsifier, "mask", text)

    def quantizer(self) -> Quantizer | None:
        """Its format, likewise."""
        text = None if self.format is None else self.format.spelling
        return None if text is None else parse_as(Quantizer, "format", text)


class CanOrder(Enum):
    """In which order a tool prunes and quantizes."""

    prunes = "prunes only"
    quantizes = "quantizes only"
    sparsify_first = "S→Q only"
    either = "both orders"
    joint = "in one step"

    def __str__(self) -> str:
        return self.value


@final
@dataclass(frozen=True)
class OrderGuard:
    """In which order a tool can, and what it does when it is asked for the other, or given what another pruned."""

    can: CanOrder
    otherwise: str


@final
@dataclass(frozen=True)
class Measured:
    """A release of a package, or a commit of a repository: run, or its source read."""

    package: str
    version: str
    ran: bool = True

    def __str__(self) -> str:
        return f"{self.package} {self.version}" + ("" if self.ran else " (read)")


@final
@dataclass(frozen=True)
class Tool:
    """What a release does to weights. Its first mode is what is meant where none is named."""

    name: str
    title: str
    modes: tuple[Mode, ...]
    guard: OrderGuard
    sources: tuple[Measured, ...]
    surprises: tuple[str, ...] = ()
    """What a good guess gets wrong."""
    chosen: Mode | None = field(default=None, compare=False)

    @property
    def own(self) -> str:
        """Its name, without a mode."""
        return self.name.partition(":")[0]

    @property
    def mode(self) -> Mode:
        """The mode that is asked for, or the first."""
        return self.chosen or self.modes[0]

    @property
    def shown(self) -> tuple[Mode, ...]:
        """The mode that is asked for, or all."""
        return (self.chosen,) if self.chosen else self.modes

    @property
    def spelled_modes(self) -> Mapping[str, Mode]:
        """All modes, as they are asked for."""
        return {f"{self.own}:{mode.name}": mode for mode in self.modes}

    @property
    def spelled(self) -> str:
        """TOOL:MODE, of the mode that is asked for or the first."""
        return f"{self.own}:{self.mode.name}"

    def beside(self) -> str:
        """The mode of like name that does the same by operators, as it is asked for; empty where there is none."""
        known = [mode.name for mode in self.modes if not mode.lacks and mode.does == self.mode.does]
        close = get_close_matches(self.mode.name, known, n=1, cutoff=0.5)
        return f"{self.own}:{close[0]}" if close else ""

    def check_beside(self, mask: object, format: object) -> None:
        """Raise ValueError where a mask or a format is given beside the mode's own."""
        for option, given, step in (("--mask", mask, self.mode.mask), ("--format", format, self.mode.format)):
            if given and step is not None:
                own = step.spelling or "its own, which is no operator here"
                raise ValueError(f"--tool {self.spelled} says {option.strip('-')} {own}: leave {option} out")

    def of_mode(self, name: str) -> "Tool":
        """The tool in one of its modes. Raises ValueError naming those that there are."""
        spelled = f"{self.own}:{name}"
        for known, mode in self.spelled_modes.items():
            if known.lower() == spelled.lower():
                return replace(self, name=known, chosen=mode)
        raise ValueError(f"{self.own} has no mode {name!r}: known are {', '.join(self.spelled_modes)}")
