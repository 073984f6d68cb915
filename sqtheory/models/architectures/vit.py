"""A pre-norm vision transformer over grey images, as it was trained for the zoo."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.models.architectures.layers import gelu, layer_norm
from sqtheory.models.architectures.linears import EXACT, Linear, Linears
from sqtheory.models.architectures.model import Model, Shapes, Source, depth_of, heads_of

MEAN, DEVIATION = 0.2860, 0.3530
"""Of the pixels of the training images, in [0, 1]."""
EPSILON = 1e-5
LAYERS = ("qkv", "proj", "fc1", "fc2")


@final
@dataclass(frozen=True, eq=False)
class VisionTransformer(Model):
    """Square patches, a class token, learned positions, pre-norm blocks with GELU; one row of logits an image."""

    tensors: Mapping[str, Array]
    heads: int

    family: ClassVar[str] = "vision transformer"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "cross_entropy", "perplexity")
    batch: ClassVar[int] = 50
    mark: ClassVar[str] = "patch.weight"

    @classmethod
    def of(cls, tensors: Mapping[str, Array], heads: int | None, source: Source) -> "VisionTransformer":
        return cls(tensors, heads_of(tensors["patch.weight"].shape[0], heads, 32))

    @property
    def depth(self) -> int:
        """The number of blocks."""
        return depth_of(self.tensors, "blocks")

    @property
    def side(self) -> tuple[int, int]:
        """Patches along a side of the image, and pixels along a side of a patch."""
        positions = self.tensors["pos"].shape[1] - 1 if "pos" in self.tensors else 0
        return math.isqrt(positions), math.isqrt(self.tensors["patch.weight"].shape[1])

    def shapes(self) -> Shapes:
        width = self.tensors["patch.weight"].shape[0]
        patches = self.side[0] ** 2
        hidden, classes = (self.tensors[n].shape[0] if n in self.tensors else 0 for n in HIDDEN)
        shapes: dict[str, tuple[int, ...]] = {
            **{"patch.weight": (width, self.side[1] ** 2), "patch.bias": (width,)},
            **{"cls": (1, 1, width), "pos": (1, patches + 1, width)},
            **{"norm.weight": (width,), "norm.bias": (width,)},
            **{"head.weight": (classes, width), "head.bias": (classes,)},
        }
        sizes = {"qkv": (3 * width, width), "proj": (width, width), "fc1": (hidden, width), "fc2": (width, hidden)}
        for block in range(self.depth):
            for layer, size in sizes.items():
                shapes |= {f"blocks.{block}.{layer}.weight": size, f"blocks.{block}.{layer}.bias": size[:1]}
            for norm in ("norm1", "norm2"):
                shapes |= {f"blocks.{block}.{norm}.{part}": (width,) for part in ("weight", "bias")}
        return shapes

    @property
    def linears(self) -> tuple[Linear, ...]:
        return tuple(self.linear(f"blocks.{block}.{layer}") for block in range(self.depth) for layer in LAYERS)

    def logits(self, inputs: NDArray[Any], linears: Linears = EXACT) -> Array:
        """``inputs``: images (batch, height, width) in [0, 1]; (batch, classes)."""
        y = self.embedded(inputs)
        for block in range(self.depth):
            at = f"blocks.{block}"
            attended = self._attended(self._normed(y, f"{at}.norm1"), at, linears)
            if block == self.depth - 1 and linears.by_row:  # only the class token is read
                attended, y = attended[:, :1], y[:, :1]
            y += linears(self.linear(f"{at}.proj"), attended)
            inner = gelu(linears(self.linear(f"{at}.fc1"), self._normed(y, f"{at}.norm2")))
            y += linears(self.linear(f"{at}.fc2"), inner)
        head = self.linear("head")
        return head.of(self._normed(y[:, 0], "norm"), head.weight)

    def embedded(self, images: Array) -> Array:
        """The class token and the patches with their positions, what the first block reads: a new array."""
        count, size = self.side
        batch = len(images)
        pixels = (images.astype(np.float32) - np.float32(MEAN)) / np.float32(DEVIATION)
        cut = pixels.reshape(batch, count, size, count, size).swapaxes(2, 3).reshape(batch, count**2, size**2)
        patch = self.linear("patch")
        y = np.empty((batch, count**2 + 1, patch.weight.shape[0]), np.float32)
        y[:, 0] = self.tensors["cls"][0, 0]
        y[:, 1:] = patch.of(cut, patch.weight)
        y += self.tensors["pos"]
        return y

    def _attended(self, x: Array, at: str, linears: Linears) -> Array:
        batch, length, width = x.shape
        joined = linears(self.linear(f"{at}.qkv"), x)
        q, k, v = joined.reshape(batch, length, 3, self.heads, width // self.heads).transpose(2, 0, 3, 1, 4)
        return linears.attended(at, q, k, v)

    def _normed(self, x: Array, at: str) -> Array:
        return layer_norm(x, self.tensors[f"{at}.weight"], self.tensors[f"{at}.bias"], EPSILON)


HIDDEN = ("blocks.0.fc1.weight", "head.weight")
"""The tensors that say how wide the hidden layers are and how many classes there are."""
