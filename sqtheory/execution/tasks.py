"""One tensor of a sweep: a picklable value that any machine with the file and this program can compute."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from sqtheory.checkpoints import Checkpoint, StoredTensor, open_checkpoint
from sqtheory.exceptions import about
from sqtheory.execution.content import digest_of, program
from sqtheory.execution.results import Results
from sqtheory.kernels import Engine, engine
from sqtheory.quantizers import Quantizer
from sqtheory.sparsifiers import Sparsifier
from sqtheory.sweep import Row, tensor_rows


@final
@dataclass(frozen=True)
class Done:
    """The rows of a tensor, and whether they were computed now rather than found."""

    rows: tuple[Row, ...]
    computed: bool


@final
@dataclass(frozen=True)
class Task:
    """Every mask with every format on one tensor of a file; the entries are read where the task runs."""

    path: Path
    name: str
    masks: tuple[Sparsifier, ...]
    formats: tuple[Quantizer, ...]
    p: float
    key: str
    program: str
    """Digest of the program that asks."""
    engine: Engine
    """Which loops compute; workers do not inherit that of the caller."""
    results: Results | None

    def run(self) -> Done:
        """Open the file and compute. Raises RuntimeError where another version of this program runs."""
        if self.program != program():
            raise RuntimeError("this worker runs another version of sqtheory or numpy than the sweep that asks it")
        with open_checkpoint(self.path) as checkpoint:
            return self.on(checkpoint)

    def on(self, checkpoint: Checkpoint) -> Done:
        """Compute from the open file, or find the rows of the same entries; keep them if there is a folder for it.

        Raises InputRefused, and ValueError for operators that do not fit the tensor, naming file and tensor.
        """
        before = checkpoint.signature
        x = StoredTensor.of(checkpoint, self.name) or checkpoint.read(self.name)
        digest = digest_of(x) if self.results else ""
        found = self.results.of_entries(self.key, digest) if self.results else None
        with about(str(self.path)), engine(self.engine):
            rows = found or tuple(tensor_rows(self.name, x, self.masks, self.formats, self.p))
        if self.results and checkpoint.signature == before:
            self.results.save(self.key, digest, before, rows)
        return Done(rows, computed=found is None)
