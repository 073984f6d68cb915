"""Rulings are made once for a pipeline and a shape, before any tensor is seen, and are forgotten with the operators."""

import gc
from collections import Counter

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import bcq, int_, nvfp4
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.sparsifiers import fixed, nm, threshold, top
from sqtheory.orders import pair, rulings
from sqtheory.orders.grid import tensor_rows
from sqtheory.orders.pair import Pair

ASKED = ("selection", "scale", "zero", "one_scale_per_group", "one_block_per_group", "by_magnitude", "having")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each ruling is made."""
    counted: Counter[str] = Counter()

    def watch(name: str) -> None:
        sound = getattr(rulings, name)

        def watched(*arguments: object) -> object:
            counted[name] += 1
            return sound(*arguments)

        monkeypatch.setattr(rulings, name, watched)

    for name in ASKED:
        watch(name)
    return counted


def test_every_ruling_is_made_once_for_a_shape(asked: Counter[str]) -> None:
    s, q = nm(2, 4), int_(4, block=12)
    first = Pair(s, q).on((3, 24))
    assert asked == dict.fromkeys(ASKED, 1)
    assert Pair(s, q).on((3, 24)) is first and Pair(nm(2, 4), int_(4, block=12)).on((3, 24)) is first
    assert asked == dict.fromkeys(ASKED, 1)
    assert Pair(s, q).on((3, 20)) != first and asked == dict.fromkeys(ASKED, 2)


def test_tensors_of_one_shape_are_asked_about_once(asked: Counter[str]) -> None:
    rng = np.random.default_rng(0)
    masks, formats = [nm(2, 4), threshold(0.5)], [int_(4), bcq(2)]
    for _ in range(3):
        tensor_rows("x", rng.normal(size=(4, 16)), masks, formats)
    assert asked == dict.fromkeys(ASKED, 4)


def test_what_was_known_goes_with_the_operators() -> None:
    gc.collect()
    before = len(pair._KNOWN)
    s, q = fixed(np.arange(24) % 5 < 3), int_(4, block=6)
    Pair(s, q).on((24,))
    assert len(pair._KNOWN) == before + 1
    del s
    gc.collect()
    assert len(pair._KNOWN) == before


def test_equal_operators_that_are_spelled_differently_keep_their_words() -> None:
    one, other = (int_(4, scaling=Percentile(p)) for p in (50, 50.0))
    assert one == other and str(one) != str(other)
    found = [Pair(nm(2, 4), q).on((8,)) for q in (one, other)]
    assert [known.format for known in found] == [str(one), str(other)]
    assert [str(q.scaling) in known.scale.why for q, known in zip((one, other), found, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("s", "q", "shape", "groups", "short_groups", "short_blocks", "all_kept"),
    [
        (nm(2, 4), int_(4, block=8), (3, 8), 6, 0, 0, False),
        (top(3), int_(4, block=8), (3, 7), 1, 0, 3, False),
        (top(1.0), nvfp4(), (5, 16), 1, 0, 0, True),
        (nm(4, 4), int_(4, block=5), (2, 8), 4, 0, 2, True),
    ],
)
def test_what_is_counted_of_a_shape(
    s: object, q: object, shape: tuple[int, ...], groups: int, short_groups: int, short_blocks: int, all_kept: bool
) -> None:
    known = Pair(s, q).on(shape)  # type: ignore[arg-type]
    assert (known.groups, known.short_groups, known.short_blocks) == (groups, short_groups, short_blocks)
    assert known.keeps_all == all_kept and (known.mask, known.format, known.shape) == (str(s), str(q), shape)


def test_what_fits_no_tensor_of_the_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="axis"):
        Pair(nm(2, 4, axis=1), int_(4)).on((8,))
