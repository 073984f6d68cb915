"""Mustafar: its threshold written out, and both scales on keys whose channels differ in size."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.partition import Columns, Rows
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.alphabet.ties import all_survive
from sqtheory.arrays import Array
from sqtheory.execution import Spelled
from sqtheory.methods import Facts, Method, find
from sqtheory.orders.pair import Pair

RNG = np.random.default_rng(0)
K = RNG.standard_normal((6, 8))
FACTS = Facts("k", {}, {})


def built(name: str, share: float | Fraction) -> Pair:
    way = find(name)
    assert isinstance(way, Method)
    return way.build(top(share), int_(4), FACTS)


def by_threshold(row: Array, pruned: Fraction) -> list[bool]:
    """An entry stays that is no smaller than the k-th smallest, k the whole part of the share of all, or 1."""
    k = max(1, int(pruned * len(row)))
    return [abs(v) >= sorted(map(abs, row))[k - 1] for v in row]


@pytest.mark.parametrize("pruned", [Fraction(1, 2), Fraction(7, 10), Fraction(1, 20)], ids=str)
def test_the_published_threshold_stays_with_its_equals(pruned: Fraction) -> None:
    s = built("mustafar:published", 1 - pruned).s
    for rows in (K, RNG.integers(-3, 4, (20, 9)) * 1.0):
        assert s.mask(rows).tolist() == [by_threshold(row, pruned) for row in rows]


def test_a_token_keeps_its_share_and_published_code_one_more() -> None:
    assert built("mustafar", 0.5) == Pair(top(0.5, per=Rows()), int_(4))
    wide = RNG.standard_normal((3, 128))
    counts = [built(name, 0.5).s.mask(wide).sum(axis=1).tolist() for name in ("mustafar", "mustafar:published")]
    assert counts == [[64] * 3, [65] * 3]
    assert built("mustafar:published", 0.5).s.ties == all_survive


def test_it_prunes_no_weights_nor_inputs_and_a_threshold_has_no_share() -> None:
    way = find("mustafar")
    with pytest.raises(ValueError, match="prunes the keys and values of attention, no weights"):
        way.assigned(Spelled("50%", "int4"), None)
    with pytest.raises(ValueError, match="prunes the keys and values of attention, not the inputs"):
        way.on_inputs(Spelled("50%", "int4"), None)
    for s in (threshold(1), nm(2, 4)):
        with pytest.raises(ValueError, match="mustafar:published prunes a share of every token"):
            find("mustafar:published").build(s, int_(4), FACTS)  # type: ignore[attr-defined]


def test_one_scale_a_token_never_loses_and_one_a_channel_can() -> None:
    """On keys whose first channel is ten times as large, as keys have them; entries are what the definitions say."""
    s, lost = top(0.5, per=Rows()), {"token": 0, "channel": 0}
    for _ in range(60):
        k = np.rint(RNG.standard_normal((6, 3)) * [20, 2, 2])
        for axis, per in (("token", Rows()), ("channel", Columns())):
            q = int_(4, per=per)
            first, last = (np.linalg.norm(k - made) for made in (q(s(k)), s(q(k))))
            lost[axis] += int(first > last + 1e-12)
    assert lost["token"] == 0 < lost["channel"]
