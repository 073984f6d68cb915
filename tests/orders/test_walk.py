"""The way of a tensor to its row: what is known comes before it, what is said after, and neither sees it.

A module is entered where one of its functions is called with the tensor or a view of it. What the operators do inside
the alphabet is theirs; the single pass has its kernels there.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

import sqtheory
from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.partition import Columns
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold, top
from sqtheory.arrays import Array
from sqtheory.orders.grid import tensor_rows

ROOT = f"{Path(sqtheory.__file__).parent}/"
KNOWING = {"orders/pair.py", "orders/rulings.py", "orders/assumptions.py"}
"""What is known before a tensor is seen."""
TELLING = {"orders/channels.py", "orders/report.py", "orders/reasons.py"}
"""What is said after it was counted."""
FUSED: tuple[Sparsifier, Quantizer] = (nm(2, 4), mxfp(E4M3))
DEFINED: tuple[tuple[Sparsifier, Quantizer], ...] = (
    (top(0.5, per=Columns()), int_(4)),
    (threshold(0.5), hbfp(4)),
    (nm(2, 4, axis=0), int_(4)),
)


@contextmanager
def watched(x: Array) -> Iterator[list[tuple[str, bool]]]:
    """The modules of the package whose functions are called, and whether with the tensor or a view of it."""
    calls: list[tuple[str, bool]] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(ROOT):
            return
        named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        given = (frame.f_locals.get(name) for name in named)
        tensor = any(isinstance(v, np.ndarray) and np.may_share_memory(v, x) for v in given)
        calls.append((code.co_filename.removeprefix(ROOT), tensor))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def walk(s: Sparsifier, q: Quantizer) -> tuple[list[tuple[str, bool]], list[str]]:
    """All calls while a tensor becomes a row, and the modules that it enters, each time."""
    x = np.random.default_rng(0).standard_normal((64, 1024), np.float32)
    with watched(x) as calls:
        tensor_rows("x", x, [s], [q])
    return calls, [module for module, tensor in calls if tensor]


def test_the_single_pass_is_entered_once() -> None:
    _, entered = walk(*FUSED)
    assert {"orders/grid.py", "orders/fused.py"} <= set(entered)
    assert len(set(entered)) <= 8
    inside = entered[entered.index("orders/fused.py") :]
    assert {module for module in inside if not module.startswith("alphabet/kernels/")} == {
        "orders/fused.py",
        "orders/shared.py",
        "orders/group_tiles.py",
    }


@pytest.mark.parametrize(("s", "q"), DEFINED, ids=str)
def test_the_definitions_take_it_to_few_modules_beside_the_operators_own(s: Sparsifier, q: Quantizer) -> None:
    _, entered = walk(s, q)
    outside = {module for module in entered if not module.startswith("alphabet/")}
    assert {"orders/applied.py", "orders/definition.py"} <= outside and len(outside) <= 9


@pytest.mark.parametrize(("s", "q"), [FUSED, *DEFINED], ids=str)
def test_what_knows_and_what_tells_never_sees_it_and_comes_before_and_after(s: Sparsifier, q: Quantizer) -> None:
    calls, entered = walk(s, q)
    assert not (KNOWING | TELLING) & set(entered)
    modules = [module for module, _ in calls]
    counting = [i for i, module in enumerate(modules) if module in ("orders/fused.py", "orders/definition.py")]
    ruling = [i for i, module in enumerate(modules) if module in ("orders/pair.py", "orders/rulings.py")]
    telling = [i for i, module in enumerate(modules) if module in TELLING]
    assert min(ruling) < min(counting) and max(counting) < min(telling)
