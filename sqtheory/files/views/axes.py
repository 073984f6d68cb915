"""As which matrices the weights of a checkpoint are used: said by the user, by the file, or by the architecture."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import final

from sqtheory.exceptions import InputRefused
from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, refused
from sqtheory.files.views.architecture import Architecture
from sqtheory.files.views.rules import RULES
from sqtheory.files.views.view import View


@final
@dataclass(frozen=True)
class Axis:
    """The axis that the layers of some tensors sum over: ``1``, ``NAME=1``, ``re:PATTERN=1``; all without a name.

    Where a tensor is known as a kernel or as experts, one number says which axis has the input channels, and the rest
    of the view stays; else it is the view that ``View.parse`` reads. −1 is the last axis.
    Raises ValueError for anything else.
    """

    text: str

    def __post_init__(self) -> None:
        if self.axes != "-1":
            View.parse(self.axes)
        if self.name.startswith("re:"):
            try:
                re.compile(self.name[3:])
            except re.error as error:
                raise ValueError(f"{self.name!r} is not a regular expression: {error}") from error

    def __str__(self) -> str:
        return self.text

    @property
    def name(self) -> str:
        """Of the tensors, or ``re:PATTERN``; empty for all."""
        return self.text.rpartition("=")[0]

    @property
    def axes(self) -> str:
        """How the axes are spelled."""
        return self.text.rpartition("=")[2]

    def is_of(self, name: str) -> bool:
        """It speaks of the tensor of this name."""
        if self.name.startswith("re:"):
            return re.fullmatch(self.name[3:], name) is not None
        return self.name in ("", name)

    def view(self, shape: tuple[int, ...], known: View | None) -> View:
        """The view of a tensor of this shape of which otherwise ``known`` is known; ValueError for other axes."""
        view = View((max(len(shape) - 1, 0),)) if self.axes == "-1" else View.parse(self.axes)
        view.check(shape)
        axis = view.reduced[0]
        if known is None or view.apart or len(view.reduced) > 1 or axis not in known.channels(len(shape)):
            return view
        return known.with_inputs(axis)


@final
@dataclass(frozen=True)
class Axes:
    """What is said of axes; of a tensor the first that names it holds, before what is said of all."""

    said: tuple[Axis, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Axes":
        """One text for each; ValueError as ``Axis``, and for two of all tensors."""
        said = tuple(map(Axis, texts))
        if sum(not axis.name for axis in said) > 1:
            raise ValueError("more than one axis for all tensors")
        return cls(said)

    def views(self, checkpoint: Checkpoint, tensors: Iterable[TensorInfo]) -> dict[str, View]:
        """The views of those of these tensors that are no plain matrices [out, in], where something is known of them.

        Raises CheckpointError naming a tensor without such an axis, InputRefused for a name that no tensor has.
        """
        for axis in self.said:
            if not any(axis.is_of(info.name) for info in checkpoint.tensors):
                raise InputRefused(f"no tensor is called {axis.name!r}: see sqtheory inspect")
        return dict(self._views(checkpoint, tensors))

    def _views(self, checkpoint: Checkpoint, tensors: Iterable[TensorInfo]) -> Iterator[tuple[str, View]]:
        known = known_views(checkpoint)
        for info in tensors:
            view = known.get(info.name)
            said = sorted((axis for axis in self.said if axis.is_of(info.name)), key=lambda axis: not axis.name)
            if said:
                try:
                    view = said[0].view(info.shape, view)
                except ValueError as error:
                    raise refused(checkpoint.path, f"--axis {said[0]}: {error}", info.name) from error
            elif info.dispute is not None:
                raise refused(checkpoint.path, f"{info.dispute}; --axis NAME=N says which", info.name)
            if view is not None and not view.is_plain(len(info.shape)):
                yield info.name, view


def known_views(checkpoint: Checkpoint) -> dict[str, View]:
    """What the file itself says of its tensors, and the architecture of those of which the file says nothing."""
    infos = {info.name: info for info in checkpoint.tensors}
    architecture = Architecture.beside(checkpoint.path)
    said = {info.name: info.view for info in infos.values() if info.view is not None}
    return {name: view for rule in RULES for name, view in rule.views(infos, architecture)} | said
