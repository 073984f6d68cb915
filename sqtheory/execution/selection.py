"""The tensors that an operation works on: the targets whose shapes its operators fit; every other with a reason."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Shape, Tail
from sqtheory.arrays import as_real
from sqtheory.exceptions import Indivisible, InputRefused, NonFinite
from sqtheory.files.checkpoints import Checkpoint, TensorInfo
from sqtheory.files.checkpoints.tensors import plain, quoted
from sqtheory.files.targets import Chooser
from sqtheory.tables import short

MASK = "an attention mask: every entry is 0 or -inf"
REFUSED = "refused: "
"""How the reason begins why a weight was left alone that could not be computed."""
SHOWN = 3
"""So many tensors are named where an error is about all of them."""
LISTED = 8
"""So many tensors are named that are left alone for the same reason; JSON has all."""

OperatorsOf: TypeAlias = Callable[[TensorInfo], Sequence[Operator]]
"""The operators that a tensor must fit."""
Left = tuple[TensorInfo, str]
"""A tensor that is left alone, and why."""


@final
@dataclass(frozen=True)
class Selection:
    """Every tensor of a checkpoint once: worked on, left alone with a reason, or (among those) refused."""

    tensors: tuple[TensorInfo, ...]
    left: Mapping[str, str]
    """Why the tensors of these names are left alone."""
    special: frozenset[str] = frozenset()
    """The targets among them: their shapes do not fit, or their entries are no numbers."""

    @property
    def taken(self) -> list[TensorInfo]:
        """What is worked on, in the order of the file."""
        return [info for info in self.tensors if info.name not in self.left]

    @property
    def skipped(self) -> list[Left]:
        """What is left alone of the file, in its order, each tensor once."""
        shown = {
            info.stored.name: (info.stored, self.left[info.name]) for info in self.tensors if info.name in self.left
        }
        return list(shown.values())

    @property
    def failures(self) -> list[str]:
        """A sentence on each weight that was refused."""
        return [
            f"tensor {quoted(info.name)}: {why.removeprefix(REFUSED)}"
            for info, why in self.skipped
            if why.startswith(REFUSED)
        ]

    @property
    def parameters(self) -> dict[str, int]:
        """How many entries are worked on, of how many."""
        taken, tensors = ({i.stored.name: i.stored.size for i in each} for each in (self.taken, self.tensors))
        return {"compared": sum(taken.values()), "of": sum(tensors.values())}

    def without(self, left: Mapping[str, str]) -> "Selection":
        """The same when some more are left alone, with all matrices of their tensors; InputRefused if none remains."""
        if not left:
            return self
        whole = {info.stored.name: left[info.name] for info in self.tensors if info.name in left}
        more = {info.name: whole[info.stored.name] for info in self.tensors if info.stored.name in whole}
        made = replace(self, left={**self.left, **more}, special=self.special | set(more))
        if not made.taken:
            raise InputRefused(_all_of_them(left))
        return made

    def sentences(self, done: str = "Compared") -> list[str]:
        """How many parameters of how many are worked on; what is left alone and why, in a few lines."""
        compared, of = self.parameters.values()
        special = {info.stored.name for info in self.tensors if info.name in self.special}
        count, of_all = len({info.stored.name for info in self.taken}), len({i.stored.name for i in self.tensors})
        reasons = Counter(why for info, why in self.skipped if info.name not in special)
        by_reason = ", ".join(f"{n} {why}" for why, n in reasons.most_common())
        line = f"{done} {amount(compared)} of {amount(of)} parameters in {count} of {of_all} tensors"
        lines = [f"{line}; left alone: {by_reason}." if by_reason else f"{line}."]
        alike: dict[str, list[str]] = {}
        for info, why in self.skipped:
            if info.name in special:
                alike.setdefault(why, []).append(short(info.name))
        for why, names in alike.items():
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            lines.append(f"Left alone: {', '.join(names[:LISTED])}{more} ({why}).")
        return lines


def select(
    path: Path, tensors: Iterable[TensorInfo], rule: Chooser, operators: Sequence[Operator], *, strict: bool = False
) -> Selection:
    """``select_by`` with the same operators for every tensor."""
    return select_by(path, tensors, rule, lambda info: operators, strict=strict)


def select_by(
    path: Path, tensors: Iterable[TensorInfo], rule: Chooser, operators: OperatorsOf, *, strict: bool = False
) -> Selection:
    """The targets of a rule, but for those whose shape some operator does not fit, which are left alone.

    Raises what the operators raise, naming the first few tensors, where these are all targets or ``strict`` is on;
    and what the rule raises.
    """
    tensors = tuple(tensors)
    taken, skipped = rule.split(tensors)
    left = {info.name: why for info, why in skipped}
    unfit = {info.name: why for info in taken if (why := misfit(info, operators(info))) is not None}
    if strict or len(unfit) == len(taken):
        check_fits(path, taken, operators)
    return Selection(tensors, {**left, **unfit}, frozenset(unfit))


def misfit(info: TensorInfo, operators: Iterable[Operator]) -> str | None:
    """Why a tensor of this shape is left alone: the first operator that it does not fit; None where it fits all."""
    for op in operators:
        fault = _fault(op, info)
        if fault is not None:
            return f"does not fit {op}: {fault}"
    return None


def _fault(op: Operator, info: TensorInfo) -> ValueError | None:
    """What an operator refuses all tensors of a shape for, and formats that change no entry of them."""
    try:
        _check_kernels(op, info)
        op.check(info.shape)
        if op.is_idle(info.shape):
            raise InputRefused("every block has one entry: the format does nothing here")
    except ValueError as refusal:
        return type(refusal)(f"{refusal}{_other_axes(op, info.shape)}")
    return None


def _check_kernels(op: Operator, info: TensorInfo) -> None:
    """Indivisible where groups of n:m would reach from one place of a kernel to the next."""
    if info.view is None or info.shown_of is None or len(info.view.reduced) < 2:
        return
    channels = info.shown_of.shape[info.view.reduced[-1]]
    for boxes, tail, what in op.boxes:
        if tail is Tail.error and boxes.along_rows and boxes.run is not None and channels % boxes.run:
            where = f"{channels} input channel{'s' if channels > 1 else ''} at each place of the kernel"
            raise Indivisible(
                f"{where} {'are' if channels > 1 else 'is'} not a whole number of {what} of {boxes.run} (tail=error)"
            )


def check_fits(path: Path, tensors: Sequence[TensorInfo], operators: OperatorsOf) -> None:
    """Raise what the operators raise for the shapes of some tensors, naming the first few."""
    faults: dict[str, tuple[ValueError, str]] = {}
    for info in tensors:
        for op in operators(info):
            fault = _fault(op, info)
            if fault is not None:
                faults.setdefault(info.name, (fault, str(fault)))
    if faults:
        kind = Indivisible if any(isinstance(fault, Indivisible) for fault, _ in faults.values()) else InputRefused
        raise kind(f"{plain(str(path))}: {_all_of_them({name: why for name, (_, why) in faults.items()})}")


@final
class Tolerance:
    """Which refusals of single tensors an operation goes past: those of attention masks and, if asked for, of weights.

    What it went past is in ``left``, by name, with the reason.
    """

    def __init__(self, checkpoint: Checkpoint, *, strict: bool = False, keep_going: bool = False) -> None:
        """Nothing was refused yet."""
        self._checkpoint, self._strict, self._keep_going = checkpoint, strict, keep_going
        self.left: dict[str, str] = {}

    def __call__(self, info: TensorInfo, refusal: InputRefused) -> bool:
        """Whether to go on without a tensor that was refused."""
        why = None if self._strict else reason_of(self._checkpoint, info, refusal)
        rule = rule_of(info.name, refusal)
        if why is None and self._keep_going and rule is not None:
            why = REFUSED + rule
        if why is not None:
            self.left[info.name] = why
        return why is not None


def reason_of(checkpoint: Checkpoint, info: TensorInfo, refusal: InputRefused) -> str | None:
    """Why a tensor that was refused is no weight; None where it may be one."""
    if not isinstance(refusal, NonFinite):
        return None
    hidden = False
    for piece in map(as_real, checkpoint.slabs(info.name)):
        if not np.all((piece == 0) | np.isneginf(piece)):
            return None
        hidden |= bool(np.isneginf(piece).any())
    return MASK if hidden else None


def rule_of(name: str, refusal: InputRefused) -> str | None:
    """What a refusal says of a tensor, without the file and the name; None where it is not about this tensor."""
    for spelled in (quoted(name), repr(name)):
        _, found, rule = str(refusal).rpartition(f"tensor {spelled}: ")
        if found:
            return rule
    return None


def amount(count: int) -> str:
    """A number of parameters to three digits: 950, 12.3 K, 1.2 M, 7.24 B."""
    for unit, word in ((10**9, " B"), (10**6, " M"), (10**3, " K")):
        if count >= unit:
            return f"{float(f'{count / unit:.3g}'):g}{word}"
    return str(count)


def _other_axes(op: Operator, shape: Shape) -> str:
    """The last axis along which groups or blocks of this size are whole, where they are not along their own."""
    strict = {size for boxes, tail, _ in op.boxes if tail is Tail.error for _, size in boxes.bounded(len(shape))}
    if len(shape) < 3 or len(strict) != 1:
        return ""
    [size] = strict
    whole = [axis for axis, n in enumerate(shape) if n and n % size == 0]
    return f"; axis={whole[-1]} fits" if whole else ""


def _all_of_them(rules: Mapping[str, str]) -> str:
    """The first few tensors with what is said of them, and how many more there are."""
    first = [f"tensor {quoted(name)}: {why}" for name, why in list(rules.items())[:SHOWN]]
    more = len(rules) - len(first)
    return "; ".join(first) + (f" (and {more} more)" if more else "")
