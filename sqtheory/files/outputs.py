"""What a verb may replace: never a file of its input, whatever ``--force`` says."""

from collections.abc import Iterable
from pathlib import Path


def check_outputs(outs: Iterable[Path], checkpoint: str, *others: Path) -> None:
    """ValueError where a path leads to a file that a checkpoint is read from, or to one of ``others``, by any name."""
    from contextlib import closing

    from sqtheory.exceptions import MissingExtra
    from sqtheory.files.checkpoints import open_checkpoint
    from sqtheory.files.checkpoints.writing import check_not_input

    there = [out for out in outs if out.exists()]
    if not there:
        return
    for out in there:
        check_not_input(out, None, *others)
    try:
        opened = open_checkpoint(checkpoint)
    except (ValueError, MissingExtra, OSError):  # refused where it is read
        return
    with closing(opened):
        for out in there:
            check_not_input(out, opened)


def check_page(out: Path) -> None:
    """FileExistsError for a file that is there and is no page."""
    if not out.exists():
        return
    if out.is_file():
        with out.open("rb") as file:
            start = file.read(256)
        if not start or start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
            return
    raise FileExistsError(f"{out} is no HTML page: it is not replaced")
