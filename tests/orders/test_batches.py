"""A stack of tensors gives each of them the rows that it has alone, to the last bit."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import pytest

import sqtheory as sq
from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.kernels import ENGINES, engine
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Blocks, Partition, Rows
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scores import Score, magnitude
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.ties import Ties, low_index
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import NonFinite
from sqtheory.orders import batches, definition
from sqtheory.orders.applied import both
from sqtheory.orders.batches import batch_rows
from sqtheory.orders.grid import Row, tensor_rows
from sqtheory.orders.pair import Pair
from sqtheory.theory.samples import SAMPLES
from tests.nightly import often, thin

MASKS = (
    *("2:4", "nm(1, 4, axis=0)", "nm(4, 8, tail=short)", "nm(2, 4, ties=high_index)", "nm(2, 4, ties=by_original)"),
    *("50%", "top(0.3, per=row)", "top(3, per=column)", "top(0.5, tile=(2, 4))"),
)
FORMATS = (
    *("int4", "int(4, block=4, axis=0)", "int(4, per=tensor)", "int(4, per=column)", "int(4, scaling=fullrange)"),
    *("int(3, rounding=toward_zero)", "hbfp6", "mxfp4", "mxint8", "nvfp4", "nf4", "bcq3", "bcq(2, zero=true)"),
    *("cast(e4m3)", "mxfp(e2m1, tile=(2, 4))", "nvfp4(per=row)"),
)
SHAPES = ((4, 8), (8, 12), (16, 40), (2, 4, 8), (8,))


def parsed(kind: type[Operator], texts: tuple[str, ...]) -> list[Operator]:
    found = [sq.parse(text) for text in texts]
    assert all(isinstance(f, kind) for f in found)
    return found


def stack(rng: np.random.Generator, kind: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Five tensors of one kind; two are alike, and one of those has a column less."""
    x = np.stack([SAMPLES[kind](rng, shape, dtype) for _ in range(5)])
    x[3] = x[0]
    x[3, ..., 0] = 0
    return x


def alone(x: np.ndarray, s: Operator, q: Operator, p: float) -> list[list[Row]] | None:
    """The rows of every tensor by itself; None where one is refused."""
    assert isinstance(s, Sparsifier) and isinstance(q, Quantizer)
    try:
        return [tensor_rows(str(i), one, [s], [q], p) for i, one in enumerate(x)]
    except ValueError:
        return None


def disagreements(p: float, dtype: type, count: int) -> tuple[int, int]:
    """Of so many pipelines on tensors of every kind: how many were compared, and how many differ."""
    rng, tried, wrong = np.random.default_rng(41), 0, 0
    masks, formats = parsed(Sparsifier, MASKS), parsed(Quantizer, FORMATS)
    for i in range(count):
        s, q = masks[rng.integers(len(masks))], formats[i % len(formats)]
        x = stack(rng, KINDS[rng.integers(len(KINDS))], SHAPES[rng.integers(len(SHAPES))], dtype)
        expected = alone(x, s, q, p)
        if expected is None:
            continue
        got = batch_rows([str(i) for i in range(len(x))], x, [Pair(s, q)], p)  # type: ignore[arg-type]
        tried += 1
        wrong += got != expected
    return tried, wrong


KINDS = [kind for kind in SAMPLES if kind != "short_tail"]


@thin(2)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [1.0, 2.0, math.inf])
def test_a_stack_changes_no_bit(p: float, dtype: type) -> None:
    tried, wrong = disagreements(p, dtype, often(24))
    assert tried > 15 and not wrong


@pytest.mark.parametrize("name", ENGINES)
def test_whatever_computes(name: str) -> None:
    with engine(name):
        tried, wrong = disagreements(2.0, np.float32, 32)
    assert tried > 20 and not wrong


def together(q: Quantizer, shape: tuple[int, ...]) -> Quantizer:
    """The upper scale is that of the whole stack."""
    return replace(q, partition=batches._wide(q.partition, shape))


