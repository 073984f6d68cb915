"""A folder of finished results that processes and machines share: one line of JSON for every tensor and sweep.

``FOLDER/key/digest.json`` holds the rows of the tensor whose entries have that digest, under the operators
that the key stands for. Nothing in it is trusted that does not say so itself.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import final

from sqtheory.execution.leases import Leases
from sqtheory.execution.stored import stored
from sqtheory.files import atomic
from sqtheory.files.checkpoints import Signature
from sqtheory.orders.grid import Row
from sqtheory.records import sealed, unsealed

SCHEMA = "sqtheory.result/1"
SETTLED = 2.0
"""Seconds after its last change from which a file is known by its times: a later write will show in them."""


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


@final
@dataclass(frozen=True)
class Results:
    """The lines below a folder."""

    folder: Path

    def shared(self) -> Leases:
        """The leases by which processes that share the folder share the work."""
        return Leases(self.folder)

    def of_file(self, key: str, signature: Signature) -> tuple[Row, ...] | None:
        """The rows that were computed from this very file, unchanged since; None where there are none."""
        lines = (_line(path) for path in (self.folder / key).glob("*.json"))
        return next((e.rows for e in lines if e and e.key == key and e.signature == signature), None)

    def of_entries(self, key: str, digest: str) -> tuple[Row, ...] | None:
        """The rows that were computed from these entries, whatever the file; None where there are none."""
        line = _line(self._path(key, digest))
        return line.rows if line and (line.key, line.digest) == (key, digest) else None

    def save(self, key: str, digest: str, signature: Signature, rows: tuple[Row, ...]) -> None:
        """Write the line of a tensor, whole or not at all."""
        settled = time.time() - signature.changed / 1e9 > SETTLED
        line = ResultLine(SCHEMA, key, digest, signature if settled else None, rows)
        atomic.write(self._path(key, digest), line.text.encode(), force=True)

    def _path(self, key: str, digest: str) -> Path:
        return self.folder / key / f"{digest}.json"


def _line(path: Path) -> ResultLine | None:
    found = stored(path)
    return found and read(found[1])


def read(text: str) -> ResultLine | None:
    """The line that writes this very text; None for a text that is cut, changed or of another schema."""
    line = unsealed(ResultLine, text)
    return line if line is not None and line.schema == SCHEMA else None
