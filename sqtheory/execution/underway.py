"""A job whose work is being done, in whatever order the answers come."""

from collections.abc import Iterator, Sequence
from typing import Any, final

from sqtheory.execution.jobs import Job, Work
from sqtheory.execution.tasks import Done


@final
class Underway:
    """One wave of a job after the other."""

    def __init__(self, run: range, key: str, job: Job) -> None:
        """``run``: which tensors it is about; ``key``: under what their lease is held. Nothing is asked yet."""
        self.run, self.key, self._job = run, key, job
        self.done: tuple[Done, ...] | None = None
        """What is done with it all, when there is no more work; () where it was given up."""
        self._answers: list[Any] = []
        self._missing = 0

    def start(self) -> "Iterator[Ordered]":
        """The work of the first wave."""
        return self._wave(next(self._job))

    def take(self, place: int, answer: Any) -> "Iterator[Ordered]":
        """Take an answer and give the work of the next wave, if this was the last of one."""
        self._answers[place] = answer
        self._missing -= 1
        if self._missing:
            return iter(())
        try:
            return self._wave(self._job.send(self._answers))
        except StopIteration as end:
            self.done = end.value
            return iter(())

    def give_up(self) -> None:
        """Nothing more is wanted."""
        self._job.close()
        self.done = ()

    def _wave(self, work: Sequence[Work]) -> "Iterator[Ordered]":
        self._answers, self._missing = [None] * len(work), len(work)
        return (Ordered(self, place, one) for place, one in enumerate(work))


@final
class Ordered:
    """Work of a job, and where its answer goes."""

    def __init__(self, by: Underway, place: int, work: Work) -> None:
        self.by, self.place, self.work = by, place, work
