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
    """A file of float32 matrices of 4096 columns, and one of 100 KB, in a folder."""

    folder: Path
    size: int
    """Entries of the first that are asked for: they fill whole rows of every matrix."""

    @property
    def rows(self) -> int:
        """Of each matrix."""
        return -(-self.size // (MATRICES * WIDTH))

    @property
    def entries(self) -> int:
        """Of the first, in truth."""
        return MATRICES * WIDTH * self.rows

    @property
    def file(self) -> Path:
        """The large one."""
        return self.folder / "matrices.safetensors"

    @property
    def small(self) -> Path:
        """The small one."""
        return self.folder / "small.safetensors"

    def write(self) -> None:
        """Write both."""
        write_normal(self.file, MATRICES, self.rows, WIDTH, "F32")
        write_normal(self.small, 1, 25, 1024, "F32")
