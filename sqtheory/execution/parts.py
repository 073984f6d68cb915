"""A piece of a large tensor as a task of its own, and what is asked of it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

from sqtheory.alphabet.kernels import engine
from sqtheory.exceptions import InputRefused
from sqtheory.execution.fingerprints import digest_of
from sqtheory.execution.tasks import Task, opened
from sqtheory.files.checkpoints import Checkpoint, Signature, StoredTensor
from sqtheory.orders.pieces import Cut, Pieces, top_of


class PieceQuestion(ABC):
    """What is asked of a piece of a tensor."""

    @abstractmethod
    def of(self, x: StoredTensor, pieces: Pieces, cut: Cut) -> Any:
        """The answer; None where all of the tensor must be seen for it."""


@final
@dataclass(frozen=True)
class PieceTop(PieceQuestion):
    """The largest magnitude."""

    def of(self, x: StoredTensor, pieces: Pieces, cut: Cut) -> float:
        return top_of(x.between(*cut, pieces.step))


@final
@dataclass(frozen=True)
class Counted(PieceQuestion):
    """What the entries add up to, for every pair."""

    top: float
    """The largest magnitude of the tensor, where some scale depends on it."""

    def of(self, x: StoredTensor, pieces: Pieces, cut: Cut) -> Any:
        return pieces.partials(x.between(*cut, pieces.step), self.top)


@final
@dataclass(frozen=True)
class Deciding(PieceQuestion):
    """The entries on which the orders differ, for every pair."""

    top: float

    def of(self, x: StoredTensor, pieces: Pieces, cut: Cut) -> Any:
        return pieces.witnesses(x.between(*cut, pieces.step), self.top)


@final
@dataclass(frozen=True)
class Digest(PieceQuestion):
    """The digest of the whole tensor, whatever the piece."""

    def of(self, x: StoredTensor, pieces: Pieces, cut: Cut) -> str:
        return digest_of(x)


@final
@dataclass(frozen=True)
class PieceAnswer:
    """What was found of a piece; the same file says the same."""

    signature: Signature | None
    """The file that was read; None where it changed meanwhile."""
    found: Any


@final
@dataclass(frozen=True)
class Part:
    """A question about a piece of the tensor of a task; the entries are read where it runs."""

    task: Task
    pieces: Pieces
    cut: Cut
    question: PieceQuestion

    @property
    def what(self) -> str:
        """The tensor by its name."""
        return self.task.what

    def run(self) -> PieceAnswer:
        """Open the file and compute. Raises as ``Task.run``."""
        with opened(self.task.path, self.task.views, self.task.program) as checkpoint:
            return self.on(checkpoint)

    def on(self, checkpoint: Checkpoint) -> PieceAnswer:
        """Compute from the open file; a refusal is no answer, for the whole tensor says what is wrong with it."""
        before = checkpoint.signature
        try:
            with engine(self.task.engine):
                found = self.question.of(StoredTensor(checkpoint, self.task.name), self.pieces, self.cut)
        except InputRefused:
            found = None
        return PieceAnswer(before if checkpoint.signature == before else None, found)
