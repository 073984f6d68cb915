"""What a layout of quantized weights is: the stored tensors of a weight, and the map from their entries to values."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.tensors import TensorInfo, quoted, refused
from sqtheory.files.views.view import View


@final
@dataclass(frozen=True)
class Stored:
    """What a codec is told of a checkpoint before its weights are read."""

    path: Path
    infos: Mapping[str, TensorInfo]
    """Every stored tensor by its name."""
    config: Mapping[str, Any]
    """``quantization_config`` of the ``config.json`` beside it, or what ``hf_quant_config.json`` says; else empty.

    It has a ``quant_method`` then: ``modelopt`` for what ``hf_quant_config.json`` says, ``mlx`` for ``quantization``.
    """
    read: Callable[[str], NDArray[Any]]
    """The entries of a stored tensor, for the few numbers that tell the shape of a weight."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What the header of one file says besides tensors."""

    def refused(self, rule: str, *names: str) -> CheckpointError:
        """The error for tensors that together break a rule."""
        return refused(self.path, f"{rule} (beside {', '.join(map(quoted, names[1:]))})", names[0])


@final
@dataclass(frozen=True)
class Encoded:
    """A weight that several stored tensors spell together."""

    name: str
    """What a dense checkpoint calls the weight."""
    scheme: str
    """What takes the place of a dtype: ``NVFP4``, ``GPTQ 4-bit``."""
    shape: tuple[int, ...]
    """Of the values, in the axes that the layer has in a dense checkpoint."""
    parts: Mapping[str, str]
    """The names of the stored tensors by what they are: codes, scales, zeros."""
    decode: Callable[[Mapping[str, NDArray[Any]]], NDArray[np.float32]]
    """The values, from the entries of the parts as ``read`` gives them; ValueError says which part is at fault.

    The refusal that comes of it names the tensors of all parts.
    """
    view: View | None = None
    """As which matrices the layer uses the weight, where the layout itself tells."""
    keys: frozenset[str] = frozenset()
    """The keys of metadata of the file that describe it and mean nothing beside its values."""


class Codec(ABC):
    """A layout of quantized weights that some package writes."""

    name: ClassVar[str]
    source: ClassVar[str]
    """Where the layout is described: a package with its version, a specification."""
    methods: ClassVar[frozenset[str]]
    """The ``quant_method`` of configurations under which the layout is looked for; under others it is not.

    Without a configuration names and shapes tell.
    """
    says_itself: ClassVar[bool] = False
    """Whether a file states the layout itself, so that it is looked for whatever lies beside."""

    @abstractmethod
    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        """The weights of a checkpoint that are stored in this layout.

        Nothing of a tensor is read but what tells a shape. Raises CheckpointError, naming the tensors, where half of a
        pair is missing or shapes contradict each other.
        """
