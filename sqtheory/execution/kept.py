"""Checkpoints that a worker opened, kept open for a little while: the next task asks for the same one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, final

from sqtheory.files.checkpoints import Checkpoint, Signature, open_checkpoint
from sqtheory.files.views.view import View
from sqtheory.files.views.viewed import ViewedCheckpoint

Views: TypeAlias = tuple[tuple[str, View], ...]
"""By which views a task's tensors are shown, indices apart as tensors of their own."""
IDLE = 2.0
"""Seconds after which a checkpoint that no task asked for is closed."""


@final
class Kept:
    """Open checkpoints that nobody uses now; each is used by one thread at a time."""

    def __init__(self) -> None:
        """None yet."""
        self._lock = threading.Lock()
        self._idle: list[tuple[tuple[Path, Views], Signature, Checkpoint]] = []
        self._timer: threading.Timer | None = None

    @contextmanager
    def opened(self, path: Path, views: Views) -> Iterator[Checkpoint]:
        """The checkpoint at a path as it is now: one that is open and has not changed since, or opened afresh."""
        checkpoint = self._taken(path, views) or _opened(path, views)
        signature = checkpoint.signature
        try:
            yield checkpoint
        except BaseException:
            checkpoint.close()
            raise
        with self._lock:
            self._idle.append(((path, views), signature, checkpoint))
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(IDLE, self.close)
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        """Close all that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for *_, checkpoint in idle:
            checkpoint.close()

    def _taken(self, path: Path, views: Views) -> Checkpoint | None:
        with self._lock:
            idle, self._idle = self._idle, []
            for at, (asked, signature, checkpoint) in enumerate(idle):
                if asked == (path, views) and checkpoint.signature == signature and checkpoint.holds(path):
                    self._idle = idle[:at] + idle[at + 1 :]
                    return checkpoint
        for *_, checkpoint in idle:
            checkpoint.close()
        return None


def _opened(path: Path, views: Views) -> Checkpoint:
    opened = open_checkpoint(path)
    return ViewedCheckpoint(opened, dict(views), apart=True) if views else opened


kept = Kept()
"""Those of this process."""
