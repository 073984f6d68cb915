"""What a mask or a format would refuse on some tensor of a checkpoint, found before anything is computed."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import as_real
from sqtheory.exceptions import InputRefused, about
from sqtheory.files.checkpoints import Checkpoint, TensorInfo
from sqtheory.orders.applied import both

Of = TypeVar("Of", bound=Operator)


def preflight(
    checkpoint: Checkpoint,
    tensors: Sequence[TensorInfo],
    masks: Sequence[Sparsifier],
    formats: Sequence[Quantizer],
    *,
    values: bool = True,
    tolerates: Callable[[TensorInfo, InputRefused], bool] = lambda info, refusal: False,
) -> None:
    """Raise what the operators raise on some tensor, named: first for its shape, then for its values, read once.

    Values are refused for NaN and infinities, and under a format that does not saturate for an image of such, unless
    that is tolerated of the tensor.
    """
    for info in tensors:
        with about(f"tensor {info.name!r}"):
            for op in (*masks, *formats):
                op.check(info.shape)
    overflows = [q for q in formats if not q.saturate]
    for info in tensors if values else ():
        if not overflows and _finite(checkpoint, info):
            continue
        try:
            with about(f"tensor {info.name!r}"):
                x = as_real(checkpoint.read(info.name))
                for op in _steady((*masks, *formats)):
                    op(x)
                for s in _steady(masks):
                    for q in _steady(overflows):
                        both(x, s, q)
        except InputRefused as refusal:
            if not tolerates(info, refusal):
                raise


def _steady(operators: Iterable[Of]) -> list[Of]:
    """Those that draw no random numbers (what a Generator gives is kept for what is computed) and await nothing."""
    awaiting = {id(op) for op in operators if isinstance(op, Sparsifier) and op.score and op.score.awaits}
    return [op for op in operators if "(rng)" not in str(op) and id(op) not in awaiting]


def _finite(checkpoint: Checkpoint, info: TensorInfo) -> bool:
    return all(bool(np.isfinite(as_real(piece)).all()) for piece in checkpoint.slabs(info.name))
