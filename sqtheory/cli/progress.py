"""A progress bar on stderr, or in a notebook, where somebody is watching."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sqtheory.execution.prefetch import Watch

Item = TypeVar("Item")


def progress(items: Iterable[Item], what: str, *, quiet: bool = False) -> Iterable[Item]:
    """The items, with a bar while they are worked on; none if ``quiet``, or nobody watches.

    How many there are is asked of ``len``, where the items have one.
    """
    if quiet or not _watched():
        return items
    from tqdm.auto import tqdm

    columns, lines = _room()
    return tqdm(items, desc=what, unit="tensor", leave=False, file=sys.stderr, ncols=columns, nrows=lines)


def watched(arguments: argparse.Namespace) -> "Watch":
    """Who watches what a verb works on: ``progress``, quiet where JSON is asked for."""
    return partial(progress, quiet=getattr(arguments, "json", False))


@contextmanager
def counter(total: int, what: str, unit: str, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """A function to tell how many more of ``total`` units are done, with a bar as ``progress`` shows it."""
    if quiet or not _watched():
        yield lambda count: None
        return
    from tqdm.auto import tqdm

    columns, lines = _room()
    with tqdm(total=total, desc=what, unit=unit, leave=False, file=sys.stderr, ncols=columns, nrows=lines) as bar:

        def advance(count: int) -> None:
            bar.update(count)

        yield advance


def _room() -> tuple[int | None, int | None]:
    """Columns and lines of the terminal; 80 and 24 where it says 0, as a fresh one may, for no bar would show."""
    try:
        size = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        return None, None
    return size.columns or 80, size.lines or 24


def _watched() -> bool:
    """Stderr is a terminal, or this is the kernel of a notebook."""
    if sys.stderr.isatty():
        return True
    kernel = sys.modules.get("ipykernel.iostream")
    return kernel is not None and isinstance(sys.stderr, kernel.OutStream)
