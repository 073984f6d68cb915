"""A checkpoint as its verbs see it: the targets as the matrices that their layers use."""

from collections.abc import Iterable

from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, quoted
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.viewed import ViewedCheckpoint


def seen(checkpoint: Checkpoint, targets: Targets, axes: Axes, *, apart: bool = False) -> Checkpoint:
    """The targets of a checkpoint as matrices, all other tensors as they are; itself where all are plain.

    ``apart`` as in ``ViewedCheckpoint``. Raises as ``Targets.split`` and ``Axes.views``.
    """
    taken, _ = targets.split(checkpoint.tensors)
    views = axes.views(checkpoint, taken)
    return ViewedCheckpoint(checkpoint, views, apart=apart) if views else checkpoint


def notes(tensors: Iterable[TensorInfo]) -> tuple[str, ...]:
    """What is assumed of views and nothing says, in one sentence."""
    doubted = [info.stored.name for info in tensors if "?" in (info.seen_as or "")]
    if not doubted:
        return ()
    return (
        f"which axis of the experts in {quoted(doubted[0])} has the inputs neither config.json nor the shapes say: "
        "the last is taken; --axis NAME=1 says the other",
    )
