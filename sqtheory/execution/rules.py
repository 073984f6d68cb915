"""Rules by which tensors get operators: the first that takes a tensor says its mask, format and order."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

from sqtheory.exceptions import InputRefused
from sqtheory.execution.assignment import Spelled
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.targets import IGNORED, NO_TARGET, Chooser, Targets
from sqtheory.files.views.axes import Axes
from sqtheory.orders.applied import Order
from sqtheory.records import as_json
from sqtheory.tables import Table, json_text, one_line


@final
@dataclass(frozen=True)
class RecipeRule:
    """What is done to the tensors that ``Targets(targets, ignore)`` takes: s, q and their order, or nothing.

    The texts become those that ``str`` prints. Raises SpellingError for words that are no mask and no format,
    ValueError for a rule that names no format, or one although it leaves its tensors alone.
    """

    targets: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    mask: str = "1:1"
    format: str = ""
    order: Order = Order.sq
    frozen_scale: bool = False
    axis: str = ""
    """Along which axis layers sum over these tensors, as ``Axes.parse`` reads it; empty: what the file says."""
    leave: bool = False
    """These tensors are left alone."""

    def __post_init__(self) -> None:
        _ = self.chosen
        if self.leave:
            if (self.mask, self.format, self.order, self.frozen_scale, self.axis) != ("1:1", "", Order.sq, False, ""):
                raise ValueError("a rule that leaves tensors alone has targets and ignore, and nothing else")
            return
        if not self.format:
            raise ValueError("format is missing: a rule has a format, or leave = true")
        if self.axis:
            Axes.parse([self.axis])
        spelled = Spelled(self.mask, self.format)
        object.__setattr__(self, "mask", spelled.mask)
        object.__setattr__(self, "format", spelled.format)

    @cached_property
    def chosen(self) -> Targets:
        """Which tensors it takes, if no rule before it does."""
        return Targets(self.targets, self.ignore)


@final
@dataclass(frozen=True)
class Rules(Chooser):
    """Rules in the order in which they are asked; ``source`` is what they were read from."""

    rules: tuple[RecipeRule, ...]
    source: str = field(default="the recipe", compare=False)

    def __post_init__(self) -> None:
        if not self.rules:
            raise ValueError(f"{self.source}: holds no rule")

    def choice(self, tensor: TensorInfo) -> int | None:
        """The place of the first rule that takes a tensor; None where none does."""
        taking = (at for at, rule in enumerate(self.rules) if rule.chosen.reason_to_skip(tensor) is None)
        return next(taking, None)

    def reason_to_skip(self, tensor: TensorInfo) -> str | None:
        """Why a tensor is left alone: by which rule, or the last reason that is its own; None for a target."""
        at = self.choice(tensor)
        if at is not None:
            return f"rule {at + 1}" if self.rules[at].leave else None
        reasons = [rule.chosen.reason_to_skip(tensor) or NO_TARGET for rule in self.rules]
        own = [reason for reason in reasons if reason not in (NO_TARGET, IGNORED)]
        return own[-1] if own else IGNORED if IGNORED in reasons else NO_TARGET

    def check_names(self, tensors: Sequence[TensorInfo]) -> None:
        for number, rule in enumerate(self.rules, 1):
            for word in (*rule.targets, *rule.ignore):
                named = Targets((word,))
                if not any(named.reason_to_skip(tensor) is None for tensor in tensors):
                    raise InputRefused(
                        f"{self.source}: rule {number}: no tensor is called {word!r}: see sqtheory inspect"
                    )

    def nothing_left(self, reasons: str) -> InputRefused:
        return InputRefused(f"{self.source}: no rule takes a tensor ({reasons})")

    def by_rule(self, taken: Sequence[TensorInfo]) -> tuple[tuple[TensorInfo, ...], ...]:
        """The targets of each rule."""
        chosen = [(self.choice(info), info) for info in taken]
        return tuple(tuple(info for at, info in chosen if at == place) for place in range(len(self.rules)))

    def axes(self, tensors: Iterable[TensorInfo]) -> tuple[str, ...]:
        """What rules say of the axes of their targets, one text for each, as ``Axes.parse`` reads them."""
        told = ((info, self.choice(info)) for info in tensors if any(rule.axis for rule in self.rules))
        return tuple(
            f"{info.name}={self.rules[at].axis}" for info, at in told if at is not None and self.rules[at].axis
        )

    def idle(self, skipped: Iterable[str]) -> list[str]:
        """A sentence for each rule that leaves tensors alone, of the reasons of all that are left alone."""
        reasons = list(skipped)
        counts = ((n, reasons.count(f"rule {n}")) for n, rule in enumerate(self.rules, 1) if rule.leave)
        return [f"Rule {number} leaves {count} tensor{'s' if count != 1 else ''} alone." for number, count in counts]

    def table(self) -> Table:
        """A line for each rule."""
        rows = (
            (
                str(number),
                one_line(" ".join(rule.targets)) or "–",
                one_line(" ".join(rule.ignore)) or "–",
                "–" if rule.leave else rule.mask,
                "left alone" if rule.leave else rule.format,
                "–" if rule.leave else rule.order.value + (" at dense scales" if rule.frozen_scale else ""),
                rule.axis or "–",
            )
            for number, rule in enumerate(self.rules, 1)
        )
        return Table(("rule", "targets", "ignore", "mask", "format", "order", "axis"), tuple(rows))

    @property
    def sha256(self) -> str:
        """Of the rules in their one spelling, wherever they stood and however they were written."""
        return hashlib.sha256(json_text(self.to_list()).encode()).hexdigest()

    def to_list(self) -> list[dict[str, Any]]:
        """Plain words, ready for JSON."""
        return [as_json(rule) for rule in self.rules]
