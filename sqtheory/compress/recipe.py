"""What is done to every target: a mask, a format, an order; in words that mean the same wherever they are read."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from sqtheory.alphabet.norms import check_norm
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.shares import paired
from sqtheory.alphabet.traits import IDEMPOTENT
from sqtheory.arrays import Array
from sqtheory.compress.image import Memory, image_of
from sqtheory.execution.assignment import Assigner, Assignment, Spelled, awaited
from sqtheory.execution.derived import Alike, Calibrated, calibrated
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.statistics import Statistics
from sqtheory.files.targets import NO_TARGET, Targets
from sqtheory.files.views.view import View
from sqtheory.files.views.viewed import as_matrix
from sqtheory.orders.applied import Order
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling
from sqtheory.tables import json_ready


class Treatment(ABC):
    """What is done to each target of a checkpoint."""

    norm: float
    """The p of all errors."""
    known: Statistics | None
    """Statistics of the inputs, where a mask was told them."""
    views: Mapping[str, View]
    """As which matrices tensors are compressed, by name; the others as they are."""
    alike: Mapping[str, str]
    """Tensors that draw what another of this name draws, because they are equal to it."""

    @abstractmethod
    def of(self, name: str) -> "Recipe":
        """What is done to the target of this name. Raises ValueError for a tensor that is none."""

    @abstractmethod
    def on(self, taken: Sequence[TensorInfo]) -> "Treatment":
        """The same of these targets of a checkpoint."""

    @property
    def method(self) -> str:
        """The name of the published method that chooses operators, empty where none does."""
        return ""

    def by(self, assigner: Assigner) -> "Treatment":
        """The same by the method whose name is recorded."""
        raise ValueError(f"no method is recorded, got {assigner.name}")

    def among(self, shapes: Mapping[str, Shape]) -> "Treatment":
        """The same for a checkpoint whose targets have these shapes."""
        return self

    @abstractmethod
    def seeing(self, views: Mapping[str, View]) -> "Treatment":
        """The same for tensors with these views."""

    @property
    @abstractmethod
    def draws(self) -> bool:
        """A mask or a format draws random numbers."""

    @abstractmethod
    def drawing(self, alike: Mapping[str, str]) -> "Treatment":
        """The same in which tensors draw what others draw, whose names these are."""

    @abstractmethod
    def told(self, known: Statistics | None) -> "Treatment":
        """The same with the statistics that masks await.

        Raises ValueError where none does, InputRefused for others than those whose hash is recorded.
        """

    @abstractmethod
    def check_known(self, tensors: Iterable[TensorInfo]) -> None:
        """Raise ValueError where statistics are awaited and not known, CheckpointError where they are of others."""

    @property
    @abstractmethod
    def said_of_axes(self) -> tuple[str, ...]:
        """What is said of the axes that layers sum over, as ``Axes.parse`` reads it."""

    @property
    @abstractmethod
    def order_word(self) -> str:
        """The name of the order, in the metadata of a file."""

    @property
    @abstractmethod
    def ties(self) -> str | None:
        """The tie rule of the mask, if it ranks."""

    @abstractmethod
    def groups(self, names: Iterable[str]) -> tuple[tuple[str, "Recipe", frozenset[str]], ...]:
        """The targets of these names by what is done to them: a title, the recipe, its names."""

    @abstractmethod
    def reason_to_skip(self, info: TensorInfo, reasons: Collection[str]) -> str | None:
        """Why a tensor is no target, where ``reasons`` are those of all that were left alone; None for a target."""

    def faults(self, tensors: Iterable[TensorInfo]) -> Iterator[tuple[str, str]]:
        """Tensors of the source that rules choose otherwise than is recorded, by name, in words."""
        return iter(())

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain words and numbers, ready for JSON."""


