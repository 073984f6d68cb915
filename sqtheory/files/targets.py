"""Which tensors of a checkpoint are sparsified and quantized, and why the others are left alone."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

from sqtheory.exceptions import InputRefused
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.roles import role_of

IGNORED, NO_TARGET = "ignored", "not a target"
"""The reasons that are a choice of the user; all others follow from the tensor itself."""


class Chooser(ABC):
    """A choice of tensors to work on."""

    @abstractmethod
    def reason_to_skip(self, tensor: TensorInfo) -> str | None:
        """Why a tensor is left alone; None for a target."""

    @abstractmethod
    def check_names(self, tensors: Sequence[TensorInfo]) -> None:
        """Raise InputRefused for a name or pattern that matches none of these."""

    @abstractmethod
    def nothing_left(self, reasons: str) -> InputRefused:
        """What is raised where every tensor is left alone, for these reasons."""

    def split(self, tensors: Iterable[TensorInfo]) -> tuple[list[TensorInfo], list[tuple[TensorInfo, str]]]:
        """The targets, and the others with their reasons.

        Raises InputRefused if a name or pattern matches nothing, or if nothing is left to work on.
        """
        tensors = tuple(tensors)
        self.check_names(tensors)
        taken: list[TensorInfo] = []
        skipped: list[tuple[TensorInfo, str]] = []
        for tensor in tensors:
            reason = self.reason_to_skip(tensor)
            if reason is None:
                taken.append(tensor)
            else:
                skipped.append((tensor, reason))
        if not taken:
            raise self.nothing_left(", ".join(sorted({why for _, why in skipped})) or "the file holds no tensor")
        return taken, skipped


@final
@dataclass(frozen=True)
class Targets(Chooser):
    """A rule that picks tensors by name: exact names, or regular expressions written ``re:PATTERN``.

    With ``include`` matching tensors are taken, integers too, and no other; without it every floating-point
    tensor of two or more axes is that is no vector in disguise and that has no other role by its name (embeddings,
    heads, normalizations, biases, masks, positions, signal bases, buffers). ``ignore`` always leaves out.
    """

    include: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for pattern in (*self.include, *self.ignore):
            if pattern.startswith("re:"):
                try:
                    re.compile(pattern[3:])
                except re.error as error:
                    raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error

    def reason_to_skip(self, tensor: TensorInfo) -> str | None:
        """Why a tensor is left alone; None for a target. Judged is what the file says of it."""
        tensor = tensor.stored
        if _matches(tensor.name, self.ignore):
            return IGNORED
        if self.include:
            return None if _matches(tensor.name, self.include) else NO_TARGET
        if not tensor.is_float:
            return tensor.no_weight or f"dtype {tensor.dtype}"
        if len(tensor.shape) < 2:
            return "fewer than two axes"
        if tensor.no_weight is not None:
            return tensor.no_weight
        role = role_of(tensor.name)
        if role is None and tensor.size and sum(n > 1 for n in tensor.shape) < 2:
            return "only one axis is longer than 1"
        return role

    def check_names(self, tensors: Sequence[TensorInfo]) -> None:
        for pattern in (*self.include, *self.ignore):
            if not any(_matches(tensor.stored.name, (pattern,)) for tensor in tensors):
                raise InputRefused(f"no tensor is called {pattern!r}: see sqtheory inspect")

    def nothing_left(self, reasons: str) -> InputRefused:
        take = "order, apply, report take --targets NAME or re:PATTERN"
        return InputRefused(f"no tensor is a target ({reasons}): {take}")


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(re.fullmatch(p[3:], name) is not None if p.startswith("re:") else p == name for p in patterns)
