"""Which tensors of a checkpoint are asked about, and under which pipelines: a grid on all, or the rules of a recipe."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

from sqtheory.api import operators
from sqtheory.api.given import Format, Mask, PathLike, TieRule, Words, several, words
from sqtheory.execution.assignment import Assignment
from sqtheory.execution.recipe_file import read_rules
from sqtheory.execution.rules import Rules
from sqtheory.files.checkpoints import Checkpoint, TensorInfo
from sqtheory.files.statistics import Statistics
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.seeing import seen

RecipeFile: TypeAlias = PathLike | Rules
"""Rules, or the TOML file that they are read from."""
Split: TypeAlias = tuple[list[TensorInfo], list[tuple[TensorInfo, str]]]
"""The targets, and the others with their reasons."""


@final
@dataclass(frozen=True)
class Job:
    """Every pipeline of ``grid`` on every one of ``tensors``, as ``rule`` (counted from 1) of a recipe has it."""

    grid: tuple[Assignment, ...]
    tensors: tuple[TensorInfo, ...]
    rule: int | None = None


class Question(ABC):
    """What is asked of a checkpoint."""

    chosen: Targets
    rules: Rules | None

    @abstractmethod
    def split(self, tensors: Iterable[TensorInfo]) -> Split:
        """The targets, and the others with their reasons. Raises InputRefused as ``Targets.split``."""

    def seen(self, checkpoint: Checkpoint, axes: Axes) -> Checkpoint:
        """The checkpoint with its targets as the matrices that their layers use."""
        return seen(checkpoint, self, axes, apart=True)

    @abstractmethod
    def reason_to_skip(self, tensor: TensorInfo) -> str | None:
        """Why a tensor is left alone; None for a target."""

    @abstractmethod
    def jobs(self, taken: Sequence[TensorInfo]) -> tuple[Job, ...]:
        """What is computed of the targets."""


@final
@dataclass(frozen=True)
class GridQuestion(Question):
    """Every mask with every format, on the targets."""

    grid: tuple[Assignment, ...]
    chosen: Targets
    rules = None

    def split(self, tensors: Iterable[TensorInfo]) -> Split:
        return self.chosen.split(tensors)

    def reason_to_skip(self, tensor: TensorInfo) -> str | None:
        return self.chosen.reason_to_skip(tensor)

    def jobs(self, taken: Sequence[TensorInfo]) -> tuple[Job, ...]:
        return (Job(self.grid, tuple(taken)),)


@final
@dataclass(frozen=True)
class RuledQuestion(Question):
    """The mask with the format of each rule, on the tensors that it takes."""

    rules: Rules
    pairs: tuple[tuple[Assignment, ...], ...]
    """The pipeline of each rule; none where it leaves tensors alone."""
    chosen = Targets()

    def split(self, tensors: Iterable[TensorInfo]) -> Split:
        return self.rules.split(tensors)

    def reason_to_skip(self, tensor: TensorInfo) -> str | None:
        return self.rules.reason_to_skip(tensor)

    def jobs(self, taken: Sequence[TensorInfo]) -> tuple[Job, ...]:
        each = enumerate(zip(self.pairs, self.rules.by_rule(taken), strict=True), 1)
        return tuple(Job(pair, infos, number) for number, (pair, infos) in each if pair and infos)


def question(
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
) -> Question:
    """Read what is asked. Raises SpellingError, and ValueError for a recipe beside what it says itself."""
    read: tuple[Mask, ...] = several(masks)
    quantizers: tuple[Format, ...] = several(formats)
    chosen = Targets(words(targets), words(ignore))
    if recipe is None:
        if not (read and quantizers):
            raise ValueError("--mask and --format are needed, or --recipe")
        return GridQuestion(operators.grid(read, quantizers, ties=ties, norm=norm, seed=seed, known=known), chosen)
    check_alone(any((read, quantizers, ties, chosen.include, chosen.ignore)))
    rules = rules_of(recipe)
    awaiting = [operators.awaits(rule.mask) for rule in rules.rules]
    if known is not None and not any(awaiting):
        raise ValueError("--statistics are given, but no rule has a mask that awaits any")
    pairs = (
        () if rule.leave else operators.grid([rule.mask], [rule.format], seed=seed, known=known if awaits else None)
        for rule, awaits in zip(rules.rules, awaiting, strict=True)
    )
    return RuledQuestion(rules, tuple(pairs))


def rules_of(recipe: RecipeFile) -> Rules:
    """The rules, read where a file is named."""
    return recipe if isinstance(recipe, Rules) else read_rules(recipe)


def check_alone(more: bool) -> None:
    """Raise ValueError where there is more than a recipe."""
    if more:
        raise ValueError("a recipe says masks, formats, orders and targets itself: leave those options out")
