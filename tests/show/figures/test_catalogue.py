"""Every figure: its data on a small checkpoint, its bytes, its texts."""

import csv
import hashlib
import io
import math
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.text import Text

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.exceptions import NonFinite
from sqtheory.show.figures import accumulation, block, channel_map, gain_curve, gap_in_bits, rotation
from sqtheory.show.figures.catalogue import BY_NAME, find
from sqtheory.show.figures.data import Data, Request
from sqtheory.show.figures.style import DOUBLE, SINGLE, STYLES, encode
from tests.nightly import NIGHTLY, nightly, thin
from tests.show.figures.references import computed
from tests.show.figures.texts import text_faults

LONG = ("tightness", "tools")
"""Figures whose data take many seconds; of tools ``test_tool_table`` computes some rows by day."""


@thin(3)
@pytest.mark.parametrize("style", STYLES if NIGHTLY else ["single"])
@pytest.mark.parametrize("name", [pytest.param(n, marks=nightly) if n in LONG else n for n in BY_NAME])
def test_no_text_is_cut_or_covered(name: str, style: str, small: Request) -> None:
    assert text_faults(BY_NAME[name].draw(computed(name, small), STYLES[style]), STYLES[style]) == []


@thin(6)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", ["channels", "rotation"])
def test_no_text_is_cut_or_covered_with_all_layers_of_a_model(name: str, style: str) -> None:
    assert text_faults(BY_NAME[name].draw(computed(name, Request()), STYLES[style]), STYLES[style]) == []


MATHEMATICS = "a$x^$ \\ $_b"
"""A name that fails, and so stops the figure, wherever it is set as mathematics."""


@thin(6)
@pytest.mark.parametrize("name", [pytest.param(n, marks=nightly) if n in LONG else n for n in BY_NAME])
def test_no_name_is_set_as_mathematics(name: str, small: Request) -> None:
    found = computed(name, small)
    if hasattr(found, "model"):
        found = replace(found, model=f"folder/{MATHEMATICS}")
    if isinstance(found, channel_map.ChannelMap):
        found = replace(found, opened=tuple(replace(o, tensor=f"{o.tensor}{MATHEMATICS}") for o in found.opened))
    figure = BY_NAME[name].draw(found, DOUBLE)
    encode(figure, "svg")
    texts = [text for text in figure.findobj(Text) if "x^" in text.get_text()]
    assert all(text.get_text().count(r"\$") == 3 for text in texts)
    assert texts or not hasattr(found, "model") or name in ("block", "price", "rotation")


@thin(5)
@pytest.mark.parametrize("name", [pytest.param(n, marks=nightly) if n in LONG else n for n in BY_NAME])
def test_data_and_caption_travel_with_the_figure(name: str, small: Request) -> None:
    found = computed(name, small)
    rows = list(csv.reader(io.StringIO(found.csv())))
    assert len(rows) > 2 and len({len(row) for row in rows}) == 1
    text = found.caption
    assert text.endswith(".") and ("easured" in text or "computed by the operators" in text or "Theory" in text)
    assert not any(number in text for number in ("nan", "inf %"))


@thin(6)
@pytest.mark.parametrize("name", [pytest.param(n, marks=nightly) if n in LONG else n for n in BY_NAME])
def test_the_same_request_gives_the_same_data(name: str, small: Request) -> None:
    first, again = computed(name, small), BY_NAME[name].compute(small)
    assert first.csv() == again.csv() and first.caption == again.caption


