"""What is done to each target by the rules of a recipe file."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, final

from sqtheory.alphabet.norms import check_norm
from sqtheory.compress.recipe import Recipe, Treatment
from sqtheory.execution.assignment import awaited
from sqtheory.execution.rules import RecipeRule, Rules
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.statistics import Statistics
from sqtheory.files.views.view import View
from sqtheory.tables import json_ready

MIXED = "by rule"
"""What is said of an order or a tie rule where rules have several."""


@final
@dataclass(frozen=True)
class RuledRecipe(Treatment):
    """The rules, and the names of the targets that each of them took, of one checkpoint.

    Recorded with the SHA-256 of the rules in their one spelling. Raises ValueError where a rule that leaves tensors
    alone took some, where two rules took one, and where the hash is another.
    """

    rules: tuple[RecipeRule, ...]
    tensors: tuple[tuple[str, ...], ...]
    """The targets of each rule."""
    sha256: str = ""
    norm: float = 2.0
    seed: int = 0
    statistics: str | None = None
    """SHA-256 of the file of statistics that masks await."""
    axes: tuple[str, ...] = ()
    """What is said of axes besides, as ``Axes.parse`` reads it."""
    known: Statistics | None = field(default=None, init=False, repr=False, compare=False)
    views: Mapping[str, View] = field(default_factory=dict, init=False, repr=False, compare=False)
    alike: Mapping[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_norm(self.norm)
        digest = Rules(self.rules).sha256
        if self.sha256 not in ("", digest):
            raise ValueError(f"the SHA-256 of the rules is {digest}, not {self.sha256}")
        if len(self.tensors) != len(self.rules) or any(
            names and rule.leave for rule, names in zip(self.rules, self.tensors, strict=True)
        ):
            raise ValueError("each rule has its own targets, and one that leaves tensors alone has none")
        if len(self._places) < sum(map(len, self.tensors)):
            raise ValueError("two rules took one tensor")
        for name, value in {"norm": float(self.norm), "sha256": digest}.items():
            object.__setattr__(self, name, value)

    @classmethod
    def of_rules(cls, rules: Rules, *, norm: float = 2.0, seed: int = 0, axes: tuple[str, ...] = ()) -> "RuledRecipe":
        """The rules, before they are held against a checkpoint."""
        return cls(rules.rules, ((),) * len(rules.rules), norm=norm, seed=seed, axes=axes)

    def on(self, taken: Sequence[TensorInfo]) -> "RuledRecipe":
        names = tuple(tuple(info.name for info in infos) for infos in Rules(self.rules).by_rule(taken))
        return self._with(self.known, self.views, tensors=names)

    def seeing(self, views: Mapping[str, View]) -> "RuledRecipe":
        return self._with(self.known, views)

    def _with(self, known: Statistics | None, views: Mapping[str, View], **other: Any) -> "RuledRecipe":
        made = replace(self, **other)
        object.__setattr__(made, "known", known)
        object.__setattr__(made, "views", dict(views))
        object.__setattr__(made, "alike", self.alike)
        return made

    @property
    def draws(self) -> bool:
        return any(recipe.draws for recipe in self._recipes if recipe)

    def drawing(self, alike: Mapping[str, str]) -> "RuledRecipe":
        made = self._with(self.known, self.views)
        object.__setattr__(made, "alike", dict(alike))
        return made

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: place for place, names in enumerate(self.tensors) for name in names}

    @cached_property
    def _recipes(self) -> tuple[Recipe | None, ...]:
        """What each rule does; None for one that leaves tensors alone."""
        return tuple(None if rule.leave else self._recipe(rule) for rule in self.rules)

    def _recipe(self, rule: RecipeRule) -> Recipe:
        made = Recipe(rule.mask, rule.format, rule.order, self.norm, rule.frozen_scale, self.seed)
        awaits = awaited(made.assignment.pattern[0]) is not None
        return (made.told(self.known) if awaits else made).seeing(self.views).drawing(self.alike)

    def of(self, name: str) -> Recipe:
        recipe = self._recipes[self._places[name]] if name in self._places else None
        if recipe is None:
            raise ValueError(f"no rule of the recipe took the tensor {name!r}")
        return recipe

    def told(self, known: Statistics | None) -> "RuledRecipe":
        if known is None:
            return self
        known.check_recorded(self.statistics)
        if not any(recipe and awaited(recipe.assignment.pattern[0]) for recipe in self._recipes):
            raise ValueError("statistics of inputs are given, but no rule has a mask that awaits any")
        return self._with(known, self.views, statistics=known.sha256)

    def check_known(self, tensors: Iterable[TensorInfo]) -> None:
        infos = tuple(tensors)
        for recipe in self._recipes:
            if recipe is not None:
                recipe.check_known(infos)

    @property
    def order_word(self) -> str:
        words = {recipe.order_word for recipe in self._recipes if recipe}
        return words.pop() if len(words) == 1 else MIXED

    @property
    def ties(self) -> str | None:
        found = {recipe.ties for recipe in self._recipes if recipe}
        return found.pop() if len(found) == 1 else MIXED

    def groups(self, names: Iterable[str]) -> tuple[tuple[str, Recipe, frozenset[str]], ...]:
        own = frozenset(names)
        numbered = enumerate(zip(self._recipes, self.tensors, strict=True), 1)
        found = ((f"rule {n}", recipe, own & frozenset(taken)) for n, (recipe, taken) in numbered if recipe)
        return tuple((f"{rule}: {recipe.title}", recipe, some) for rule, recipe, some in found if some)

    @property
    def said_of_axes(self) -> tuple[str, ...]:
        named = zip(self.rules, self.tensors, strict=True)
        return (*(f"{name}={rule.axis}" for rule, names in named if rule.axis for name in names), *self.axes)

    def reason_to_skip(self, info: TensorInfo, reasons: Collection[str]) -> str | None:
        return Rules(self.rules).reason_to_skip(info)

    def faults(self, tensors: Iterable[TensorInfo]) -> Iterator[tuple[str, str]]:
        rules = Rules(self.rules)
        for info in tensors:
            took, takes = self._places.get(info.name), rules.choice(info)
            if took != takes and not (took is None and takes is not None and self.rules[takes].leave):
                was, now = ("no rule" if at is None else f"rule {at + 1}" for at in (took, takes))
                yield info.name, f"{was} took it, by the source {now} takes it"

    def to_dict(self) -> dict[str, Any]:
        named = zip(Rules(self.rules).to_list(), self.tensors, strict=True)
        return {
            "rules": [{**rule, "tensors": list(names)} for rule, names in named],
            "sha256": self.sha256,
            "norm": json_ready(self.norm),
            "seed": self.seed,
            **({} if self.statistics is None else {"statistics": self.statistics}),
            **({"axes": list(self.axes)} if self.axes else {}),
        }
