"""How much a part of a network can stretch the distance of two inputs, where that is known."""

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

import numpy as np

from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class Lipschitz:
    """‖φ(a) − φ(b)‖₂ ≤ ``constant`` ‖a − b‖₂ for all a, b; None where no constant holds for all, ``why`` says more."""

    constant: float | None
    why: str


LIPSCHITZ = MappingProxyType(
    {
        "identity": Lipschitz(1.0, "equality"),
        "relu": Lipschitz(1.0, "slopes 0 and 1"),
        "tanh": Lipschitz(1.0, "slope 1 at 0"),
        "sigmoid": Lipschitz(0.25, "slope 1/4 at 0"),
        "gelu": Lipschitz(
            (1 + math.erf(1)) / 2 + 1 / (math.e * math.sqrt(math.pi)), "slope Φ(t) + t φ(t), largest at t = √2"
        ),
        "gelu_tanh": Lipschitz(1.129, "slope of the tanh form, 1.1289930… at t = 1.4185…, rounded up"),
        "silu": Lipschitz(1.09984, "slope at t tanh(t/2) = 2, 1.0998393… at t = 2.3993…, rounded up"),
        "softmax": Lipschitz(0.5, "diag(p) − ppᵀ has rows of absolute sum 2p(1 − p) ≤ 1/2"),
        "layer_norm": Lipschitz(None, "max|γ|/√ε at an input of equal entries: use ``chord`` at the input at hand"),
        "rms_norm": Lipschitz(None, "max|γ|/√ε at the input 0: use ``chord`` at the input at hand"),
        "attention": Lipschitz(
            None, "products of inputs grow without bound (`kim2021lipschitz`): use ``through_attention``"
        ),
    }
)
"""Constants of the parts of networks in the 2-norm, by the field's names."""


def constant(name: str) -> float:
    """The Lipschitz constant of a part. Raises ValueError where there is none for all inputs, or for unknown names."""
    if name not in LIPSCHITZ:
        raise ValueError(f"no Lipschitz constant of {name!r} is known here; known: {', '.join(LIPSCHITZ)}")
    found = LIPSCHITZ[name]
    if found.constant is None:
        raise ValueError(f"{name} has no Lipschitz constant for all inputs: {found.why}")
    return found.constant


def chord(ratio: Array) -> Array:
    """sup ‖u/‖u‖ − v/‖v‖‖ over v with ‖v − u‖ ≤ r ‖u‖: 2 sin(arcsin(r)/2) for r < 1, else 2.

    The largest angle between u and v is that of the tangent from 0, of sine r; r ≥ 1 allows every v.
    """
    return np.where(ratio < 1, 2 * np.sin(np.arcsin(np.minimum(ratio, 1.0)) / 2), 2.0)
