"""What was done to each tensor of a checkpoint, as the file beside it records: schema ``sqtheory.apply/1``."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, final

from sqtheory.application.layout import Packing
from sqtheory.application.recipe import Recipe
from sqtheory.checkpoints.json_text import json_object
from sqtheory.checkpoints.tensors import plain, refused
from sqtheory.errors import additive_bound
from sqtheory.exceptions import CheckpointError
from sqtheory.storage import Index
from sqtheory.sweep import Row
from sqtheory.tables import json_ready, json_text
from sqtheory.two_orders import Order

SCHEMA = "sqtheory.apply/1"
SUFFIX = ".sqtheory.json"
"""What the name of a report adds to that of its checkpoint."""
MAX_REPORT = 256 << 20
"""Bytes of a report that are read at all."""

Kind = TypeVar("Kind")


@final
@dataclass(frozen=True)
class Applied:
    """What was written for one tensor x: ``error`` = ‖x − w‖_p of the values w that the file holds.

    The other errors are those of the operators in the precision of their arithmetic; where ``rounded`` is 0 the
    tensor's type holds every value of theirs, and ``error`` is that of the order.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    x_norm: float
    e_s: float
    e_q: float
    e_sq: float
    e_qs: float
    e_sq_dense: float
    """S→Q at the scales of x."""
    e_gain: float
    error: float
    rounded: int
    """Entries whose value the tensor's type does not have, so that they were rounded once more."""
    zeros: int
    patterns: tuple[str, ...]
    """The n:m that the written tensor keeps along its last axis, of those that ``inspect`` looks for."""
    open: str
    """The symbols of the channels open on this tensor."""
    winner: str
    theorem: str | None
    """The theorem by which the winner wins, if one does."""
    failed: tuple[str, ...]
    """The assumptions of ``prune_first_dominates`` that fail here, where no theorem decides."""
    on_grid: bool
    """Quantizing the written values again gives them back, as theorem ``idempotence`` says of them."""
    bits: int | None
    """Bits of codes, scales and places as theorem ``storage`` counts them, where it is codes that are written."""
    bits_in_file: int
    sha256: str
    """Of the bytes of its entries in the file; of those of its arrays one after another where they are codes."""

    @classmethod
    def of(cls, row: Row, **written: Any) -> "Applied":
        """The record of a row of ``order`` and what was ``written``: the fields that the row does not know."""
        e = row.order.errors
        return cls(
            name=row.name,
            shape=row.order.shape,
            x_norm=row.order.x_norm,
            e_s=e.s,
            e_q=e.q,
            e_sq=e.sq,
            e_qs=e.qs,
            e_sq_dense=e.sq_dense,
            e_gain=e.gain,
            open=row.channels.open,
            winner=row.order.winner,
            theorem=row.reason.theorem,
            failed=row.reason.failed,
            **written,
        )

    def bound(self, p: float) -> float:
        """‖x − s(x)‖ + ‖x − q(x)‖ (for p < 1 the p-th powers add)."""
        return additive_bound(self.e_s, self.e_q, p)


