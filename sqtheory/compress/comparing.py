"""The bytes of a tensor that was written beside those that are made again: read once, hashed once where they agree."""

import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.compress.layout import Pieces
from sqtheory.files.checkpoints import Checkpoint
from sqtheory.files.digests import sha256


@final
class Written:
    """The bytes of one tensor in a written checkpoint."""

    def __init__(self, source: Checkpoint, name: str) -> None:
        """Nothing is read yet."""
        self._source, self._name = source, name
        self._content: str | None = None
        self.same = False
        """Those that were made again were these very bytes."""

    def content(self) -> str:
        """Their SHA-256."""
        if self._content is None:
            self._content = sha256(self._source.stored(self._name))
        return self._content

    def against(self, made: Pieces) -> str:
        """SHA-256 of what is made again; ``same`` and ``content`` are known then."""
        pieces, common = map(_flat, made), hashlib.sha256()
        there = map(_flat, self._source.stored(self._name))
        held = next(there, _NOTHING)
        for piece in pieces:
            while piece.size:
                count = min(piece.size, held.size)
                if not count or not np.array_equal(piece[:count], held[:count]):
                    self._content = _rest(common.copy(), chain([held], there))
                    return _rest(common, chain([piece], pieces))
                common.update(piece[:count].data)
                piece, held = piece[count:], held[count:]
                held = held if held.size else next(there, _NOTHING)
        made_again = common.hexdigest()
        self.same, self._content = not held.size, _rest(common, chain([held], there))
        return made_again


_NOTHING = np.empty(0, np.uint8)


def _flat(piece: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(piece).reshape(-1).view(np.uint8)


def _rest(begun: "hashlib._Hash", pieces: Iterator[NDArray[np.uint8]]) -> str:
    for piece in pieces:
        begun.update(piece.data)
    return begun.hexdigest()
