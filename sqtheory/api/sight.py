"""What a call works on: the targets of a checkpoint that fit its operators, as the matrices that their layers use."""

from sqtheory.execution.selection import OperatorsOf, Selection, select_by
from sqtheory.files.checkpoints import Checkpoint
from sqtheory.files.statistics import Statistics
from sqtheory.files.targets import Chooser
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.seeing import seen


def choose(
    source: Checkpoint,
    rule: Chooser,
    axes: Axes,
    operators: OperatorsOf,
    *,
    known: Statistics | None = None,
    strict: bool = False,
) -> tuple[Checkpoint, Selection]:
    """The checkpoint with every matrix of a target for itself, and which of its tensors are worked on.

    Raises as ``seen`` and ``select``, and CheckpointError for statistics that are of other tensors.
    """
    shown = seen(source, rule, axes, apart=True)
    if known is not None:
        known.check({info.name: info.shape for info in shown.tensors})
    return shown, select_by(shown.path, shown.tensors, rule, operators, strict=strict)
