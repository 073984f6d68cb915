import json
import math
from dataclasses import replace

import numpy as np
import pytest

from sqtheory import compare, parse
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.exceptions import InputRefused, NonFinite
from sqtheory.orders import channels
from sqtheory.orders.applied import Winner
from sqtheory.orders.grid import Row, by_tensor, pipeline_table, sentences, tensor_rows, total_of
from sqtheory.orders.reasons import Reason
from tests.nightly import often

MASKS = ("2:4", "50%", "threshold(0.5)", "nm(1, 4, score=gain(int4, 1))")
FORMATS = ("int4", "mxfp4", "bcq3")


def masks() -> list[Sparsifier]:
    return [s for s in map(parse, MASKS) if isinstance(s, Sparsifier)]


def formats() -> list[Quantizer]:
    return [q for q in map(parse, FORMATS) if isinstance(q, Quantizer)]


def rows(seed: int = 0, p: float = 2.0) -> list[Row]:
    rng = np.random.default_rng(seed)
    tensors = {name: rng.standard_normal((8, 64)).astype(np.float32) for name in ("a", "b", "c")}
    return [row for name, x in tensors.items() for row in tensor_rows(name, x, masks(), formats(), p)]


@pytest.mark.parametrize("p", [0.5, 1, 2, math.inf])
def test_sharing_work_over_a_grid_changes_nothing(p: float) -> None:
    x = np.random.default_rng(3).standard_normal((8, 64)).astype(np.float32)
    found = tensor_rows("x", x, masks(), formats(), p)
    expected = [(compare(x, s, q, p), channels.explain(x, s, q)) for s in masks() for q in formats()]
    assert [(r.order.to_dict(), r.channels) for r in found] == [(o.to_dict(), c) for o, c in expected]


@pytest.mark.parametrize("p", [0.5, 1, 2, 3, math.inf])
def test_totals_are_the_norms_of_the_tensors_laid_end_to_end(p: float) -> None:
    own = [r for r in rows(p=p) if (r.order.mask, r.order.format) == ("nm(2, 4)", "int(4)")]
    whole = total_of(own)
    for name in ("s", "q", "sq", "qs", "gain", "sq_dense"):
        parts = np.array([getattr(r.order.errors, name) for r in own])
        expected = parts.max() if p == math.inf else np.sum(parts**p) ** (1 / p)
        assert getattr(whole.errors, name) == pytest.approx(expected, rel=1e-12)
    assert sum(whole.winners.values()) == len(own) == 3
    assert (whole.winner, whole.gap > 0) == (("equal", False) if p == math.inf else ("sq", True))


def test_totals_of_tiny_and_zero_tensors() -> None:
    tiny = tensor_rows("t", np.full((1, 4), 1e-200), masks()[:1], formats()[:1])
    assert total_of(tiny).x_norm == pytest.approx(2e-200)
    zero = tensor_rows("z", np.zeros((1, 4)), masks()[:1], formats()[:1])
    assert total_of(zero).x_norm == 0 and total_of(zero).gap == 0 and total_of(zero).winner == "equal"


def test_refusals_name_the_tensor() -> None:
    with pytest.raises(NonFinite, match=r"tensor 'w': .*\(0, 2\)"):
        tensor_rows("w", [[1.0, 2.0, np.inf, 0.0]], masks()[:1], formats()[:1])
    with pytest.raises(InputRefused, match="tensor 'w': axis 1 of length 6"):
        tensor_rows("w", np.ones((1, 6)), masks()[:1], formats()[:1])


def test_rows_of_one_tensor_stay_together() -> None:
    assert [[r.name for r in group] for group in by_tensor(rows())] == [[n] * 12 for n in "abc"]


def test_the_table_has_a_line_a_tensor_and_a_total() -> None:
    own = [r for r in rows() if (r.order.mask, r.order.format) == ("nm(2, 4)", "int(4)")]
    lines = pipeline_table(own[:1], own).rows
    assert [line[0] for line in lines] == ["a", "total"]
    assert float(lines[0][4]) == pytest.approx(100 * own[0].order.errors.sq / own[0].order.x_norm, abs=1e-4)


def test_sentences_name_the_theorem_or_the_open_channel() -> None:
    def of(mask: str, fmt: str) -> str:
        return "\n".join(sentences([r for r in rows() if (r.order.mask, r.order.format) == (mask, fmt)]))

    assert "prune_first_dominates" in of("nm(2, 4)", "int(4)") and "M is open in 3 of 3 tensors" in of(
        "nm(2, 4)", "int(4)"
    )
    assert "prune_first_dominates" not in of("top(0.5)", "int(4)")
    assert "Z is open in 3 of 3 tensors: bcq3 has no zero" in of("nm(2, 4)", "bcq(3)")


def test_a_broken_guarantee_is_seen() -> None:
    row = next(r for r in rows() if r.channels.prune_first_dominates)
    broken = replace(row, order=replace(row.order, winner=Winner.qs))
    assert not row.guarantee_broken and broken.guarantee_broken
    unexplained = replace(broken, reason=Reason(None, ("norm",)))
    assert not unexplained.guarantee_broken


def test_no_guarantee_is_broken() -> None:
    assert not any(r.guarantee_broken for seed in range(often(6)) for r in rows(seed))


def test_a_winner_is_its_word_in_json_and_its_sign_in_a_table() -> None:
    assert [json.dumps(winner) for winner in Winner] == ['"sq"', '"qs"', '"equal"']
    assert [winner.sign for winner in Winner] == ["S→Q", "Q→S", "="]
    assert compare([1.0, 2.0], "1:2", "int4").winner is Winner.equal
