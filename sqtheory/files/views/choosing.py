"""Which tensors of a checkpoint are worked on, and as which matrices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, quoted
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.viewed import ViewedCheckpoint


@final
@dataclass(frozen=True, eq=False)
class Choice:
    """The targets of a checkpoint as it shows them, and the others with their reasons."""

    checkpoint: Checkpoint
    taken: list[TensorInfo]
    skipped: list[tuple[TensorInfo, str]]

    @property
    def texts(self) -> Mapping[str, str]:
        """What is said of the view of every target that has one, by its name as shown."""
        return {info.name: info.view.text(info.matrix_of) for info in self.taken if info.view and info.matrix_of}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is assumed of the views and nothing says, in one sentence for each kind."""
        doubted = [name for name, text in self.texts.items() if "?" in text]
        if not doubted:
            return ()
        return (
            f"which axis of the experts in {quoted(self.checkpoint.origin(doubted[0]))} has the inputs neither "
            "config.json nor the shapes say: the last is taken; --axis NAME=1 says the other",
        )


def choose(checkpoint: Checkpoint, targets: Targets, axes: Axes, *, apart: bool = False) -> Choice:
    """Split the tensors of a checkpoint, and show the targets as the matrices that their layers use.

    The checkpoint is itself where all are plain. ``apart`` as in ``ViewedCheckpoint``. Raises as ``Targets.split`` and
    ``Axes.views``.
    """
    taken, skipped = targets.split(checkpoint.tensors)
    views = axes.views(checkpoint, taken)
    if not views:
        return Choice(checkpoint, taken, skipped)
    shown = ViewedCheckpoint(checkpoint, views, apart=apart)
    names = {info.name for info in taken}
    return Choice(shown, [info for info in shown.tensors if shown.origin(info.name) in names], skipped)
