"""The rows of one tensor as one line of JSON, and back: equal to the last bit, or not accepted at all."""

import hashlib
import json
import os
import stat
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, final, get_args, get_origin, get_type_hints

from sqtheory.files.checkpoints import Signature
from sqtheory.orders.grid import Row
from sqtheory.tables import json_ready

Sealed = TypeVar("Sealed")
SCHEMA = "sqtheory.result/1"


@final
@dataclass(frozen=True)
class ResultLine:
    """The rows of one tensor, with what they depend on."""

    schema: str
    key: str
    """Digest of the operators, their generators, the norm, the tensor's name and this program."""
    digest: str
    """Digest of the tensor's entries."""
    signature: Signature | None
    """The file that the entries were read from; None where it had changed too recently to be known by its times."""
    rows: tuple[Row, ...]

    @property
    def text(self) -> str:
        """One line of JSON that ends with its own SHA-256."""
        return sealed(self)


def stored(path: Path, most: int = -1) -> tuple[os.stat_result, str] | None:
    """What is known of a regular file, and its first bytes as text; None where there is none.

    Whatever else has the name, a pipe, a folder, a socket, is not waited for. Raises PermissionError.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except PermissionError:
        raise
    except OSError:
        return None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        return None
    with open(handle, "rb") as file:
        return status, file.read(most).decode("utf-8", "replace")


def read(text: str) -> ResultLine | None:
    """The line that writes this very text; None for a text that is cut, changed or of another schema."""
    line = unsealed(ResultLine, text)
    return line if line is not None and line.schema == SCHEMA else None


def sealed(value: object) -> str:
    """A dataclass as one line of JSON that ends with its own SHA-256."""
    content = json.dumps(plain(value), allow_nan=False)
    return f'{content[:-1]}, "sha256": "{hashlib.sha256(content.encode()).hexdigest()}"}}\n'


def unsealed(kind: type[Sealed], text: str) -> Sealed | None:
    """The value that ``sealed`` writes as this very text; None for a text that is cut or changed."""
    try:
        value: Sealed = rebuilt(kind, json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return value if sealed(value) == text else None


def plain(value: Any) -> Any:
    """Dataclasses as dictionaries of their fields, tuples as lists, numbers as JSON can hold them."""
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    return json_ready(value)


def rebuilt(kind: Any, value: Any) -> Any:
    """The value of a type that ``plain`` wrote. Raises TypeError for anything else."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{f.name: rebuilt(hints[f.name], value[f.name]) for f in fields(kind)})
    if get_origin(kind) is UnionType:
        [present] = [k for k in get_args(kind) if k is not NoneType]
        return None if value is None else rebuilt(present, value)
    if get_origin(kind) is tuple:
        return tuple(rebuilt(get_args(kind)[0], part) for part in value)
    if kind is float and (type(value) is float or value in ("NaN", "Infinity", "-Infinity")):
        return float(value)
    if kind in (int, str, bool, float) and type(value) in ((int, float) if kind is float else (kind,)):
        return value
    raise TypeError(f"needed {kind}, got {value!r}")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