FAULTS: dict[str, tuple[str, str, Callable[..., object]]] = {
    "other boxes": ("int(4, per=tensor)", "_wide", lambda boxes, shape: Rows()),
    "one maximum for all": (
        "nvfp4",
        "each_quantizer",
        together,
    ),
    "rounded sums": ("hbfp4", "_norms", lambda e, p: np.sqrt((e**2).sum(axis=1)).tolist()),
    "a lead of another tensor": ("int4", "_leads", lambda e, apart, p: [1.0] * len(apart)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fmt, name, broken = FAULTS[fault]
    x = np.random.default_rng(3).normal(size=(40, 4, 8))
    [s], [q] = parsed(Sparsifier, ("2:4",)), parsed(Quantizer, (fmt,))
    assert batch_rows(range(40), x, [Pair(s, q)], 2.0) is not None  # type: ignore[arg-type, list-item]
    expected = [tensor_rows(i, one, [s], [q]) for i, one in enumerate(x)]  # type: ignore[arg-type, list-item]
    assert batch_rows(range(40), x, [Pair(s, q)], 2.0) == expected  # type: ignore[arg-type, list-item]
    monkeypatch.setattr(batches, name, broken)
    assert batch_rows(range(40), x, [Pair(s, q)], 2.0) != expected  # type: ignore[arg-type, list-item]


@pytest.mark.parametrize(
    ("mask", "fmt"),
    [
        *(("threshold(0.5)", "int4"), ("nm(2, 4, ties=adversarial)", "int4"), ("2:4", "int(4, scaling=mse)")),
        *(("nm(2, 4, score=gain(int4, 1))", "int4"), ("blockwise(0.5, tile=(4, 4))", "int4")),
    ],
)
def test_what_needs_the_tensor_alone_is_left(mask: str, fmt: str) -> None:
    x = np.random.default_rng(1).normal(size=(3, 4, 8))
    [s], [q] = parsed(Sparsifier, (mask,)), parsed(Quantizer, (fmt,))
    assert batch_rows("abc", x, [Pair(s, q)], 2.0) is None  # type: ignore[list-item]
    assert batch_rows("abc", x, [Pair(sq.nm(2, 4), q)], 1.5) is None  # type: ignore[list-item]


def test_a_grid_comes_tensor_by_tensor() -> None:
    x = np.random.default_rng(2).normal(size=(3, 4, 8)).astype(np.float32)
    masks, formats = [sq.nm(2, 4), sq.nm(1, 4)], [sq.int_(4), sq.mxfp(E2M1)]
    got = batch_rows("abc", x, [Pair(s, q) for s, q in product(masks, formats)], 2.0)
    assert got == [tensor_rows(name, one, masks, formats) for name, one in zip("abc", x, strict=True)]
    x[1, 2, 3] = np.nan
    with pytest.raises(NonFinite):
        batch_rows("abc", x, [Pair(s, q) for s, q in product(masks, formats)], 2.0)


def test_an_axis_that_only_the_stack_has_is_refused() -> None:
    [s], [q] = parsed(Sparsifier, ("nm(2, 4, axis=-2)",)), parsed(Quantizer, ("int(4, block=4, axis=-2)",))
    for pair in ((s, sq.int_(4)), (sq.nm(2, 4), q)):
        with pytest.raises(ValueError, match=r"axis -2 does not exist in a tensor of shape \(8,\)"):
            batch_rows("abcd", np.ones((4, 8)), [Pair(*pair)], 2.0)  # type: ignore[list-item]
    assert batch_rows("abcd", np.ones(4), [Pair(sq.nm(1, 2), sq.int_(4))], 2.0) is None


@pytest.mark.parametrize("p", [1.0, 2.0, math.inf])
@pytest.mark.parametrize(
    ("mask", "fmt"), [("2:4", "bcq3"), ("top(0.3, per=row)", "nvfp4"), ("top(3)", "hbfp(4, block=3)")]
)
def test_a_stack_counts_what_the_definition_counts(mask: str, fmt: str, p: float) -> None:
    [s], [q] = parsed(Sparsifier, (mask,)), parsed(Quantizer, (fmt,))
    assert isinstance(s, Sparsifier) and isinstance(q, Quantizer)
    x = SAMPLES["ties"](np.random.default_rng(7), (6, 4, 8), np.float32)
    each = batches.each_quantizer(q, (4, 8))
    two = both(x, batches.each_mask(s, (4, 8)), each)
    expected = [definition.counts_of(both(one, s, q), q, p) for one in x]
    assert list(batches.counts_of_each(two, each, p)) == expected
    assert len({counts.openings for counts in expected}) > 1


def test_a_mask_of_another_kind_is_left_to_the_definitions() -> None:
    @dataclass(frozen=True)
    class Mine(Sparsifier):
        """2:4, of a class of its own."""

        groups: Partition = field(default=Blocks(4), init=False)
        score: Score = magnitude
        ties: Ties = low_index
        fixed_budget = True

        def budget(self, size: int) -> int:
            return size // 2

        def _choose(self, scores: Array, key: Array | None, x: Array, low: bool) -> Mask:
            return sq.nm(2, 4)._choose(scores, key, x, low)

        def __str__(self) -> str:
            return "mine"

    x = np.random.default_rng(8).normal(size=(3, 4, 8))
    assert Mine().by_magnitude and batch_rows("abc", x, [Pair(Mine(), sq.int_(4))], 2.0) is None
    [row], [same] = (tensor_rows("a", x[0], [s], [sq.int_(4)]) for s in (Mine(), sq.nm(2, 4)))
    assert (row.order.errors, row.channels.open, row.reason) == (same.order.errors, same.channels.open, same.reason)