@nightly
def test_bytes_are_the_same_in_another_process_and_carry_no_date(small: Request, tmp_path: Path) -> None:
    """One figure by day, a map of colours; lines are in ``test_order_gap``."""
    drawn = BY_NAME if NIGHTLY else ("order_map",)
    found = {name: computed(name, small) for name in drawn}
    (tmp_path / "data").write_bytes(pickle.dumps(found))
    code = (
        "import pickle, sys; from tests.show.figures.test_catalogue import hashes;"
        "print(hashes(pickle.load(open(sys.argv[1], 'rb'))))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "data")]
    other = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert other == f"{hashes(found)}\n"


def hashes(computed: dict[str, Data]) -> list[str]:
    """Of every figure in every format, none of which says when it was made; PDF with its fonts inside."""
    found = []
    for name, each in computed.items():
        for form in ("pdf", "svg", "png"):
            made = encode(BY_NAME[name].draw(each, SINGLE), form, SINGLE)
            assert b"Date" not in made
            assert form != "pdf" or (b"/FontFile2" in made and b"/Type3" not in made)
            found.append(f"{name}.{form} {hashlib.sha256(made).hexdigest()}")
    return found


def test_a_text_that_is_cut_or_covered_would_be_seen() -> None:
    with rc_context(SINGLE.rc):
        figure = Figure(figsize=(3, 2))
        figure.text(0.95, 0.5, "beyond the edge")
        figure.text(0.1, 0.1, "one")
        figure.text(0.11, 0.1, "two")
    assert text_faults(figure, SINGLE) == ["'beyond the edge' is cut by the edge of the figure", "'one' overlaps 'two'"]


def test_a_name_that_is_none_is_answered_with_the_closest() -> None:
    with pytest.raises(ValueError, match="did you mean order_map"):
        find("ordermap")


def test_what_a_figure_refuses_names_it_and_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "w.npy"
    np.save(path, np.array([[1.0, np.nan, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]]))
    with pytest.raises(NonFinite, match=r"figure order_map of .*w\.npy: nan at \(0, 1\)"):
        BY_NAME["order_map"].files(Request(str(path)), DOUBLE, ("png",), "")
    nothing: Any = Request("zoo:lm-dense", mask="50%")
    with pytest.raises(ValueError, match="figure gap_in_bits of zoo:lm-dense"):
        BY_NAME["gap_in_bits"].files(nothing, DOUBLE, ("png",), "")


def test_the_gap_is_that_of_both_orders(small: Request) -> None:
    found = {(g.family, g.bits): g for g in find("gap_in_bits").compute(small).points}
    lost, size = 0.0, 0.0
    for _, x in small.sample(gap_in_bits.ENTRIES):
        s, q = nm(2, 4), int_(4)
        lost += float(np.abs(x - (q >> s)(x)).sum() - np.abs(x - (s >> q)(x)).sum())
        size += float(np.abs(x).sum())
    gap = found["int", 4]
    assert gap.measured == pytest.approx(100 * lost / size, rel=1e-9)
    assert abs(gap.measured - gap.exchangeable) < 5 * gap.error


def test_an_accumulator_overtakes_the_gap_where_products_have_one_sign() -> None:
    found = accumulation.compute(Request())
    assert [found.overtaken("one sign", kernel) for kernel in (0, 1)] == [1024, None]
    assert [found.overtaken("two signs", kernel) for kernel in (0, 1)] == [None, None]
    for point in found.points:
        assert all(0 < added <= bound for added, bound in zip(point.added, point.bounds, strict=True))
        assert point.gap == pytest.approx(point.expected, rel=0.3)


def test_the_block_is_the_one_done_by_hand() -> None:
    found = block.compute(Request(), (1.6, 2.4))
    assert (found.sparse, found.image, found.sq, found.qs) == ((0, 2.4), (2, 2), (0, 2), (2, 0))
    assert found.errors == pytest.approx((math.hypot(1.6, 0.4), math.hypot(0.4, 2.4)))
    tied = np.round(np.array(found.axis))
    above = np.greater.outer(found.axis, found.axis)
    expected = (tied[:, None] == tied) & above & (tied > 0)
    assert np.array_equal(np.array(found.extra) > 0, expected)


def test_gains_are_those_of_the_definition() -> None:
    [curve] = [c for c in gain_curve.compute(Request()).curves if (c.format, c.p) == ("int3", 1.0)]
    for t, gain in zip(curve.t, curve.gain, strict=True):
        assert gain == pytest.approx(t - min(abs(t - level / 3) for level in range(4)), abs=1e-12)


def test_a_sample_is_of_whole_rows_and_of_all_where_there_are_few(small: Request) -> None:
    drawn = zip(small.tensors(), small.sample(2000), small.sample(10**9), strict=True)
    for (name, x), (same, some), (_, every) in drawn:
        assert name == same and some.shape == (max(1, 2000 // x.shape[1]), x.shape[1])
        places = [np.flatnonzero((x == row).all(axis=1))[0] for row in some]
        assert places == sorted(places)
        assert np.array_equal(every, x)


def test_rotated_normal_entries_lose_what_the_theory_says(tmp_path: Path) -> None:
    path = tmp_path / "w.npy"
    np.save(path, np.random.default_rng(0).standard_normal((512, 256)))
    for quantizer in ("int4", "hbfp4"):
        [normal] = rotation.KIND.compute(Request(str(path), quantizer=quantizer)).tensors
        for lost in (normal.before, normal.after):
            assert lost == pytest.approx(normal.normal, rel=0.01)
    [row] = rotation.KIND.compute(Request(str(path), mask="50%", quantizer="nvfp4")).tensors
    assert row.after[0] == pytest.approx(row.normal[0], rel=0.01)
    assert np.isnan(row.normal[1:]).all()
