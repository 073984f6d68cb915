"""Which tensors of a checkpoint are asked about, and under which pipelines: a grid on all, or the rules of a recipe."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, final

from sqtheory.alphabet.operators import Operator
from sqtheory.api import operators
from sqtheory.api.given import Format, Mask, PathLike, TieRule, Words, several, words
from sqtheory.api.sight import choose
from sqtheory.execution.assignment import Assignment
from sqtheory.execution.rules import Rules
from sqtheory.execution.selection import Selection
from sqtheory.files.checkpoints import Checkpoint, TensorInfo
from sqtheory.files.statistics import Statistics
from sqtheory.files.targets import Chooser, Targets
from sqtheory.files.views.axes import Axes

if TYPE_CHECKING:
    from sqtheory.methods import Work
    from sqtheory.tools import Tool

RecipeFile: TypeAlias = PathLike | Rules
"""Rules, or the TOML file that they are read from."""


@final
@dataclass(frozen=True)
class Job:
    """Every pipeline of ``grid`` on every one of ``tensors``, as ``rule`` (counted from 1) of a recipe has it."""

    grid: tuple[Assignment, ...]
    tensors: tuple[TensorInfo, ...]
    rule: int | None = None

    def shapes(self, chosen: Selection) -> list[tuple[int, ...]]:
        """The shapes of those of its tensors that are still worked on."""
        return [info.shape for info in self.tensors if info.name not in chosen.left]


class Pipelines(ABC):
    """What is asked of a checkpoint."""

    chosen: Targets
    rules: Rules | None

    @property
    @abstractmethod
    def rule(self) -> Chooser:
        """Which tensors are targets."""

    @abstractmethod
    def operators(self, info: TensorInfo) -> Sequence[Operator]:
        """What a target must fit."""

    @abstractmethod
    def jobs(self, taken: Sequence[TensorInfo]) -> tuple[Job, ...]:
        """What is computed of the targets."""

    def choose(
        self, source: Checkpoint, axis: Sequence[str], *, known: Statistics | None, strict: bool
    ) -> tuple[Checkpoint, Selection]:
        """``sight.choose`` for what is asked, where ``axis`` says which axes are reduced."""
        return choose(source, self.rule, Axes.parse(axis), self.operators, known=known, strict=strict)


@final
@dataclass(frozen=True)
class GridPipelines(Pipelines):
    """Every mask with every format, on the targets."""

    grid: tuple[Assignment, ...]
    chosen: Targets
    rules = None

    @property
    def rule(self) -> Chooser:
        return self.chosen

    def operators(self, info: TensorInfo) -> Sequence[Operator]:
        return [op for one in self.grid for op in one.pattern]

    def jobs(self, taken: Sequence[TensorInfo]) -> tuple[Job, ...]:
        shapes = {info.name: info.shape for info in taken}
        return (Job(tuple(one.on(shapes) for one in self.grid), tuple(taken)),)


@final
@dataclass(frozen=True)
class RuledPipelines(Pipelines):
    """The mask with the format of each rule, on the tensors that it takes."""

    rules: Rules
    pairs: tuple[tuple[Assignment, ...], ...]
    """The pipeline of each rule; none where it leaves tensors alone."""
    chosen = Targets()

    @property
    def rule(self) -> Chooser:
        return self.rules

    def operators(self, info: TensorInfo) -> Sequence[Operator]:
        place = self.rules.choice(info)
        return [] if place is None else [op for one in self.pairs[place] for op in one.pattern]

    def jobs(self, taken: Sequence[TensorInfo]) -> tuple[Job, ...]:
        each = enumerate(zip(self.pairs, self.rules.by_rule(taken), strict=True), 1)
        return tuple(Job(pair, infos, number) for number, (pair, infos) in each if pair and infos)

    def choose(
        self, source: Checkpoint, axis: Sequence[str], *, known: Statistics | None, strict: bool
    ) -> tuple[Checkpoint, Selection]:
        said = self.rules.axes(source.tensors)
        return super().choose(source, (*said, *axis), known=known, strict=strict)


def pipelines_of(
    masks: Mask | Iterable[Mask],
    formats: Format | Iterable[Format],
    recipe: RecipeFile | None,
    *,
    ties: TieRule | None,
    norm: float,
    seed: int,
    targets: Words,
    ignore: Words,
    known: Statistics | None,
    method: "Work | None" = None,
    tool: "Tool | None" = None,
) -> Pipelines:
    """Read what is asked. Raises SpellingError, and ValueError for a recipe beside what it says itself."""
    read, quantizers = operators.of_tool(tool, several(masks), several(formats))
    chosen = Targets(words(targets), words(ignore))
    if recipe is None:
        if not (read and quantizers):
            if tool is not None:
                lacking = "format" if read else "mask"
                raise ValueError(f"--tool {tool.spelled} has no {lacking}: --{lacking} is needed beside it")
            raise ValueError("--mask and --format are needed, or --recipe")
        pairs = operators.grid(read, quantizers, ties=ties, norm=norm, seed=seed, known=known, method=method)
        return GridPipelines(pairs, chosen)
    check_alone(any((read, quantizers, ties, chosen.include, chosen.ignore, method)))
    rules = rules_of(recipe)
    awaiting = [operators.awaits(rule.mask) for rule in rules.rules]
    if known is not None and not any(awaiting):
        raise ValueError("--statistics are given, but no rule has a mask that awaits any")
    ruled = (
        () if rule.leave else operators.grid([rule.mask], [rule.format], seed=seed, known=known if awaits else None)
        for rule, awaits in zip(rules.rules, awaiting, strict=True)
    )
    return RuledPipelines(rules, tuple(ruled))


def rules_of(recipe: RecipeFile) -> Rules:
    """The rules, read where a file is named."""
    if isinstance(recipe, Rules):
        return recipe
    from sqtheory.execution.recipe_file import read_rules

    return read_rules(recipe)


def check_alone(more: bool) -> None:
    """Raise ValueError where there is more than a recipe."""
    if more:
        raise ValueError("a recipe says masks, formats, orders and targets itself: leave those options out")
