"""A progress bar on stderr where somebody is watching."""

import sys
from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Iterable[Item], what: str, *, quiet: bool = False) -> Iterable[Item]:
    """The items, with a bar on stderr while they are worked on; none if stderr is no terminal or ``quiet``.

    How many there are is asked of ``len``, where the items have one.
    """
    if quiet or not sys.stderr.isatty():
        return items
    from tqdm.auto import tqdm

    return tqdm(items, desc=what, unit="tensor", leave=False, file=sys.stderr)
