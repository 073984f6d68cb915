"""A function of tensors under torch.compile, on one thread."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqtheory.arrays import Array
from sqtheory.bench.cases import Call
from sqtheory.bench.peers.peer import Peer

Function: TypeAlias = Callable[[Any], Any]


def compiled(name: str, function: Function, x: Array, lacks: str) -> Peer:
    """The function compiled, or as it is where torch does not compile it, as the name then says."""
    import torch

    torch.set_num_threads(1)
    call, how = _call(torch.compile(function, dynamic=False), x), "compiled"
    with quiet():
        try:
            call()
        except Exception as error:  # of whichever part of the compiler, or for want of one of C++
            call, how = _call(function, x), f"eager: torch.compile of {torch.__version__} fails, {type(error).__name__}"
            call()
    return Peer(f"{name}, {how}", call, x, lacks)


def _call(function: Function, x: Array) -> Call:
    import torch

    def call() -> Array:
        with torch.inference_mode():
            image: Array = function(torch.from_numpy(x)).numpy()
        return image

    return call


@contextmanager
def quiet() -> Iterator[None]:
    """Packages and compilers say nothing inside: what they say of themselves is pages long."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
