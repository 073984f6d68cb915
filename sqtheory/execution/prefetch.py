"""One function of many tensors, computed ahead by an executor and given in turn."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextvars import copy_context
from typing import Generic, Protocol, TypeVar, final

Item = TypeVar("Item")
Done = TypeVar("Done")


class Watch(Protocol):
    """Somebody who sees the items of a long computation go by, and what it is called: a progress bar."""

    def __call__(self, items: Iterable[Item], what: str) -> Iterable[Item]:
        """The same items."""


def unwatched(items: Iterable[Item], what: str) -> Iterable[Item]:
    """The items, without anybody watching."""
    return items


@final
class InTurn(Generic[Item, Done]):
    """f(item) for each item in turn, a few of them computed ahead by threads; without any one at a time, here.

    Threads compute by the engine of the caller.
    """

    def __init__(
        self, function: Callable[[Item], Done], items: Sequence[Item], executor: Executor | None, ahead: int
    ) -> None:
        """Nothing is computed yet; ``ahead`` results are held at most besides the one that was given last."""
        self._function, self._items, self._executor, self._ahead = function, items, executor, ahead

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Done]:
        if self._executor is None:
            for item in self._items:
                yield self._function(item)
            return
        running = deque[Future[Done]]()
        try:
            for item in self._items:
                running.append(self._executor.submit(copy_context().run, self._function, item))
                if len(running) >= self._ahead:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()
