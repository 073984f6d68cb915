"""The share asked and the share reached, against masks themselves."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.alphabet.budgets import Count
from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.shares import Pruned, pruned
from sqtheory.alphabet.sparsifiers import Sparsifier, top
from sqtheory.alphabet.ties import all_die
from sqtheory.cli import main


def mask(text: str) -> Sparsifier:
    return parse_as(Sparsifier, "mask", text)


SHARES = ("50%", "37.5%", "99%", "0%", "top(1/3, per=row)", "top(0.3, block=5)", "top(0.5, tile=(2, 3))")
UNITS = ("blockwise(0.5, block=2)", "blockwise(1/3, tile=(2, 2))")


@given(st.sampled_from(SHARES + UNITS), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=3))
def test_the_share_reached_is_that_of_the_masks(text: str, shapes: list[tuple[int, int]]) -> None:
    s = mask(text)
    found = pruned(s, shapes)
    if found is None:
        assert text in UNITS and any(rows % 2 or columns % 2 for rows, columns in shapes)
        return
    rng = np.random.default_rng(0)
    lost = sum(int(np.count_nonzero(~s.mask(rng.standard_normal(shape)))) for shape in shapes)
    assert (found.count, found.entries) == (lost, sum(map(math.prod, shapes)))
    assert found.reached <= found.asked


@pytest.mark.parametrize("text", ["2:4", "1:4", "top(3)", "top(16, block=64)", "threshold(0.5)"])
def test_where_no_share_is_asked_none_is_said(text: str) -> None:
    assert pruned(mask(text), [(4, 64)]) is None


def test_what_is_said() -> None:
    assert str(pruned(mask("50%"), [(3, 1)])) == (
        "Pruned: asked 50%, reached 33.3333% (1 of 3 entries; kept counts round up)."
    )
    assert str(Pruned(Fraction(1, 2), 5, 10)).startswith("Pruned: asked 50%, reached 50% (5 of 10")
    near = str(Pruned(Fraction(1, 2), 10**9 - 1, 2 * 10**9))
    assert "asked 50%, reached 49.99999995%" in near
    assert Pruned(Fraction(1, 2), 0, 0).reached == Fraction(1, 2)


def test_verbs_say_what_is_reached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, page = tmp_path / "w.npz", tmp_path / "page.html"
    np.savez(path, a=np.random.default_rng(0).standard_normal((3, 5)), b=np.ones((3, 3)))
    pipeline = ["--mask", "50%", "--format", "int4"]
    told = "Pruned: asked 50%, reached 45.8333% (11 of 24 entries; kept counts round up)."
    assert main(["order", str(path), *pipeline]) == 0 and told in capsys.readouterr().out
    assert main(["order", str(path), *pipeline, "--json"]) == 0
    [total] = json.loads(capsys.readouterr().out)["totals"]
    assert total["pruned"] == {"asked": 0.5, "reached": 11 / 24, "entries": 11}
    assert main(["apply", str(path), str(tmp_path / "o.npz"), *pipeline, "--dry-run"]) == 0
    assert told in capsys.readouterr().out
    assert main(["report", str(path), *pipeline, "--no-prediction", "-o", str(page)]) == 0
    assert told in page.read_text(encoding="utf-8")
    assert main(["masks"]) == 0 and "Kept counts are rounded up" in capsys.readouterr().out


def test_another_rule_for_counts_is_named() -> None:
    found = pruned(top(0.5, count=Count.floor_rank), [(5,), (1,)])
    assert found is not None and (found.count, found.entries) == (4, 6)
    assert str(found).endswith("(4 of 6 entries; count=floor_rank).")
    assert pruned(top(0.5, ties=all_die), [(5,)]) is None
