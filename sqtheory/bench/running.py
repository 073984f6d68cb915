"""The commands of one build, run and noted; what an older one does not know it is not asked again."""

from collections.abc import Sequence
from typing import final

from sqtheory.bench.builds import FINE, USAGE, Build, ProcessCost, Runner
from sqtheory.bench.figures import EIGHTH, FILE, OUT, PACKED, SIZE, SMALL, Command, Figure
from sqtheory.bench.material import Material
from sqtheory.exceptions import WorkerFailed


@final
class Running:
    """What a build took, command by command; outputs go to a folder of its own."""

    def __init__(self, build: Build, engine: str, material: Material, runner: Runner) -> None:
        self.build = build
        self.folder = material.folder / build.name
        self.folder.mkdir()
        self._engine = engine
        self._runner = runner
        self._words = {
            FILE: str(material.file),
            EIGHTH: str(material.eighth),
            SMALL: str(material.small),
            OUT: "out.safetensors",
            PACKED: "packed.safetensors",
            SIZE: str(material.size),
        }
        self._spent: dict[Command, list[ProcessCost]] = {}
        self._plain: set[Command] = set()
        self._unknown: set[Command] = set()

    def run(self, command: Command) -> None:
        """Run it once more, with the engine named where the build takes that option.

        Raises WorkerFailed if it fails, unless an old build does not know the verb, an option or an operator.
        """
        if command in self._unknown:
            return
        words = [self._words.get(word, word) for word in command.words]
        ways = [words] if not command.engine or command in self._plain else [[*words, "--engine", self._engine], words]
        for way in ways:
            spent = self._runner(way, self.build.folder, self.folder)
            if spent.status != USAGE:
                break
            if len(ways) > 1:
                self._plain.add(command)
        if spent.status in FINE:
            self._spent.setdefault(command, []).append(spent)
        elif spent.status == USAGE and self.build.old:
            self._unknown.add(command)
        else:
            raise WorkerFailed(f"the {self.build.name} build, {' '.join(way[1:])}: {spent.last}")

    def least(self, figure: Figure) -> float | None:
        """The figure of this build; None where it does not know what was asked."""
        return None if self._unknown & set(figure.commands) else figure.of(self._spent)


def needed(figures: Sequence[Figure]) -> tuple[Command, ...]:
    """What must run, each once, after what it needs."""
    listed = [command for figure in figures for command in figure.commands]
    return tuple(dict.fromkeys(c for command in listed for c in (command.after, command) if c is not None))