@final
@dataclass(frozen=True)
class Recipe(Treatment):
    """x ↦ q(s(x)), s(q(x)) or m* ⊙ q(x), by the spelling of s and q; ``norm`` is the p of all errors and of m*.

    With ``frozen_scale`` S→Q keeps the scales of x, as the others do anyway. What a spelling calls ``rng`` is a
    generator made from the seed and the name of the tensor. A mask that awaits statistics of a tensor's inputs is
    ``told`` them; the recipe is written with their hash alone. Raises SpellingError for words that are no mask and no
    format.
    """

    mask: str
    format: str
    order: Order = Order.sq
    norm: float = 2.0
    frozen_scale: bool = False
    seed: int = 0
    statistics: str | None = None
    """SHA-256 of the file of statistics that the mask awaits."""
    axes: tuple[str, ...] = ()
    """What is said of the axes that layers sum over, as ``Axes.parse`` reads it."""
    method: str = ""
    """The published method that chooses the operators of each tensor; it is told which by ``by``."""
    known: Statistics | None = field(default=None, init=False, repr=False, compare=False)
    assigner: Assigner | None = field(default=None, init=False, repr=False, compare=False)
    shapes: Mapping[str, Shape] = field(default_factory=dict, init=False, repr=False, compare=False)
    views: Mapping[str, View] = field(default_factory=dict, init=False, repr=False, compare=False)
    alike: Mapping[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_norm(self.norm)
        spelled = Spelled(self.mask, self.format, self.seed)
        if self.order is Order.joint and not self.method:
            raise ValueError("a joint pass is a method's: --order joint takes --method")
        if self.frozen_scale and self.method:
            raise ValueError(f"--frozen-scale is for operators as they are, method {self.method} has its own scales")
        if self.statistics is not None and not self.method and awaited(spelled.pattern[0]) is None:
            raise ValueError(f"statistics of inputs are given, but {spelled.mask} awaits none")
        for name, value in {"norm": float(self.norm), "mask": spelled.mask, "format": spelled.format}.items():
            object.__setattr__(self, name, value)

    def of(self, name: str) -> "Recipe":
        return self

    def on(self, taken: Sequence[TensorInfo]) -> "Recipe":
        return self

    def told(self, known: Statistics | None) -> "Recipe":
        if known is None:
            return self
        known.check_recorded(self.statistics)
        return self._having(statistics=known.sha256, known=known)

    @property
    def draws(self) -> bool:
        return bool(self.assignment.seeds)

    def seeing(self, views: Mapping[str, View]) -> "Recipe":
        return self._having(views=dict(views))

    def drawing(self, alike: Mapping[str, str]) -> "Recipe":
        return self._having(alike=dict(alike))

    def by(self, assigner: Assigner) -> "Recipe":
        if assigner.name != self.method:
            raise ValueError(f"the recipe is by {self.method or 'no method'}, got {assigner.name}")
        return self._having(assigner=assigner)

    def among(self, shapes: Mapping[str, Shape]) -> "Recipe":
        own: dict[str, Shape] = {}
        for name, shape in shapes.items():
            view = self.views.get(name)
            if view is None:
                own[name] = shape
            else:
                own |= {f"{name}{index}": view.matrices(shape)[1:] for index in view.indices(shape)}
        return self._having(shapes=own)

    def _having(self, statistics: str | None = None, **told: object) -> "Recipe":
        made = replace(self, statistics=statistics or self.statistics)
        for name in ("known", "views", "alike", "assigner", "shapes"):
            object.__setattr__(made, name, told.get(name, getattr(self, name)))
        return made

    def names(self, info: TensorInfo) -> list[str]:
        """What the matrices of a tensor are called."""
        view = self.views.get(info.name)
        return [f"{info.name}{index}" for index in (view.indices(info.shape) if view else ("",))]

    def matrices(self, x: Array, name: str) -> list[tuple[str, Array]]:
        """The matrices of a tensor, each by its own name: what the mask and the format are for. Itself without view."""
        view = self.views.get(name)
        if view is None:
            return [(name, x)]
        y = view.forward(x)
        if not view.apart:
            return [(name, y)]
        return [(f"{name}{index}", y[e]) for e, index in enumerate(view.indices(x.shape))]

    @cached_property
    def assignment(self) -> Assignment:
        """The operators of every tensor; where statistics are awaited and not known, s ranks nothing."""
        spelled: Assignment = Spelled(self.mask, self.format, self.seed)
        if self.alike:
            spelled = Alike(spelled, self.alike)
        if self.known is not None:
            spelled = Calibrated(spelled, self.known)
        return spelled if self.assigner is None else self.assigner.assigned(spelled, self.known, self.shapes)

    def check_known(self, tensors: Iterable[TensorInfo]) -> None:
        calibrated(self.assignment, self.known)
        if self.known is not None:
            infos = [(own, as_matrix(info, self.views.get(info.name))) for info in tensors for own in self.names(info)]
            self.known.check({own: info.shape for own, info in infos})

    def image(self, x: Array, name: str, memory: Memory = np.empty) -> Array:
        """The result in the dtype of x, a new array or in ``memory``. Raises what s and q raise."""
        view = self.views.get(name)
        if view is None:
            return self._image(x, name, memory)
        images = [self._image(matrix, own) for own, matrix in self.matrices(x, name)]
        return view.back(np.stack(images) if view.apart else images[0], x.shape)

    def _image(self, x: Array, name: str, memory: Memory = np.empty) -> Array:
        pair, frozen = self.assignment.of(name), self.frozen_scale
        return image_of(x, pair, self.order, self.norm, frozen_scale=frozen, memory=memory)

    def on_grid(self, shape: tuple[int, ...]) -> Ruling:
        """Whether q(y) = y, in real arithmetic, for the image y of every tensor of this shape: theorem ``idempotence``.

        It needs an idempotent q and scales that the mask cannot move, or S→Q, whose scales are those of its image.
        """
        s, q = self.assignment.pattern
        if self.method:
            return Ruling(False, f"the method {self.method} has scales of its own")
        if IDEMPOTENT not in q.traits:
            return Ruling(False, f"{q} is not idempotent")
        if self.order is Order.sq and not self.frozen_scale:
            return Ruling(True, "q is idempotent and comes last")
        if self.order is Order.gain:
            return Ruling(False, "the best mask may prune the maximum of a block")
        return Pair(s, q).on(shape).scale

    @property
    def said_of_axes(self) -> tuple[str, ...]:
        return self.axes

    @property
    def order_word(self) -> str:
        return self.order.name

    @property
    def title(self) -> str:
        """The mask, the format and the order, in words."""
        return f"{paired(self.mask, self.format)}, {self.order.value}{f', by {self.method}' if self.method else ''}"

    def groups(self, names: Iterable[str]) -> tuple[tuple[str, "Recipe", frozenset[str]], ...]:
        return ((self.title, self, frozenset(names)),)

    def reason_to_skip(self, info: TensorInfo, reasons: Collection[str]) -> str | None:
        return NO_TARGET if NO_TARGET in reasons else Targets().reason_to_skip(info)

    @property
    def ties(self) -> str | None:
        s, _ = self.assignment.pattern
        return str(s.ties) if s.ranks else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "mask": self.mask,
            "format": self.format,
            "order": self.order.name,
            "norm": json_ready(self.norm),
            "frozen_scale": self.frozen_scale,
            "ties": self.ties,
            "seed": self.seed,
            **({} if self.statistics is None else {"statistics": self.statistics}),
            **({"axes": list(self.axes)} if self.axes else {}),
            **({"method": self.method} if self.method else {}),
        }
