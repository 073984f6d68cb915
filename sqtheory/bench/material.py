"""The files on which whole verbs work."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from sqtheory.bench.measuring import WIDTH
from sqtheory.bench.rows import MATRICES
from sqtheory.execution.synthetic import write_normal


@final
@dataclass(frozen=True)
class Material:
    """A file of float32 matrices of 4096 columns, one of an eighth of it, and one of 100 KB, in a folder."""

    folder: Path
    size: int
    """Entries of the first that are asked for: they fill whole rows of every matrix."""

    @property
    def rows(self) -> int:
        """Of each matrix."""
        return _rows(self.size)

    @property
    def entries(self) -> int:
        """Of the first, in truth."""
        return MATRICES * WIDTH * self.rows

    @property
    def file(self) -> Path:
        """The large one."""
        return self.folder / "matrices.safetensors"

    @property
    def eighth(self) -> Path:
        """One of an eighth of the first, in as many matrices."""
        return self.folder / "eighth.safetensors"

    @property
    def small(self) -> Path:
        """The small one."""
        return self.folder / "small.safetensors"

    def write(self) -> None:
        """Write all."""
        write_normal(self.file, MATRICES, self.rows, WIDTH, "F32")
        write_normal(self.eighth, MATRICES, _rows(self.size // 8), WIDTH, "F32")
        write_normal(self.small, 1, 25, 1024, "F32")


def _rows(size: int) -> int:
    """How many rows a matrix needs for so many entries in all."""
    return max(1, -(-size // (MATRICES * WIDTH)))
