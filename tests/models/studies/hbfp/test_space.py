"""The numbers of the design space, each counted again block by block."""

import math

import numpy as np
import pytest

from sqtheory.alphabet.partition import Blocks, Partition, Tiles
from sqtheory.alphabet.quantizers import hbfp
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.arrays import Array
from sqtheory.models.studies.hbfp import answers, space
from sqtheory.models.studies.hbfp.space import BITS, BOXES, DISTRIBUTIONS, Cell, cell, cells
from tests.models.studies.hbfp.test_arithmetic import block_float

X = np.random.default_rng(3).laplace(size=(8, 16))


def box_of(boxes: Partition, i: int, j: int) -> tuple[int, int]:
    height, width = boxes.sides(X.shape)
    return i // height, j // width


def naive(bits: int, boxes: Partition) -> tuple[Array, Array]:
    """The image and the step of every entry, from the definition of the format."""
    image, steps = np.zeros(X.shape), np.zeros(X.shape)
    for box in {box_of(boxes, i, j) for i, j in np.ndindex(X.shape)}:
        places = [place for place in np.ndindex(X.shape) if box_of(boxes, *place) == box]
        integers, exponent = block_float([float(X[place]) for place in places], bits)
        for place, integer in zip(places, integers, strict=True):
            image[place], steps[place] = integer * 2.0**exponent, 2.0**exponent
    return image, steps


@pytest.mark.parametrize("boxes", [Blocks(4), Blocks(16), Tiles(4, 4)], ids=str)
@pytest.mark.parametrize("bits", [2, 4])
def test_a_cell_is_what_the_definitions_say(bits: int, boxes: Partition) -> None:
    found = cell(X, bits, boxes, np.random.default_rng(0))
    image, steps = naive(bits, boxes)
    lost = float(np.sum((X - image) ** 2))
    assert found.lost == pytest.approx(lost, rel=1e-12)
    assert found.sqnr == pytest.approx(10 * math.log10(float(np.sum(X**2)) / lost), rel=1e-12)
    in_order = np.sort(X.ravel()) - np.sort(image.ravel())
    assert found.first == pytest.approx(np.abs(in_order).sum(), rel=1e-12)
    assert found.second == pytest.approx(np.sum(in_order**2), rel=1e-12)
    assert found.half_steps == steps.sum() / 2 and found.squared_half_steps == np.sum(steps**2) / 4
    end = 2 ** (bits - 1) - 1
    assert found.clipped == sum(abs(x) > (end + 0.5) * step for x, step in zip(X.flat, steps.flat, strict=True))
    count = len({box_of(boxes, i, j) for i, j in np.ndindex(X.shape)})
    assert found.stored == bits * X.size + 8 * count
    q = hbfp(bits, per=boxes)
    for s, (sq, qs) in zip((nm(2, 4), top(0.5)), found.orders, strict=True):
        assert (sq, qs) == pytest.approx(tuple(np.sum((X - f(X)) ** 2) for f in (s >> q, q >> s)), rel=1e-12)


def test_the_distance_is_within_half_a_step_of_what_is_not_clipped() -> None:
    """Theorems ``rounding_cell`` and ``wasserstein_coupling``, block by block; beyond the ends a full step."""
    for boxes in BOXES[:3]:
        found = cell(X, 4, boxes, np.random.default_rng(0))
        room = 2 if found.clipped else 1
        assert found.first <= room * found.half_steps and found.second <= room**2 * found.squared_half_steps


def test_tensors_add_as_one() -> None:
    parts = [cell(x, 4, Blocks(16), np.random.default_rng(0)) for x in (X[:4], X[4:])]
    whole = cell(X, 4, Blocks(16), np.random.default_rng(0))
    both = parts[0] + parts[1]
    for name in ("squares", "lost", "half_steps", "clipped", "entries", "stored"):
        assert getattr(both, name) == pytest.approx(getattr(whole, name), rel=1e-12)
    assert both.orders[0] == pytest.approx(whole.orders[0], rel=1e-12)
    two = cells([X[:4], X[4:]], np.random.default_rng(0), (3, 4), (Blocks(16), Tiles(4, 4)))
    assert [(each.bits, each.boxes) for each in two] == [
        (3, Blocks(16)),
        (4, Blocks(16)),
        (3, Tiles(4, 4)),
        (4, Tiles(4, 4)),
    ]
    assert two[1].lost == both.lost
    with pytest.raises(ValueError, match="got none"):
        cells([], np.random.default_rng(0))


def test_stochastic_rounding_loses_about_twice_as_much_and_three_decibels() -> None:
    """E (x − Q(x))² of a place spread over its cell is 1/6 of the step squared, of the nearest level 1/12."""
    x = DISTRIBUTIONS["normal"](np.random.default_rng(0))
    found = cell(x, 8, Blocks(64), np.random.default_rng(0))
    assert found.lost_random / found.lost == pytest.approx(2, rel=0.02)


def test_a_bit_is_worth_six_decibels_where_few_entries_are_below_half_a_step() -> None:
    """Of a normal law; under heavy tails small entries round to 0, and a bit is worth less."""
    worth = {}
    for name in ("normal", "± lognormal"):
        x = DISTRIBUTIONS[name](np.random.default_rng(0))[:16]
        five, eight = (cell(x, bits, Blocks(64), np.random.default_rng(0)).sqnr for bits in (5, 8))
        worth[name] = (eight - five) / 3
    assert worth["normal"] == pytest.approx(20 * math.log10(2), abs=0.05) and worth["± lognormal"] < 5.95


def test_a_report_has_a_row_for_each_law_box_and_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "DISTRIBUTIONS", {"normal": lambda rng: rng.standard_normal((4, 64))})
    found = answers.distributions()
    assert len(found.table.rows) == len(BITS) * len(BOXES)
    assert found.table.rows[0][:3] == ("normal", "block=4", "2")
    expected: Cell = space.cell(
        np.random.default_rng(0).standard_normal((4, 64)), 2, Blocks(4), np.random.default_rng(0)
    )
    assert found.table.rows[0][3] == f"{expected.sqnr:.2f} dB"
