"""A checkpoint as its verbs see it: the targets as the matrices that their layers use."""

from collections.abc import Iterable, Mapping

from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, quoted
from sqtheory.files.targets import Chooser
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.view import View
from sqtheory.files.views.viewed import ViewedCheckpoint
from sqtheory.tables import short


def seen(checkpoint: Checkpoint, targets: Chooser, axes: Axes, *, apart: bool = False) -> Checkpoint:
    """The targets of a checkpoint as matrices, all other tensors as they are; itself where all are plain.

    ``apart`` as in ``ViewedCheckpoint``. Raises as ``Targets.split`` and ``Axes.views``.
    """
    taken, _ = targets.split(checkpoint.tensors)
    return shown(checkpoint, axes.views(checkpoint, taken), apart=apart)


def shown(checkpoint: Checkpoint, views: Mapping[str, View], *, apart: bool = False) -> Checkpoint:
    """A checkpoint by the views of some of its tensors; itself where there is none."""
    return ViewedCheckpoint(checkpoint, views, apart=apart) if views else checkpoint


def inspected(checkpoint: Checkpoint, targets: Chooser, axes: Axes) -> Checkpoint:
    """``seen`` of those targets about which nodes do not disagree, of which there may be none."""
    taken = [i for i in checkpoint.tensors if targets.reason_to_skip(i) is None and i.dispute is None]
    return shown(checkpoint, axes.views(checkpoint, taken))


def axes_of(tensors: Iterable[TensorInfo]) -> dict[str, str]:
    """Which axis is reduced of those that are shown as matrices, by their names in the file."""
    return {info.stored.name: info.seen_as for info in tensors if info.seen_as is not None}


def axes_said(tensors: Iterable[TensorInfo]) -> tuple[str, ...]:
    """The same in one text, a line for each; nothing where there is none."""
    axes = axes_of(tensors)
    lines = (f"  {short(name)}: {text}" for name, text in axes.items())
    return ("\n".join(["Reduced axes, where they are not the last of a matrix:", *lines]),) if axes else ()


def notes(tensors: Iterable[TensorInfo]) -> tuple[str, ...]:
    """What is assumed of views and nothing says, in one sentence."""
    doubted = [info.stored.name for info in tensors if "?" in (info.seen_as or "")]
    if not doubted:
        return ()
    return (
        f"which axis of the experts in {quoted(doubted[0])} has the inputs neither config.json nor the shapes say: "
        "the last is taken; --axis NAME=1 says the other",
    )
