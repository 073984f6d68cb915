"""Partitions against enumerated indices, and the overlap theorem against sets and against masks."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.alphabet.partition import Blocks, Channels, Columns, Heads, Overlap, Partition, Rows, Tail, Tiles, Whole
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.exceptions import Indivisible
from tests.twins import masks as twin

Shape = tuple[int, ...]
Case = tuple[Partition, twin.Label]
SIZES = range(1, 9)
SHAPES = st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple)


@st.composite
def cases(draw: st.DrawFn, shape: Shape) -> Case:
    """A partition that fits the shape, and its definition."""
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    size, count = draw(st.integers(1, 8)), draw(st.sampled_from([c for c in SIZES if shape[axis] % c == 0]))
    height, width = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    fits: list[Case] = [
        (Blocks(size, axis), twin.blocks(size, axis)),
        (Rows(), twin.rows),
        (Channels(axis), twin.channels(axis)),
        (Heads(count, axis), twin.heads(count, axis)),
        (Whole(), twin.whole),
    ]
    if len(shape) > 1:
        fits += [(Columns(), twin.columns), (Tiles(height, width), twin.tiles(height, width))]
    return draw(st.sampled_from(fits))


PARTITIONED = SHAPES.flatmap(lambda shape: st.tuples(st.just(shape), cases(shape)))


def numbered(shape: Shape) -> np.ndarray:
    return np.arange(np.prod(shape, dtype=int)).reshape(shape)


def ids(shape: Shape, boxes: dict[Shape, list[Shape]]) -> list[list[int]]:
    """The entries of ``numbered(shape)`` in every box."""
    x = numbered(shape)
    return [[int(x[i]) for i in box] for box in boxes.values()]


@given(PARTITIONED)
def test_every_entry_lies_in_the_one_box_of_the_definition(case: tuple[Shape, Case]) -> None:
    shape, (partition, label) = case
    pieces = partition.split(numbered(shape))
    assert all(rows.ndim == 2 for rows in pieces)
    found = [row for rows in pieces for row in rows.tolist()]
    assert sorted(found) == sorted(ids(shape, twin.boxes(shape, label)))


@given(PARTITIONED)
def test_join_undoes_split(case: tuple[Shape, Case]) -> None:
    shape, (partition, _) = case
    x = numbered(shape).astype(np.float32)
    again = partition.join(partition.split(x), shape)
    assert again.dtype == x.dtype and np.array_equal(again, x)
    every_other = np.repeat(x, 2, axis=-1)[..., ::2]
    assert np.array_equal(partition.join(partition.split(every_other), shape), x)


@given(PARTITIONED)
def test_counts_sides_and_places_are_those_of_the_definition(case: tuple[Shape, Case]) -> None:
    shape, (partition, label) = case
    boxes = twin.boxes(shape, label)
    assert partition.grid(shape) == tuple(int(m) + 1 for m in np.max(list(boxes), axis=0))
    assert partition.count(shape) == len(boxes)
    sides = partition.sides(shape)
    assert partition.tails(shape) == sum(len(box) < np.prod(sides) for box in boxes.values())
    assert max(len(box) for box in boxes.values()) <= np.prod(sides)
    assert partition.tails(shape) == 0 or isinstance(partition, Blocks | Tiles)
    for where, box in boxes.items():
        assert {partition.box_of(i, shape) for i in box} == {where}


@given(PARTITIONED)
def test_reduce_and_split_grid_put_one_value_at_every_box(case: tuple[Shape, Case]) -> None:
    shape, (partition, label) = case
    x = numbered(shape) ** 2 % 97
    sums = partition.reduce(x, lambda rows: rows.sum(axis=1) / 2)
    expected = {where: sum(int(x[i]) for i in box) / 2 for where, box in twin.boxes(shape, label).items()}
    assert sums.shape == partition.grid(shape) and sums.dtype == np.float64
    assert {where: sums[where] for where in np.ndindex(sums.shape)} == expected
    for rows, values in zip(partition.split(x), partition.split_grid(sums, shape), strict=True):
        assert values.tolist() == [sum(row) / 2 for row in rows.tolist()]


@pytest.mark.parametrize(
    ("partition", "shape"),
    [
        (Blocks(4), (3, 8)),
        (Blocks(4), (2, 3, 8)),
        (Blocks(3), (8,)),
        (Blocks(5, 0), (10,)),
        (Rows(), (3, 5)),
        (Whole(), (3, 5)),
        (Channels(0), (2, 3, 4)),
        (Heads(2), (4, 3)),
        (Tiles(2, 5), (4, 5)),
    ],
)
def test_contiguous_boxes_are_views(partition: Partition, shape: Shape) -> None:
    x = numbered(shape)
    pieces = partition.split(x)
    assert all(np.shares_memory(rows, x) for rows in pieces)


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (2, 0, 3)])
@pytest.mark.parametrize("partition", [Blocks(4), Blocks(2, 0), Rows(), Channels(), Heads(1), Whole()])
def test_an_empty_tensor_has_no_box_and_keeps_its_dtype(partition: Partition, shape: Shape) -> None:
    x = np.zeros(shape, np.int16)
    pieces = partition.split(x)
    assert [rows.size for rows in pieces] == [0] * len(pieces)
    assert partition.join(pieces, shape).shape == shape and partition.join(pieces, shape).dtype == np.int16
    per_box = partition.reduce(x, lambda rows: rows.sum(axis=1, dtype=np.int64))
    assert per_box.shape == partition.grid(shape) and per_box.dtype == np.int64
    assert partition.count(shape) == 0 == partition.tails(shape)
    assert partition.overlaps(Whole(), shape) == Overlap(())


def test_a_scalar_is_one_box() -> None:
    assert Whole().split(np.float64(3.0))[0].tolist() == [[3.0]] == Rows().split(np.array(3.0))[0].tolist()
    assert Whole().count(()) == 1 and Whole().grid(()) == () and Whole().box_of((), ()) == ()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: Blocks(4, 2).sides((3, 4)), r"axis 2 does not exist in a tensor of shape \(3, 4\)"),
        (lambda: Blocks(4, -3).sides((3, 4)), "axis -3 does not exist"),
        (lambda: Channels(1).sides((3,)), "axis 1 does not exist"),
        (lambda: Blocks(4).sides(()), "axis -1 does not exist"),
        (lambda: Columns().sides((3,)), r"per=column needs a tensor of two or more axes, got shape \(3,\)"),
        (lambda: Tiles(2, 2).sides((3,)), r"a tile needs a tensor of two or more axes, got shape \(3,\)"),
        (lambda: Blocks(0), r"a block needs sizes of at least 1, got \(0,\)"),
        (lambda: Blocks(True), "a block needs sizes"),
        (lambda: Tiles(4, -1), r"a tile needs sizes of at least 1, got \(4, -1\)"),
        (lambda: Heads(0), "heads needs sizes"),
    ],
)
def test_impossible_partitions_are_refused(act: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        act()


@pytest.mark.parametrize("act", [lambda: Blocks(2.5), lambda: Blocks(4, 0.5).sides((3, 4)), lambda: Tiles(2, "2")])
def test_sizes_and_axes_are_integers(act: object) -> None:
    with pytest.raises(TypeError, match="integer"):
        act()


def test_lengths_that_do_not_divide_are_refused_by_name() -> None:
    with pytest.raises(Indivisible, match="axis 1 of length 10 does not divide into 4 heads"):
        Heads(4, 1).sides((3, 10))
    with pytest.raises(Indivisible, match=r"axis 1 of length 10 is not a whole number of blocks of 4 \(tail=error\)"):
        Blocks(4).check_tail((3, 10), Tail.error, "blocks")
    with pytest.raises(Indivisible, match="axis 0 of length 3 is not a whole number of tiles of 2"):
        Tiles(2, 5).check_tail((3, 10), Tail.error, "tiles")
    Blocks(4).check_tail((3, 10), Tail.short, "blocks")
    Blocks(5).check_tail((3, 10), Tail.error, "blocks")


def sets(shape: Shape, label: twin.Label) -> list[set[Shape]]:
    return [set(box) for box in twin.boxes(shape, label).values()]


def assert_overlap(shape: Shape, blocks: Case, groups: Case) -> None:
    """Pairs, nesting, offender and predicate are those of the sets, for every budget."""
    overlap = blocks[0].overlaps(groups[0], shape)
    b, g = twin.boxes(shape, blocks[1]), twin.boxes(shape, groups[1])
    expected = {(len(p), len(q), len({*p} & {*q})) for p in b.values() for q in g.values() if {*p} & {*q}}
    assert sorted(pair[:3] for pair in overlap.pairs) == sorted(expected)
    for block, group, common, i, j in overlap.pairs:
        assert (block, group, common) == (len(b[i]), len(g[j]), len({*b[i]} & {*g[j]}))
    block_sets, group_sets = [set(p) for p in b.values()], [set(q) for q in g.values()]
    assert overlap.nested == all(any(p <= q for q in group_sets) for p in block_sets)
    for k in range(1, max(map(len, group_sets)) + 1):
        holds = twin.keeps_scale(block_sets, group_sets, lambda size, k=k: min(k, size))
        assert overlap.keeps_scale(k) == holds
        offender = overlap.offender(lambda size, k=k: min(k, size))
        assert (offender is None) == holds
        if offender is not None:
            block, group = {*b[offender[0]]}, {*g[offender[1]]}
            assert block & group and not block <= group and len(group - block) >= min(k, len(group))


def test_overlap_is_that_of_the_sets_for_all_sizes_to_8() -> None:
    for n in SIZES:
        for b in SIZES:
            for g in SIZES:
                assert_overlap((n,), (Blocks(b), twin.blocks(b, -1)), (Blocks(g), twin.blocks(g, -1)))


@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=2)
    .map(tuple)
    .flatmap(lambda shape: st.tuples(st.just(shape), cases(shape), cases(shape)))
)
def test_overlap_is_that_of_the_sets_in_two_axes(case: tuple[Shape, Case, Case]) -> None:
    assert_overlap(*case)


def test_a_group_that_keeps_nothing_never_qualifies() -> None:
    assert not Blocks(2).overlaps(Blocks(4), (8,)).keeps_scale(lambda size: 0)


def survivors_without_maximum(x: np.ndarray, kept: np.ndarray, blocks: Partition) -> int:
    """Blocks that keep some entry but not one as large as their maximum."""
    before = blocks.reduce(np.abs(x), lambda rows: rows.max(axis=1))
    after = blocks.reduce(np.where(kept, np.abs(x), -1), lambda rows: rows.max(axis=1))
    return int(np.count_nonzero((after >= 0) & (after < before)))


def counterexample(n: int, block: set[int], group: set[int], k: int) -> np.ndarray:
    """k huge entries in G − B, the maximum of B in G ∩ B, a smaller survivor in B − G."""
    x = np.zeros(n)
    x[sorted(group - block)[:k]] = 100.0
    x[min(group & block)] = 10.0
    x[min(block - group)] = -1.0
    return x


SETTINGS = [(n, b, g, k) for n in SIZES for b in range(1, n + 1) for g in range(1, n + 1) for k in range(1, g + 1)]


@pytest.mark.parametrize("n", SIZES)
def test_theorem_overlap_decides_what_magnitude_masks_do(n: int) -> None:
    """Where the predicate holds no x breaks it (every order of up to 6 distinct magnitudes, ties beyond)."""
    rng = np.random.default_rng(n)
    orders = np.array(list(permutations(range(1, n + 1)))) if n <= 6 else rng.permuted([range(1, n + 1)] * 700, axis=1)
    tied = rng.integers(-2, 3, (200, n)) * 4.0 ** rng.integers(0, 3, (200, n))
    x = np.concatenate([orders * rng.choice([-1, 1], orders.shape), tied])
    for b, g, k in (s[1:] for s in SETTINGS if s[0] == n):
        s, blocks = nm(k, g, tail=Tail.short), Blocks(b)
        overlap = blocks.overlaps(s.groups, x.shape)
        broken = survivors_without_maximum(x, s.mask(x), blocks)
        if overlap.keeps_scale(s.budget):
            assert broken == 0
            continue
        assert n > 6 or broken > 0
        offender = blocks.overlaps(s.groups, (n,)).offender(s.budget)
        assert offender is not None
        (i,), (j,) = offender
        block, group = set(range(n)[i * b : i * b + b]), set(range(n)[j * g : j * g + g])
        made = counterexample(n, block, group, s.budget(len(group)))
        kept = s.mask(made)
        assert survivors_without_maximum(made, kept, blocks) == 1
        assert not kept[np.flatnonzero(made == 10.0)] and kept[np.flatnonzero(made == -1.0)]


def test_stated_cases_of_the_overlap_condition() -> None:
    against_six = Blocks(6).overlaps(Blocks(4), (24,))
    assert not against_six.keeps_scale(2) and against_six.keeps_scale(3) and not against_six.nested
    for size in (4, 8, 64):
        nested = Blocks(4).overlaps(Blocks(size), (64, 64))
        assert nested.nested and all(nested.keeps_scale(k) for k in range(1, size + 1))
    per_row = Blocks(64).overlaps(top(0.5, per=Rows()).groups, (8, 128))
    assert per_row.nested and Blocks(64).overlaps(Whole(), (8, 128)).nested
    across = Blocks(4, 0).overlaps(Blocks(4), (8, 8))
    assert not across.nested and not across.keeps_scale(2) and across.keeps_scale(4)


def test_partitions_are_spelled_as_keywords() -> None:
    spelled = {
        Blocks(32): "block=32",
        Blocks(32, 0): "block=32, axis=0",
        Rows(): "per=row",
        Columns(): "per=column",
        Channels(): "per=channel",
        Channels(-1): "per=channel, axis=-1",
        Heads(4): "heads=4",
        Heads(4, 1): "heads=4, axis=1",
        Tiles(4, 8): "tile=(4, 8)",
        Whole(): "per=tensor",
    }
    assert {p: str(p) for p in spelled} == spelled
    assert [str(t) for t in Tail] == ["short", "error", "keep", "prune"]


def test_fields_are_called_what_they_are() -> None:
    assert repr(Heads(2)) == "Heads(heads=2, axis=0)"
