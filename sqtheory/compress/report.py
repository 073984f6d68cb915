"""What was done to each tensor of a checkpoint, as the file beside it records: schema ``sqtheory.apply/2``."""

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, final

from sqtheory.compress.layout import Packing
from sqtheory.compress.recipe import Recipe, Treatment
from sqtheory.compress.ruled import RuledRecipe
from sqtheory.files.checkpoints import Decoding
from sqtheory.files.checkpoints.tensors import plain
from sqtheory.files.views.view import View
from sqtheory.orders.applied import Winner
from sqtheory.orders.errors import additive_bound
from sqtheory.orders.grid import Row
from sqtheory.records import Kinds, as_json
from sqtheory.tables import json_ready, json_text

SCHEMA = "sqtheory.apply/2"
SUFFIX = ".sqtheory.json"
"""What the name of a report adds to that of its checkpoint."""
_REPORT = re.compile(rb'\s*\{\s*"schema"\s*:\s*"sqtheory\.apply/', re.ASCII)
_START = 256
"""How a report begins, within so many bytes."""

_HASH, _END = '"sha256": "', '"\n}\n'
"""Around the last value of a report: the SHA-256 of the whole of it with ``_BLANK`` in that place."""
_BLANK = "0" * 64


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
    winner: Winner
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
    view: str | None = None
    """As which matrices it was compressed, as ``View.parse`` reads it; None for itself."""

    @classmethod
    def of(cls, row: Row, **written: Any) -> "Applied":
        """The record of a row of ``order`` and what was ``written``: the fields that the row does not know."""
        e = row.order.errors
        return cls(
            name=row.name,
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
    view: str | None = None
    """As which matrices it would have been compressed; None for itself, and where that was not asked."""


@final
@dataclass(frozen=True)
class Report:
    """The recipe, what it was applied to, and what came of it."""

    version: str
    recipe: Annotated[Treatment, Kinds({"uniform": Recipe, "ruled": RuledRecipe})]
    packing: Packing | None
    """How codes were written, or None for values."""
    source: Mapping[str, str]
    """SHA-256 of every file that the tensors were read from, by its name."""
    copied: Mapping[str, str]
    """SHA-256 of every file that was copied, by its path in the folder."""
    headers: Mapping[str, str]
    """SHA-256 of all that a written file holds besides entries of tensors, by its path in OUT, "." for OUT itself."""
    tensors: tuple[Applied, ...]
    left_alone: tuple[LeftAlone, ...]
    decoding: Decoding | None = None
    """Where weights are codes in the source: which, and what is not carried over."""

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("source names no file")
        for one in self.tensors:
            self.recipe.of(one.name)

    @property
    def views(self) -> dict[str, View]:
        """The views by which tensors were compressed, by name; ValueError for what is none."""
        return {one.name: View.parse(one.view) for one in self.recorded if one.view is not None}

    def shapes(self, names: Collection[str]) -> Iterator[tuple[int, ...]]:
        """The shapes of all matrices of tensors of these names that were compressed."""
        views = self.views
        for one in (one for one in self.tensors if one.name in names):
            if one.name in views:
                count, *sides = views[one.name].matrices(one.shape)
                yield from [tuple(sides)] * count
            else:
                yield one.shape

    @property
    def recorded(self) -> tuple[Applied | LeftAlone, ...]:
        """Every tensor of the checkpoint."""
        return (*self.tensors, *self.left_alone)

    def to_dict(self) -> dict[str, Any]:
        """Plain words and numbers, ready for JSON."""
        p = self.recipe.norm
        bounds = [(t, t.bound(p)) for t in self.tensors]
        own = as_json(self)
        if self.decoding is None:
            del own["decoding"]
        return {
            "schema": SCHEMA,
            **own,
            "recipe": self.recipe.to_dict(),
            "left_alone": [_own(t) for t in self.left_alone],
            "tensors": [_own(t) | json_ready({"bound": b, "slack": b - t.error}) for t, b in bounds],
        }

    def to_json(self) -> str:
        """One JSON object; numbers that are not finite as strings. The last value is the hash of all others."""
        content = {**self.to_dict(), "sha256": _BLANK}
        return signed(json_text(content, indent=1) + "\n")


def _own(record: Applied | LeftAlone) -> dict[str, Any]:
    """The fields; that of a view only where there is one."""
    found: dict[str, Any] = as_json(record)
    if record.view is None:
        del found["view"]
    return found


def signed(text: str) -> str:
    """A report whose last value, ``sha256``, is the SHA-256 of its text with 64 zeros for that value.

    The text of one that has another there, or that does not end as a report does, is not what comes out.
    """
    end = len(text) - len(_END)
    start = end - len(_BLANK)
    digest = hashlib.sha256(f"{text[:start]}{_BLANK}{text[end:]}".encode()).hexdigest()
    return f"{text[: start - len(_HASH)]}{_HASH}{digest}{_END}"


def beside(out: Path) -> Path:
    """The report of a checkpoint: the file or folder of its name and ``.sqtheory.json``."""
    return out.with_name(out.name + SUFFIX)


def check_report(path: Path, force: bool) -> None:
    """Raise FileExistsError if a report may not be written: one is replaced with ``force``, anything else never."""
    if not os.path.lexists(path):
        return
    if not force:
        raise FileExistsError(f"{plain(str(path))} exists: pass --force to replace it")
    if path.is_file():
        with path.open("rb") as file:
            if _REPORT.match(file.read(_START)):
                return
    raise FileExistsError(f"{plain(str(path))} is no report of apply: it is not replaced; write to another file")
