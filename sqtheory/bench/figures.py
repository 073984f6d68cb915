"""What is read off processes that ran: a time, a memory, a ratio that they printed; the least of the rounds."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

from sqtheory.bench.builds import ProcessCost

FILE, EIGHTH, SMALL, OUT, PACKED, SIZE = "{file}", "{eighth}", "{small}", "{out}", "{packed}", "{size}"
"""Words of a command that stand for a file of the size that is asked for, one of an eighth of it, one of 100 KB, two
outputs, and the size."""


@final
@dataclass(frozen=True)
class Command:
    """What Python is asked to do; ``engine`` says whether the engine is named where the build has a choice of it."""

    words: tuple[str, ...]
    engine: bool = True
    after: "Command | None" = None
    """What must have run before, for its output."""


Ledger: TypeAlias = Mapping[Command, Sequence[ProcessCost]]
"""Every command with what it took in each round."""


class Figure(ABC):
    """A number read off a ledger."""

    @property
    @abstractmethod
    def commands(self) -> tuple[Command, ...]:
        """What must have run."""

    @property
    def scale(self) -> tuple[str, float]:
        """The unit in which it is shown, and how much one of it is."""
        return "s", 1.0

    @abstractmethod
    def of(self, ledger: Ledger) -> float:
        """The number, in seconds, bytes or times."""


@final
@dataclass(frozen=True)
class Processor(Figure):
    """Seconds of all cores for the whole process."""

    command: Command

    @property
    def commands(self) -> tuple[Command, ...]:
        """The one."""
        return (self.command,)

    def of(self, ledger: Ledger) -> float:
        """The least."""
        return min(s.processor for s in ledger[self.command])


@final
@dataclass(frozen=True)
class Elapsed(Figure):
    """Seconds from the start of the process to its end."""

    command: Command

    @property
    def commands(self) -> tuple[Command, ...]:
        """The one."""
        return (self.command,)

    def of(self, ledger: Ledger) -> float:
        """The least."""
        return min(s.elapsed for s in ledger[self.command])


@final
@dataclass(frozen=True)
class Memory(Figure):
    """Bytes that a process held at most, beyond another that has less to do and imports the same."""

    command: Command
    idle: Command

    @property
    def commands(self) -> tuple[Command, ...]:
        """Both."""
        return (self.command, self.idle)

    @property
    def scale(self) -> tuple[str, float]:
        """Mebibytes."""
        return "MiB", 2.0**20

    def of(self, ledger: Ledger) -> float:
        """The least, less the least of the other."""
        return float(min(s.peak for s in ledger[self.command]) - min(s.peak for s in ledger[self.idle]))


@final
@dataclass(frozen=True)
class Told(Figure):
    """A ratio that the verb ``bench`` of the build prints: of one of its cases, or of one of its comparisons."""

    command: Command
    case: str

    @property
    def commands(self) -> tuple[Command, ...]:
        """The one."""
        return (self.command,)

    @property
    def scale(self) -> tuple[str, float]:
        """Times what it is compared with."""
        return "×", 1.0

    def of(self, ledger: Ledger) -> float:
        """The least of the rounds."""
        return min(self._ratio(json.loads(s.out)) for s in ledger[self.command])

    def _ratio(self, said: dict[str, list[dict[str, float | str]]]) -> float:
        listed = said.get("cases", []) + said.get("comparisons", [])
        return float(next(entry["ratio"] for entry in listed if entry["name"] == self.case))


@final
@dataclass(frozen=True)
class Fixed(Figure):
    """A number that takes no measuring: the bytes of a tensor, one second, one."""

    value: float

    @property
    def commands(self) -> tuple[Command, ...]:
        """None."""
        return ()

    def of(self, ledger: Ledger) -> float:
        """Itself."""
        return self.value
