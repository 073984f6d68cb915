"""Multiplications of public architectures, layer by layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from sqtheory.models.studies.hbfp.schedule import LayerCost


@final
@dataclass(frozen=True)
class NetworkCost:
    """A network by name, its layers first to last, and the epochs for which it is trained in the papers."""

    name: str
    layers: tuple[LayerCost, ...]
    epochs: int

    @property
    def multiplications(self) -> int:
        """Of one forward pass of one sample."""
        return sum(layer.multiplications for layer in self.layers)


def convolution(name: str, side: int, inputs: int, outputs: int, kernel: int) -> LayerCost:
    """A square kernel whose output has ``side`` × ``side`` places."""
    return LayerCost(name, side * side * kernel * kernel * inputs * outputs)


def perceptron(widths: Sequence[int]) -> tuple[LayerCost, ...]:
    """Linear layers between widths."""
    return tuple(LayerCost(f"linear {place}", a * b) for place, (a, b) in enumerate(pairwise(widths), 1))


def cifar_resnet(depth: int, epochs: int, classes: int = 10) -> NetworkCost:
    """The residual network of 6n + 2 layers on images of 32 × 32, shortcuts without weights (`he2016resnet`, §4.2)."""
    if depth < 8 or (depth - 2) % 6:
        raise ValueError(f"such a network has 6n + 2 layers, 8 or more, got {depth}")
    layers, before = [convolution("first", 32, 3, 16, 3)], 16
    for width, side in ((16, 32), (32, 16), (64, 8)):
        for block in range((depth - 2) // 6):
            layers.append(convolution(f"{width}.{block}.1", side, before, width, 3))
            layers.append(convolution(f"{width}.{block}.2", side, width, width, 3))
            before = width
    return NetworkCost(f"ResNet-{depth}, 32 × 32", (*layers, LayerCost("classes", 64 * classes)), epochs)


def resnet50(epochs: int) -> NetworkCost:
    """The bottleneck network of 50 layers on images of 224 × 224 (`he2016resnet`, Table 1), projections at its stages.

    Strides are those of the 1 × 1 convolutions there, as printed; many programs stride the 3 × 3 ones.
    """
    layers, before = [convolution("first", 112, 3, 64, 7)], 64
    for width, blocks, side in ((64, 3, 56), (128, 4, 28), (256, 6, 14), (512, 3, 7)):
        for block in range(blocks):
            name = f"{width}.{block}"
            if block == 0:
                layers.append(convolution(f"{name}.projection", side, before, 4 * width, 1))
            layers.append(convolution(f"{name}.1", side, before, width, 1))
            layers.append(convolution(f"{name}.2", side, width, width, 3))
            layers.append(convolution(f"{name}.3", side, width, 4 * width, 1))
            before = 4 * width
    return NetworkCost("ResNet-50, 224 × 224", (*layers, LayerCost("classes", 2048 * 1000)), epochs)


PAPERS = (
    cifar_resnet(20, 160),
    cifar_resnet(20, 300),
    cifar_resnet(50, 300),
    cifar_resnet(74, 300),
    resnet50(90),
)
"""Kinds of `harma2022accuracy`; 300 and 90 epochs are those of the public scripts, 160 about those of He et al."""
