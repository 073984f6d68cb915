"""A checkpoint whose weights are shown as the matrices that its layers multiply by."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.decoding import Decoding
from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, refused
from sqtheory.files.views.view import View


def as_matrix(info: TensorInfo, view: View | None) -> TensorInfo:
    """What is said of one of the matrices of a tensor; of the tensor itself without view."""
    if view is None:
        return info
    count, rows, columns = view.matrices(info.shape)
    nbytes = info.nbytes // count if count else 0
    return replace(info, shape=(rows, columns), nbytes=nbytes, view=view, shown_of=info)


@final
class ViewedCheckpoint(Checkpoint):
    """The tensors of an open checkpoint, those with a view as matrices [rows, reduced], all others as they are.

    Where a view has indices apart, the tensor is [E, rows, reduced], or E tensors ``x[0]``, ``x[1]``, … where
    ``apart``. Closing it closes the checkpoint.
    """

    def __init__(self, inner: Checkpoint, views: Mapping[str, View], *, apart: bool = False) -> None:
        """Show the tensors of ``inner`` by their views.

        Raises ValueError for an axis that a tensor has not, CheckpointError where a tensor has the name of an expert.
        """
        self._inner, self._views, self._apart = inner, dict(views), apart
        self._home: dict[str, tuple[TensorInfo, int]] = {}
        self._last: tuple[str, NDArray[Any]] | None = None
        self._lock = Lock()
        self.streams = inner.streams
        shown = tuple(self._shown(inner.tensors))
        twice = [name for name, count in Counter(info.name for info in shown).items() if count > 1]
        if twice:
            raise refused(inner.path, "it is called like an expert of another tensor", twice[0])
        super().__init__(inner.path, shown)

    def _shown(self, tensors: tuple[TensorInfo, ...]) -> Iterator[TensorInfo]:
        for info in tensors:
            view = self._views.get(info.name)
            if view is None:
                yield info
            elif self._apart and view.apart:
                for e, index in enumerate(view.indices(info.shape)):
                    name = f"{info.name}{index}"
                    self._home[name] = info, e
                    yield replace(as_matrix(info, view), name=name)
            else:
                self._home[info.name] = info, 0
                yield replace(info, shape=view.shape(info.shape), view=view, shown_of=info)

    @property
    def views(self) -> Mapping[str, View]:
        return MappingProxyType(self._views)

    def origin(self, name: str) -> str:
        return self._home[name][0].name if name in self._home else name

    @property
    def inner(self) -> Checkpoint:
        return self._inner.inner

    @property
    def described(self) -> frozenset[str]:
        return self._inner.described

    @property
    def decoding(self) -> Decoding | None:
        return self._inner.decoding

    def parts(self, name: str) -> Mapping[str, str]:
        return self._inner.parts(self.origin(name))

    def files(self) -> dict[str, Path]:
        return self._inner.files()

    def close(self) -> None:
        self._last = None
        self._inner.close()

    def _statuses(self) -> tuple[os.stat_result, ...]:
        return self._inner._statuses()

    def holds(self, path: Path) -> bool:
        return self._inner.holds(path)

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        return super().stored(name) if name in self._home else self._inner.stored(name)

    def splits(self, name: str, unit: int) -> bool:
        return name not in self._home and self._inner.splits(name, unit)

    def entries(self, name: str, begin: int, end: int) -> NDArray[Any]:
        if name in self._home:
            return super().entries(name, begin, end)
        return self._inner.entries(name, begin, end)

    def slabs(self, name: str) -> Iterator[NDArray[Any]]:
        return super().slabs(name) if name in self._home else self._inner.slabs(name)

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        if info.name not in self._home:
            return self._inner.read(info.name)
        stored, e = self._home[info.name]
        view = self._views[stored.name]
        if not (self._apart and view.apart):
            return view.forward(self._inner.read(stored.name))
        part = self._inner.part(stored.name, e) if view.apart == (0,) else None
        if part is not None:
            return view.within(0).forward(part)
        with self._lock:
            if self._last is None or self._last[0] != stored.name:
                self._last = None  # not kept while the next is read
                self._last = stored.name, view.forward(self._inner.read(stored.name))
            return np.array(self._last[1][e])
