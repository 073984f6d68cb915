"""Each verb in Python says what its command line prints, and prints nothing itself."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

import sqtheory as sq
from sqtheory.api.header import header
from sqtheory.orders.applied import Order
from sqtheory.tables import Table
from tests.api.material import NAMES, parsed, printed, weights

Item = TypeVar("Item")


@contextmanager
def silent(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    capsys.readouterr()
    yield
    out, err = capsys.readouterr()
    assert (out, err) == ("", "")


def plain(document: object) -> object:
    """As JSON has it."""
    return json.loads(json.dumps(document))


def test_order_is_what_the_command_line_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = weights(tmp_path)
    with silent(capsys):
        result = sq.order(path, ["2:4", "50%"], ["mxfp4", "int4"], norm=1, ties="high_index", sort="worst", top=2)
    line = ["order", path, "--mask", "2:4", "--mask", "50%", "--format", "mxfp4", "--format", "int4"]
    line += ["--norm", "1", "--ties", "high_index", "--sort", "worst", "--top", "2"]
    assert plain(result.to_dict()) == parsed(capsys, *line)
    assert str(result) == result.text() == printed(capsys, *line)
    assert result.markdown() == printed(capsys, *line, "--markdown")
    assert [row.name for row in result.rows[::4]] == [*NAMES] and len(result.shown) == 2 * 4
    assert result._repr_html_().count("<table>") == 4 and "<p>" in result._repr_html_()


def test_order_in_numbers(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pip install 'sqtheory[test]' brings it")
    result = sq.order(weights(tmp_path), "2:4", "int4")
    frame = result.to_pandas()
    assert list(frame["tensor"]) == [*NAMES] and list(frame["sq"]) == [r.order.errors.sq for r in result.rows]
    assert set(frame["theorem"]) == {"prune_first_dominates"}


def test_columns_of_one_thing_have_one_name(tmp_path: Path) -> None:
    path = weights(tmp_path)
    ordered, inspected, headed = sq.order(path, "2:4", "int4"), sq.inspect(path), header(path)
    written = sq.apply(path, tmp_path / "out.safetensors", "2:4", "int4", dry_run=True)
    for name in ("tensor", "s", "q", "sq", "qs", "gain", "bound", "x_norm", "open", "winner", "theorem"):
        assert list(written.columns()[name]) == list(ordered.columns()[name]), name
    assert list(inspected.columns()["tensor"]) == list(headed.columns()["tensor"])
    assert {"name"}.isdisjoint([*written.columns(), *inspected.columns(), *headed.columns()])
    assert [one["name"] for one in headed.to_dict()["tensors"]] == list(headed.columns()["tensor"])


def test_order_takes_operators_and_what_is_open(tmp_path: Path) -> None:
    path = weights(tmp_path)
    written = sq.order(path, "2:4", "mxfp4", targets="a.weight")
    with sq.open_checkpoint(path) as checkpoint:
        values = sq.order(checkpoint, sq.nm(2, 4), sq.mxfp(sq.E2M1), targets=["a.weight"])
        assert checkpoint.read("a.weight").shape == (8, 64)
    assert plain(values.to_dict()) == plain(written.to_dict())
    own = sq.nm(2, 4, score=sq.given(np.arange(512.0).reshape(8, 64)))
    [row] = sq.order(path, own, "int4", targets="a.weight").rows
    assert row.order.mask == str(own)


def test_order_is_told_what_is_no_operator(tmp_path: Path) -> None:
    path = weights(tmp_path)
    with pytest.raises(TypeError, match="a mask needs Sparsifier"):
        sq.order(path, sq.int_(4), "int4")  # type: ignore[arg-type]
    with pytest.raises(sq.SpellingError, match="did you mean 'mxfp4'"):
        sq.order(path, "2:4", "mxfp44")
    with pytest.raises(ValueError, match="sort is file, worst, gap, got 'best'"):
        sq.order(path, "2:4", "int4", sort="best")
    with pytest.raises(sq.InputRefused, match="no tensor is called 'd'"):
        sq.order(path, "2:4", "int4", targets="d")


def test_order_draws_the_same_whoever_asks(tmp_path: Path) -> None:
    path = weights(tmp_path)
    text = "top(0.5, score=random(rng))"
    first, again = (sq.order(path, text, "int4", seed=5, workers=n) for n in (1, 2))
    assert first.to_dict() == again.to_dict()
    drawn = [
        sq.order(path, sq.top(0.5, score=sq.Random(np.random.default_rng(1))), "int4").rows[0].order.errors
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1] != first.rows[0].order.errors


def test_who_watches_sees_every_tensor_and_who_is_told_hears_of_results(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    said: list[str] = []

    def watch(items: Iterable[Item], what: str) -> Iterable[Item]:
        found = list(items)
        seen.append((what, len(found)))
        return found

    sq.order(weights(tmp_path), "2:4", "int4", watch=watch, say=said.append, results=tmp_path / "results")
    assert seen == [("order", 3)] and said == [f"3 tensors computed, 0 found in {tmp_path / 'results'}"]


def test_a_plot_is_a_map_of_pairs_or_the_channels_of_one(tmp_path: Path) -> None:
    path = weights(tmp_path)
    several = sq.order(path, ["2:4", "50%"], ["mxfp4", "int4"]).plot()
    [ax, _] = several.axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["nm(2, 4)", "top(0.5)"]
    one = sq.order(path, "2:4", "int4").plot("single")
    assert len(one.axes[0].get_yticklabels()) == 3
    with pytest.raises(ValueError, match="there is no style 'poster'"):
        sq.order(path, "2:4", "int4").plot("poster")
    with pytest.raises(ValueError, match="the map of orders is of the norm 2"):
        sq.order(path, ["2:4", "50%"], "int4", norm=1).plot()


def test_apply_and_verify_are_what_the_command_line_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = weights(tmp_path), tmp_path / "out.safetensors"
    with silent(capsys):
        made = sq.apply(path, out, "2:4", "int4:b32", order=Order.qs, targets=["a.weight", "b.weight"])
        checked = sq.verify(out, against=path)
    line = ["apply", path, out, "--mask", "2:4", "--format", "int4:b32", "--order", "qs", "--force"]
    line += ["--targets", "a.weight", "--targets", "b.weight"]
    assert made.to_dict() == parsed(capsys, *line) and made.text() == printed(capsys, *line)
    assert checked.to_dict() == parsed(capsys, "verify", out, "--against", path)
    assert checked.text() == printed(capsys, "verify", out, "--against", path)
    assert (checked.failures, checked.found.recomputed) == ((), 2)
    with pytest.raises(FileExistsError, match="exists: pass --force"):
        sq.apply(path, out, "2:4", "int4")


def test_a_dry_run_writes_nothing_and_a_change_is_found(tmp_path: Path) -> None:
    path, out = weights(tmp_path), tmp_path / "out.safetensors"
    with sq.open_checkpoint(path) as checkpoint:
        made = sq.apply(checkpoint, out, sq.nm(2, 4), sq.mxfp(sq.E2M1), dry_run=True)
    assert not made.written and not out.exists() and "nothing is written (--dry-run)" in str(made)
    sq.apply(path, out, "2:4", "mxfp4")
    octets = bytearray(out.read_bytes())
    octets[-1] ^= 1
    out.write_bytes(octets)
    [failure] = sq.verify(out).failures
    assert failure.startswith(f"{out}: tensor ")


def test_packed_codes_and_their_layout(tmp_path: Path) -> None:
    path, said = weights(tmp_path), list[str]()
    made = sq.apply(path, tmp_path / "p.safetensors", "2:4", "mxfp4", pack=True, index="bitmap", say=said.append)
    assert made.report.packing is not None and sq.verify(tmp_path / "p.safetensors").failures == ()
    with pytest.raises(ValueError, match="need --pack"):
        sq.apply(path, tmp_path / "q.safetensors", "2:4", "mxfp4", layout="sqtheory")


def test_predict_and_inspect_are_what_the_command_line_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = weights(tmp_path)
    with silent(capsys):
        found = sq.predict(path, "2:4", ["int4", "mxfp4"], norm=[1, 2], tensors=True)
        held = sq.inspect(path, ignore="b.weight")
    line = ["predict", path, "--mask", "2:4", "--format", "int4", "--format", "mxfp4", "--norm", "1", "--norm", "2"]
    assert plain(found.to_dict()) == parsed(capsys, *line, "--tensors")
    assert found.text(Table.markdown) == printed(capsys, *line, "--tensors", "--markdown")
    assert plain(held.to_dict()) == parsed(capsys, "inspect", path, "--ignore", "b.weight")
    assert held.text() == printed(capsys, "inspect", path, "--ignore", "b.weight")
    assert [t.name for t, reason in held.tensors if reason is None] == ["a.weight", "c.weight"]


def test_report_gives_the_page_that_the_command_line_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    weights(tmp_path)
    made = sq.report("in.safetensors", "2:4", ["mxfp4", "int4"], "page.html", ignore="c.weight", prediction=False)
    assert made.html == Path("page.html").read_text(encoding="utf-8") and len(made.findings.sections) == 2
    assert "sqtheory apply in.safetensors in-sq.safetensors --mask 'nm(2, 4)'" in str(made)
    kept = sq.report("in.safetensors", "2:4", "int4", prediction=False)
    assert kept.out is None and kept.to_dict()["command"].endswith("--no-prediction -o report.html")
    with pytest.raises(FileExistsError, match=r"page.html exists"):
        sq.report("in.safetensors", "2:4", "int4", "page.html")


def test_predict_takes_several_masks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with each format, here and on the command line, where none is dropped."""
    path = weights(tmp_path)
    result = sq.predict(path, ["2:4", "1:4"], ["int4", "mxfp4"])
    pairs = [(one.mask, one.format) for one in result.predictions]
    assert pairs == [(s, q) for s in ("nm(2, 4)", "nm(1, 4)") for q in ("int(4)", "mxfp(e2m1)")]
    line = ["predict", path, "--mask", "2:4", "--mask", "1:4", "--format", "int4", "--format", "mxfp4"]
    assert str(result) == printed(capsys, *line)
