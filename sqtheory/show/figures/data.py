"""What every figure is made of: a request, its data with a caption, and the two functions between them.

Data are written as CSV that neither a spreadsheet program nor a reader of CSV takes for something else: see ``as_csv``.
"""

import csv
import io
import os
import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Generic, TypeVar, final

import numpy as np
from matplotlib.figure import Figure
from numpy.random import Generator

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.exceptions import about
from sqtheory.execution.assignment import check_awaits_none
from sqtheory.execution.preflight import preflight
from sqtheory.files.checkpoints import reading
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.seeing import seen
from sqtheory.models import Model, Samples, open_model, samples_for
from sqtheory.models.evaluation.evaluating import single_threaded_products
from sqtheory.show.figures.style import Style, encode, verbatim
from sqtheory.tables import Tabular, shown


@final
@dataclass(frozen=True)
class Request:
    """What a figure is of: a checkpoint, a mask, a quantizer, a seed; comparisons of formats choose their own."""

    model: str = "zoo:lm-dense"
    mask: str = "2:4"
    quantizer: str = "int4"
    seed: int = 0

    def tensors(self) -> Iterator[tuple[str, Array]]:
        """Every target tensor of the checkpoint, one at a time, in float64.

        Raises ValueError where there is none; what is raised while one is worked on does not name it.
        """
        with reading(self.model) as opened:
            checkpoint = seen(opened, Targets(), Axes(), apart=True)
            taken, _ = Targets().split(checkpoint.tensors)
            if not taken:
                raise ValueError(f"{self.model} has no tensor to work on: see sqtheory inspect")
            for info in taken:
                yield info.name, checkpoint.read(info.name).astype(np.float64)

    def sample(self, most: int) -> Iterator[tuple[str, Array]]:
        """The same, of each tensor whole rows drawn at random, in their order, of so many entries together, or one row.

        Rows are what is left of the last axis: blocks and groups along it stay whole.
        """
        rng = self.rng()
        for name, x in self.tensors():
            rows = x.reshape(-1, x.shape[-1])
            count = max(1, most // rows.shape[1])
            drawn = rows[np.sort(rng.choice(len(rows), count, replace=False))] if count < len(rows) else rows
            yield name, drawn

    def network(self, windows: int) -> tuple[Model, Samples]:
        """The model of the checkpoint and so many windows or passages of text, or sixteen times as many images.

        Raises CheckpointError where no forward pass is known.
        """
        model = open_model(self.model)
        samples = samples_for(model)
        many = samples.targets.shape[1] != 1
        return model, samples.some(min(len(samples), windows if many else 16 * windows))

    def rng(self) -> Generator:
        """A new generator from the seed."""
        return np.random.default_rng(self.seed)

    def s(self, text: str | None = None) -> Sparsifier:
        """The mask, or another as it is written."""
        s = parse_as(Sparsifier, "mask: try 2:4 or 50%", text or self.mask, {"rng": self.rng()})
        check_awaits_none(s)
        return s

    def q(self, text: str | None = None) -> Quantizer:
        """The quantizer, or another as it is written."""
        return parse_as(Quantizer, "quantizer: try int4 or mxfp4", text or self.quantizer, {"rng": self.rng()})


class Needs(Enum):
    """What of a checkpoint a figure is of."""

    nothing = "nothing of a checkpoint"
    weights = "weights"
    blocks = "weights, an n:m mask"
    network = "weights and a known forward pass"


class Data(Tabular):
    """The numbers behind a figure: a table of them all, and a caption that says what they are."""

    @property
    @abstractmethod
    def caption(self) -> str:
        """What is shown, what of it is measured, what is theory, on what data."""

    def csv(self) -> str:
        """The table, a line for each of its rows, numbers to the last bit."""
        table = self.table()
        return as_csv([table.header, *table.rows])


Of = TypeVar("Of", bound=Data)


@final
@dataclass(frozen=True)
class FigureKind(Generic[Of]):
    """A figure by name: from a request its data, from the data the drawing."""

    name: str
    shows: str
    found: Callable[[Request], Of]
    draw: Callable[[Of, Style], Figure]
    needs: Needs = Needs.weights
    masks: tuple[str, ...] = ()
    """The masks that every tensor it is of is given, as they are written; nothing for the one that is asked for."""
    formats: tuple[str, ...] = ()
    """The same of quantizers."""

    def check(self, request: Request, *, values: bool = True) -> None:
        """Raise, before anything is computed, what the data would refuse; ``values``: their NaN and infinities too."""
        with about(f"figure {self.name} of {request.model}"):
            masks, formats = [request.s(text) for text in self.masks], [request.q(text) for text in self.formats]
            if self.needs is Needs.nothing:
                return
            if self.needs is Needs.network:
                model, _ = request.network(1)
                for layer in model.linears:
                    with about(f"tensor {layer.name!r}"):
                        for op in (*masks, *formats):
                            op.check(layer.weight.shape)
                return
            for s in masks if self.needs is Needs.blocks else ():
                if not (s.fixed_budget and s.groups.run):
                    raise ValueError(f"it is of n:m masks, and {s} is none: try 2:4")
            with reading(request.model) as opened:
                checkpoint = seen(opened, Targets(), Axes(), apart=True)
                taken, _ = Targets().split(checkpoint.tensors)
                preflight(checkpoint, taken, masks, formats, values=values)

    def refuse_to_replace(self, folder: Path, kinds: tuple[str, ...], command: str) -> None:
        """Raise FileExistsError where another command has left a file of this figure: that of the same may be equal."""
        left = [path for end in (*kinds, "csv", "txt") if os.path.lexists(path := folder / f"{self.name}.{end}")]
        text = folder / f"{self.name}.txt"
        same = text.is_file() and text.read_text(encoding="utf-8", errors="replace").endswith(f"\n{shown(command)}\n")
        if left and not same:
            raise FileExistsError(f"{left[0]} exists, of another command: pass --force to replace it, or another --out")

    def compute(self, request: Request) -> Of:
        """The data, by matrix products on one thread each: the same bits however many cores there are."""
        with single_threaded_products():
            return self.found(request)

    def files(self, request: Request, style: Style, formats: tuple[str, ...], command: str) -> dict[str, bytes]:
        """Names and bytes of the figure in every format, its data, and its caption with the command that made it."""
        with about(f"figure {self.name} of {request.model}"):
            data = self.compute(request)
        drawn = {f"{self.name}.{kind}": encode(self.draw(data, style), kind, style) for kind in formats}
        text = "".join(f"{shown(line)}\n" for line in (*data.caption.split("\n"), "", command))
        return {**drawn, f"{self.name}.csv": data.csv().encode(), f"{self.name}.txt": text.encode()}


NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?inf|nan", re.ASCII | re.IGNORECASE)
QUOTED = "=+-@\"'＝＋－＠"
"""What a text may not begin with: spreadsheet programs would compute it; a quotation mark says that it is quoted."""


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    r"""Rows of cells with commas between and a line feed behind, UTF-8, RFC 4180 but for that line feed.

    A number is itself, the minus of a negative one included. A text is itself if it prints on one line and begins,
    blanks aside, with none of ``= + - @`` (or their full-width forms) and no quotation mark. Any other, such as the
    name ``=1+1`` of a tensor, or one with a tab, a carriage return or a direction mark in it, is a Python literal,
    ``'=1+1'``: no program computes what begins with a quotation mark, and ``ast.literal_eval`` gives it back.
    """
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([map(_csv_cell, row) for row in rows])
    return buffer.getvalue()


def _csv_cell(cell: str) -> str:
    plain = cell.isprintable() and not cell.lstrip().startswith(tuple(QUOTED))
    return cell if plain or NUMBER.fullmatch(cell) else repr(cell)


def cells(*values: float | int | str | bool) -> tuple[str, ...]:
    """Values as cells of a table: floats so that reading them gives the same float."""
    return tuple(repr(float(v)) if isinstance(v, float) else str(v) for v in values)


def short(model: str) -> str:
    """The last part of the path of a checkpoint, cut to 20 characters, ``verbatim``: what a title has room for."""
    name = model.rstrip("/").rsplit("/", 1)[-1]
    return verbatim(name if len(name) <= 20 else f"{name[:19]}…")