@final
@dataclass(frozen=True)
class LeftAlone:
    """A tensor that was copied, and why."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    reason: str
    sha256: str


@final
@dataclass(frozen=True)
class Report:
    """The recipe, what it was applied to, and what came of it."""

    version: str
    recipe: Recipe
    packing: Packing | None
    """How codes were written, or None for values."""
    source: Mapping[str, str]
    """SHA-256 of every file that the tensors were read from, by its name."""
    copied: Mapping[str, str]
    """SHA-256 of every file that was copied, by its path in the folder."""
    tensors: tuple[Applied, ...]
    left_alone: tuple[LeftAlone, ...]

    @property
    def recorded(self) -> tuple[Applied | LeftAlone, ...]:
        """Every tensor of the checkpoint."""
        return (*self.tensors, *self.left_alone)

    def to_dict(self) -> dict[str, Any]:
        """Plain words and numbers, ready for JSON."""
        p = self.recipe.norm
        bounds = [(t, t.bound(p)) for t in self.tensors]
        return {
            "schema": SCHEMA,
            "version": self.version,
            "recipe": self.recipe.to_dict(),
            "packing": None if self.packing is None else self.packing.to_dict(),
            "source": dict(self.source),
            "copied": dict(self.copied),
            "tensors": [json_ready(asdict(t) | {"bound": bound, "slack": bound - t.error}) for t, bound in bounds],
            "left_alone": [json_ready(asdict(t)) for t in self.left_alone],
        }

    def to_json(self) -> str:
        """One JSON object; numbers that are not finite as strings."""
        return json_text(self.to_dict(), indent=1) + "\n"


def beside(out: Path) -> Path:
    """The report of a checkpoint: the file or folder of its name and ``.sqtheory.json``."""
    return out.with_name(out.name + SUFFIX)


def read_report(path: Path) -> Report:
    """The report that a file holds; CheckpointError where it is not one."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_REPORT + 1)
    except FileNotFoundError as error:
        raise refused(path, "there is no such file: verify needs the report that apply wrote beside OUT") from error
    except OSError as error:
        raise refused(path, f"cannot be opened: {plain(str(error))}") from error
    if len(text) > MAX_REPORT:
        raise refused(path, f"a report has at most {MAX_REPORT} bytes")
    content = json_object(path, text, "the report")
    if content.get("schema") != SCHEMA:
        raise refused(path, f"not a report of schema {SCHEMA}")
    try:
        return Report(
            version=_text(content["version"]),
            recipe=_recipe(_mapping(content["recipe"])),
            packing=None if content["packing"] is None else _packing(_mapping(content["packing"])),
            source=_source(content["source"]),
            copied=_texts(content["copied"]),
            tensors=tuple(_applied(_mapping(one)) for one in _items(content["tensors"])),
            left_alone=tuple(_left_alone(_mapping(one)) for one in _items(content["left_alone"])),
        )
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise refused(path, f"not a whole report: {type(error).__name__}: {plain(str(error))}") from error


def _recipe(content: Mapping[str, object]) -> Recipe:
    return Recipe(
        mask=_text(content["mask"]),
        format=_text(content["format"]),
        order=Order[_text(content["order"])],
        norm=_real(content["norm"]),
        frozen_scale=_is(bool, content["frozen_scale"]),
        seed=_is(int, content["seed"]),
    )


def _packing(content: Mapping[str, object]) -> Packing:
    index = content["index"]
    return Packing(_text(content["layout"]), None if index is None else Index[_text(index)])


def _applied(content: Mapping[str, object]) -> Applied:
    readers: dict[str, Callable[[object], Any]] = {
        **dict.fromkeys(("name", "dtype", "open", "winner", "sha256"), _text),
        **dict.fromkeys(("x_norm", "e_s", "e_q", "e_sq", "e_qs", "e_sq_dense", "e_gain", "error"), _real),
        **dict.fromkeys(("rounded", "zeros", "bits_in_file"), lambda value: _is(int, value)),
        **dict.fromkeys(("patterns", "failed"), lambda value: tuple(_text(one) for one in _items(value))),
        "shape": _shape,
        "theorem": lambda value: None if value is None else _text(value),
        "on_grid": lambda value: _is(bool, value),
        "bits": lambda value: None if value is None else _is(int, value),
    }
    return Applied(**{name: read(content[name]) for name, read in readers.items()})


def _left_alone(content: Mapping[str, object]) -> LeftAlone:
    words = {name: _text(content[name]) for name in ("name", "dtype", "reason", "sha256")}
    return LeftAlone(shape=_shape(content["shape"]), **words)


def _is(kind: type[Kind], value: object) -> Kind:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"needed {kind.__name__}, got {value!r}")
    return value


def _text(value: object) -> str:
    return _is(str, value)


def _real(value: object) -> float:
    real = float(value) if isinstance(value, int | float | str) else math.nan
    if math.isnan(real):
        raise TypeError(f"needed a number, got {value!r}")
    return real


def _items(value: object) -> list[object]:
    return _is(list, value)


def _mapping(value: object) -> dict[str, object]:
    return _is(dict, value)


def _texts(value: object) -> dict[str, str]:
    return {_text(key): _text(text) for key, text in _mapping(value).items()}


def _source(value: object) -> dict[str, str]:
    source = _texts(value)
    if not source:
        raise ValueError("source names no file")
    return source


def _shape(value: object) -> tuple[int, ...]:
    return tuple(_is(int, n) for n in _items(value))
