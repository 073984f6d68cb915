"""The grid of the paper: formats × patterns × orders × (weights, weights and activations) × (one-shot, fine-tuned)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.execution.assignment import Bound
from sqtheory.models.architectures.opening import open_model
from sqtheory.models.evaluation.comparing import Comparison, compare_orders
from sqtheory.models.evaluation.data import Samples, samples_for
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.evaluation.tie_rules import TieRules, tie_rules
from sqtheory.orders.applied import ENTRYWISE

FORMATS = ("int8", "int4", "mxfp8", "mxfp6", "mxfp4", "hbfp8", "hbfp6", "hbfp4", "nvfp4")
PATTERNS = ("50%", "75%", "2:4", "1:4")
QUICK_FORMATS = ("int8", "int4", "mxfp4", "hbfp4")
QUICK_PATTERNS = ("50%", "2:4")
SAMPLES: Mapping[str, int | None] = {"vit": None, "lm": 256}
"""Samples of the whole grid: all images; 256 windows, 64 KiB of text."""
QUICK_SAMPLES: Mapping[str, int] = {"vit": 500, "lm": 16}
QUICK_SHARE, QUICK_LEAST = 16, 4
"""The same for a checkpoint of the caller: one of so many, at least so many."""
TUNED: Mapping[str, str] = {"nm(2, 4)": "s2of4", "top(0.5)": "s50"}
"""The suffix of the zoo's fine-tuned model whose mask is already in its weights, by the mask."""


@final
@dataclass(frozen=True)
class CompressionGrid:
    """Which cells are computed, on how many samples of which model.

    A model is a family of the zoo (``vit``, ``lm``: dense, with fine-tuned models), or one model's name or file.
    """

    model: str
    formats: tuple[str, ...] = FORMATS
    patterns: tuple[str, ...] = PATTERNS
    samples: int | None = None
    data: tuple[Path, ...] = ()
    """Files of samples; none: what comes with the zoo."""
    quick: bool = False

    @classmethod
    def of(cls, model: str, *, quick: bool = False) -> "CompressionGrid":
        """The grid of the paper, or one that takes minutes."""
        if quick:
            return cls(model, QUICK_FORMATS, QUICK_PATTERNS, QUICK_SAMPLES.get(model), quick=True)
        return cls(model, samples=SAMPLES.get(model))

    @property
    def family(self) -> bool:
        """The model is a family of the zoo."""
        return self.model in SAMPLES

    @property
    def dense(self) -> str:
        """The name or file of the dense model."""
        return f"{self.model}-dense" if self.family else self.model

    @cached_property
    def pairs(self) -> tuple["GridPair", ...]:
        """Every mask with every format."""
        return tuple(
            GridPair(f"{pattern} {name}", parse_as(Sparsifier, "mask", pattern), parse_as(Quantizer, "format", name))
            for pattern in self.patterns
            for name in self.formats
        )

    @property
    def by_format(self) -> tuple["GridPair", ...]:
        """The pairs of the first format, then those of the next."""
        count = len(self.formats)
        return tuple(pair for first in range(count) for pair in self.pairs[first::count])

    @property
    def cells(self) -> tuple["GridCell", ...]:
        """Every comparison to make: one mask and format with and without activations follow each other."""
        return tuple(
            GridCell(pair, activations, tuned)
            for tuned in (False, True)
            for pair in self.pairs
            for activations in (False, True)
            if not tuned or (self.family and str(pair.mask) in TUNED)
        )

    def name_of(self, cell: "GridCell") -> str:
        """The name or file of the model that a cell compresses."""
        return f"{self.model}-{TUNED[str(cell.pair.mask)]}" if cell.tuned else self.dense

    @property
    def tied(self) -> tuple["GridPair", ...]:
        """The pairs whose mask has a tie rule."""
        return tuple(pair for pair in self.pairs if pair.mask.fixed_budget)

    def taken(self, every: Samples) -> Samples:
        """The samples to evaluate on."""
        if self.samples is None and self.quick:
            usual = every.some(None)
            return usual.some(min(len(usual), max(QUICK_LEAST, len(usual) // QUICK_SHARE)))
        return every.some(self.samples)

    def run(
        self, *, workers: int = 1, results: Path | None = None, done: Callable[[int], None] = lambda count: None
    ) -> "Found":
        """Compute the cells and both tie rules of every pair; equal weights are evaluated once, whatever made them.

        Format by format, so that each makes an image of every weight once. ``done`` is told of every cell and pair
        finished, ``len(cells) + len(tied)`` together.
        """
        opened: dict[str, Evaluations] = {}

        def evaluations(name: str) -> Evaluations:
            if name not in opened:
                model = open_model(name)
                opened[name] = Evaluations(model, self.taken(samples_for(model, self.data)), workers, results)
            return opened[name]

        def compared(cell: GridCell) -> Comparison:
            name = self.name_of(cell)
            return compare_orders(
                evaluations(self.dense),
                Bound(cell.pair.mask, cell.pair.format),
                ENTRYWISE,
                activations=cell.activations,
                tuned=(name, evaluations(name)) if cell.tuned else None,
            )

        comparisons: dict[GridCell, Comparison] = {}
        ties: dict[GridPair, TieRules | None] = {}
        for pair in self.by_format:
            for cell in self.cells:
                if cell.pair == pair:
                    comparisons[cell] = compared(cell)
                    done(1)
            if pair in self.tied:
                ties[pair] = tie_rules(evaluations(self.dense), pair.mask, pair.format)
                done(1)
        on_a_grid = {pair: rules for pair in self.tied if (rules := ties[pair]) is not None}
        ordered = {cell: comparisons[cell] for cell in self.cells}
        return Found(evaluations(self.dense).model.label, ordered, on_a_grid)


@final
@dataclass(frozen=True)
class GridPair:
    """A mask and a format."""

    spelled: str
    """As they were asked for."""
    mask: Sparsifier
    format: Quantizer


@final
@dataclass(frozen=True)
class GridCell:
    """One comparison."""

    pair: GridPair
    activations: bool
    tuned: bool


@final
@dataclass(frozen=True, eq=False)
class Found:
    """What a grid has found."""

    label: str
    """What the model is."""
    comparisons: Mapping[GridCell, Comparison]
    ties: Mapping[GridPair, TieRules]
    """Of pairs whose weights sit on a grid."""

    def to_dict(self, grid: CompressionGrid) -> dict[str, Any]:
        """The grid and what it found, ready for JSON."""
        rows = list(self.comparisons.values())
        asked = {"model": grid.model, "formats": list(grid.formats), "patterns": list(grid.patterns)}
        return {
            **asked,
            "label": self.label,
            "samples": len(rows[0].dense) if rows else 0,
            "rows": [row.to_dict() for row in rows],
            "tie_rules": [rules.to_dict() for rules in self.ties.values()],
        }
