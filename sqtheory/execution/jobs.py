"""What a sweep does for a tensor, or for some small ones: waves of tasks, the next of which depend on the answers."""

import math
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, final

from sqtheory.execution.parts import Counted, Deciding, Digest, Part, PieceQuestion, PieceTop
from sqtheory.execution.tasks import Batch, Done, Task
from sqtheory.files.checkpoints import Checkpoint, Signature
from sqtheory.orders.counts import Counts
from sqtheory.orders.grid import Row
from sqtheory.orders.pieces import Cut, Pieces, added, undecided
from sqtheory.orders.witnesses import Witnesses, joined

Work: TypeAlias = Task | Batch | Part
"""What an executor is given."""
Job: TypeAlias = Generator[Sequence[Work], list[Any], tuple[Done, ...]]
"""Gives work, is sent the answers in the order of the work, and returns what is done when there is no more."""
Asking: TypeAlias = Generator[Sequence[Work], list[Any], list[Any] | None]
"""The same for one question; None where only all of the tensor at once has the answer."""


def at_once(task: Task | Batch) -> Job:
    """One task."""
    [done] = yield (task,)
    return tuple(done)


def job_of(task: Task, checkpoint: Checkpoint, wanted: int) -> Job:
    """In pieces where the tensor is large and the file gives ranges of it, for those pairs that can; else at once.

    ``wanted``: entries of a piece, about.
    Raises ValueError where a mask or a format does not fit the tensor.
    """
    info = checkpoint.info(task.name)
    if info.quantized or info.shown_of is not None or not info.is_float:
        return at_once(task)
    pieces = Pieces.of(task.grid, info.shape, task.p, wanted)
    if pieces is None or not checkpoint.splits(task.name, pieces.step):
        return at_once(task)
    return _InPieces(task, pieces, info.shape).job()


@final
class _InPieces:
    """The rows of a tensor from its pieces; at once after all, if a piece asks for that or was of another file."""

    def __init__(self, task: Task, pieces: Pieces, shape: tuple[int, ...]) -> None:
        self._task, self._pieces, self._shape = task, pieces, shape
        self._signature: Signature | None = None

    def job(self) -> Job:
        """All of it."""
        task, digest = self._task, ""
        if task.results is not None:
            digests = yield from self._ask(self._pieces, Digest(), [(0, self._pieces.size)])
            if digests is None:
                return (yield from at_once(task))
            [digest] = digests
            known = task.results.of_entries(task.key, digest)
            if known:
                return (Done(known, computed=False),)
        others = yield from self._others()
        counts = yield from self._counts()
        if counts is None or self._signature is None:
            return (yield from at_once(task))
        mine = (
            Row.of(task.name, pair.on(self._shape), one) for pair, one in zip(self._pieces.grid, counts, strict=True)
        )
        rows = dict(zip(self._pieces.places, mine, strict=True)) | others
        done = tuple(rows[place] for place in range(len(task.grid)))
        if task.results is not None:
            task.results.save(task.key, digest, self._signature, done)
        return (Done(done, computed=True),)

    def _others(self) -> Generator[Sequence[Work], list[Any], dict[int, Row]]:
        """The rows of the pairs that must see the tensor whole, by their places."""
        left = [place for place in range(len(self._task.grid)) if place not in self._pieces.places]
        if not left:
            return {}
        grid = tuple(self._task.grid[place] for place in left)
        [[done]] = yield (replace(self._task, grid=grid, key="", results=None),)
        return dict(zip(left, done.rows, strict=True))

    def _counts(self) -> Generator[Sequence[Work], list[Any], list[Counts] | None]:
        pieces, top = self._pieces, 0.0
        if pieces.needs_top:
            tops = yield from self._ask(pieces, PieceTop())
            top = math.nan if tops is None else max(tops)
            if not top < math.inf:
                return None
        counted = yield from self._ask(pieces, Counted(top))
        if counted is None:
            return None
        partials, witnesses = added(counted), list[Witnesses]()
        doubtful = undecided(partials)
        if doubtful:
            found = yield from self._ask(pieces.only(doubtful), Deciding(top))
            if found is None:
                return None
            witnesses = [joined(each) for each in zip(*found, strict=True)]
        return pieces.counts(partials, witnesses)

    def _ask(self, pieces: Pieces, question: PieceQuestion, cuts: Sequence[Cut] | None = None) -> Asking:
        """The answers about all pieces, or those; None unless all are there and of one file."""
        answers = yield [Part(self._task, pieces, cut, question) for cut in cuts or pieces.cuts()]
        if self._signature is None:
            self._signature = answers[0].signature
        if any(one.found is None or one.signature != self._signature for one in answers):
            return None
        return [one.found for one in answers]
