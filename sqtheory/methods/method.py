"""A published method: what it assigns to a tensor of whose inputs something is known, and what is true of its order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, final

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, FixedArray
from sqtheory.execution.assignment import Assignment, InputOperators
from sqtheory.execution.derived import Derived
from sqtheory.files.statistics import Statistics
from sqtheory.methods.work import PrunedOperand, Work
from sqtheory.orders.pair import Pair


@final
@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of one tensor: its name, the statistics of its inputs that were asked for, the shapes of all."""

    name: str
    statistics: Mapping[Statistic, Array]
    shapes: Mapping[str, Shape]
    """Of every target by its name; empty where no checkpoint is asked about."""
    weight: FixedArray | None = None
    """The weight of the layer, outputs × inputs, for a method that acts on its inputs."""

    def __getitem__(self, statistic: Statistic) -> Array:
        return self.statistics[statistic]


Build: TypeAlias = Callable[[Sparsifier, Quantizer, Facts], Pair]
"""From the boxes and budgets of a mask, a format and what is known: the operators of one tensor."""


@final
@dataclass(frozen=True)
class Variant:
    """An option of a method, or what published code does otherwise: asked for as METHOD:NAME."""

    name: str
    says: str
    build: Build


@final
@dataclass(frozen=True, kw_only=True)
class Method(Work):
    """A way to choose the operators of a tensor that others have published."""

    build: Build
    variants: tuple[Variant, ...] = ()
    prunes: PrunedOperand = PrunedOperand.weights
    chosen: Variant | None = None
    """Which of the variants it is, if any."""

    @property
    def says(self) -> str:
        does = "" if self.chosen is None else f"{self.name}: {self.chosen.says}. "
        return f"{does}Of the inputs of each layer it needs {' and '.join(map(str, self.needs)) or 'nothing'}."

    @property
    def spelled_variants(self) -> Mapping[str, str]:
        own = self.name.partition(":")[0]
        return {f"{own}:{one.name}": one.says for one in self.variants}

    def variant(self, name: str) -> "Method":
        found = next((one for one in self.variants if one.name == name), None)
        if found is None:
            known = ", ".join(self.spelled_variants) or "none"
            raise ValueError(f"{self.name} has no variant {name!r}: known are {known}")
        return replace(self, name=f"{self.name}:{name}", build=found.build, chosen=found)

    def assigned(
        self, inner: Assignment, statistics: Statistics | None, shapes: Mapping[str, Shape] | None = None
    ) -> "Built":
        if self.prunes is not PrunedOperand.weights:
            verb = "evaluate --method" if self.prunes is PrunedOperand.activations else "methods"
            raise ValueError(f"method {self.name} prunes {self.prunes}, no weights: sqtheory {verb} {self.name}")
        self._check(statistics)
        return Built(inner, self.name, self.needs, self.build, statistics, shapes or {})

    def on_inputs(self, inner: Assignment, statistics: Statistics | None) -> "OnInputs":
        if self.prunes is not PrunedOperand.activations:
            raise ValueError(f"method {self.name} prunes {self.prunes}, not the inputs of layers")
        self._check(statistics)
        return OnInputs(f"{inner.words[0]} of inputs by {self.name}", inner, self.needs, self.build, statistics)

    def _check(self, statistics: Statistics | None) -> None:
        if self.needs and statistics is None:
            what = " and ".join(map(str, self.needs))
            raise ValueError(
                f"method {self.name} needs {what} of each tensor: --statistics FILE, as sqtheory calibrate writes it"
            )


@final
@dataclass(frozen=True)
class OnInputs(InputOperators):
    """What a method that prunes activations makes of the operators of an assignment and of a layer's weight."""

    mask: str
    inner: Assignment
    needs: tuple[Statistic, ...]
    build: Build
    statistics: Statistics | None

    def of(self, name: str, weight: Array) -> Pair:
        inner, known = self.inner.of(name), self.statistics
        told = {} if known is None else {need: known.of(name, need) for need in self.needs}
        return self.build(inner.s.by_rows(), inner.q, Facts(name, told, {}, FixedArray(weight)))


@final
@dataclass(frozen=True)
class Built(Derived):
    """What a method makes of the operators of another assignment and of what is known of each tensor."""

    name: str
    """Of the method."""
    needs: tuple[Statistic, ...]
    build: Build
    statistics: Statistics | None
    shapes: Mapping[str, Shape] = field(compare=False)

    @property
    def uniform(self) -> bool:
        return False

    @property
    def words(self) -> tuple[str, str]:
        mask, fmt = self.inner.words
        return f"{mask} by {self.name}", fmt

    def on(self, shapes: Mapping[str, Shape]) -> "Built":
        return replace(self, shapes=shapes)

    def of(self, name: str) -> Pair:
        inner, known = self.inner.of(name), self.statistics
        told = {} if known is None else {need: known.of(name, need) for need in self.needs}
        pair = self.build(inner.s, inner.q, Facts(name, told, self.shapes))
        moments = told.get(Statistic.moments)
        return pair if moments is None else replace(pair, moments=FixedArray(moments))
