"""The grid of the paper: formats × patterns × orders × (weights, weights and activations) × (one-shot, fine-tuned)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from sqtheory.models.comparing import Comparison, compare_orders
from sqtheory.models.data import samples_for
from sqtheory.models.evaluations import Evaluations
from sqtheory.models.opening import open_model
from sqtheory.notation import parse_as
from sqtheory.quantizers import Quantizer
from sqtheory.sparsifiers import Sparsifier
from sqtheory.two_orders import Order

FORMATS = ("int8", "int4", "mxfp8", "mxfp6", "mxfp4", "hbfp8", "hbfp6", "hbfp4", "nvfp4")
PATTERNS = ("50%", "75%", "2:4", "1:4")
QUICK_FORMATS = ("int8", "int4", "mxfp4", "hbfp4")
QUICK_PATTERNS = ("50%", "2:4")
SAMPLES: Mapping[str, int | None] = {"vit": None, "lm": 256}
"""Samples of the whole grid: all images; 256 windows, 64 KiB of text."""
QUICK_SAMPLES: Mapping[str, int] = {"vit": 500, "lm": 16}
TUNED: Mapping[str, str] = {"nm(2, 4)": "s2of4", "top(0.5)": "s50"}
"""The suffix of the zoo's fine-tuned model whose mask is already in its weights, by the mask."""


@final
@dataclass(frozen=True)
class Grid:
    """Which cells are computed, on which samples of which of the zoo's families (``vit``, ``lm``)."""

    family: str
    formats: tuple[str, ...] = FORMATS
    patterns: tuple[str, ...] = PATTERNS
    samples: int | None = None

    def __post_init__(self) -> None:
        if self.family not in SAMPLES:
            raise ValueError(f"a model is one of {', '.join(SAMPLES)}, got {self.family!r}")

    @classmethod
    def of(cls, family: str, *, quick: bool = False) -> "Grid":
        """The grid of the paper, or one that takes minutes."""
        if quick:
            return cls(family, QUICK_FORMATS, QUICK_PATTERNS, QUICK_SAMPLES.get(family))
        return cls(family, samples=SAMPLES.get(family))

    @property
    def cells(self) -> tuple["Cell", ...]:
        """Every comparison to make: one mask and format with and without activations follow each other."""
        pairs = [
            (f"{pattern} {name}", parse_as(Sparsifier, "mask", pattern), parse_as(Quantizer, "format", name))
            for pattern in self.patterns
            for name in self.formats
        ]
        return tuple(
            Cell(*pair, activations, tuned)
            for tuned in (False, True)
            for pair in pairs
            for activations in (False, True)
            if not tuned or str(pair[1]) in TUNED
        )

    def comparisons(self, *, workers: int = 1, results: Path | None = None) -> Iterator[Comparison]:
        """Every cell in turn; equal weights are evaluated once, whatever made them."""
        opened: dict[str, Evaluations] = {}

        def evaluations(name: str) -> Evaluations:
            if name not in opened:
                model = open_model(name)
                opened[name] = Evaluations(model, samples_for(model).some(self.samples), workers, results)
            return opened[name]

        dense = f"{self.family}-dense"
        for cell in self.cells:
            name = f"{self.family}-{TUNED[str(cell.mask)]}" if cell.tuned else dense
            tuned = (name, evaluations(name)) if cell.tuned else None
            yield compare_orders(
                evaluations(dense), cell.mask, cell.format, tuple(Order), activations=cell.activations, tuned=tuned
            )


@final
@dataclass(frozen=True)
class Cell:
    """One comparison."""

    spelled: str
    """The pattern and the format as they were asked for."""
    mask: Sparsifier
    format: Quantizer
    activations: bool
    tuned: bool


def document(grid: Grid, found: "list[Comparison]") -> dict[str, Any]:
    """The grid and its comparisons, ready for JSON."""
    asked = {"model": grid.family, "formats": list(grid.formats), "patterns": list(grid.patterns)}
    samples = len(found[0].dense) if found else 0
    return {**asked, "samples": samples, "rows": [each.to_dict() for each in found]}
