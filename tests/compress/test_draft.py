import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sqtheory import NonFinite, compress, parse
from sqtheory.api.apply import apply
from sqtheory.compress import Draft, Packing, Report, applying, compressing
from sqtheory.execution.workers import Threads
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.packing import Packed, pack_image
from sqtheory.files.targets import Targets
from tests.compress.material import SQ, applied, one_file, sharded, verified
from tests.files.atomic.killing import tree


def packed(seed: int, spelling: str = "2:4 >> nvfp4") -> Packed:
    x = np.random.default_rng(seed).normal(size=(16, 32)).astype(np.float32)
    return pack_image(x, parse(spelling))


def test_what_was_kept_comes_back_and_nothing_is_left(tmp_path: Path) -> None:
    given = {f"w{i}": packed(i, ("2:4 >> nvfp4", "50% >> nf4", "int3:b4")[i % 3]) for i in range(12)}
    with compress.Draft(tmp_path / "out") as draft, ThreadPoolExecutor(4) as pool:
        list(pool.map(draft.keep, given, given.values()))
        for name, one in given.items():
            found = draft.packed(name)
            assert found is not None and found.schema == one.schema
            assert {part: a.tobytes() for part, a in found.arrays.items()} == {
                part: a.tobytes() for part, a in one.arrays.items()
            }
        assert draft.packed("another") is None
    assert list(tmp_path.iterdir()) == []


def test_codes_are_made_once_and_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = one_file(tmp_path / "in.safetensors")
    again = applied(source, tmp_path / "again.safetensors", SQ, packing=Packing())
    calls, sound = [], compressing.codes_of
    monkeypatch.setattr(compressing, "codes_of", lambda *given: calls.append(given[2]) or sound(*given))
    out = tmp_path / "out.safetensors"
    made = apply(source, out, "2:4", "mxfp4", pack=True)
    assert calls == [one.name for one in made.report.tensors]
    assert made.report.tensors == again.tensors
    assert verified(out).failures == () and verified(out, source).failures == ()


def drafted(source: Path, out: Path, workers: int = 1) -> Report:
    """As ``applied``, with a draft."""
    with open_checkpoint(source) as opened, Threads(workers).crew() as (executor, ahead), Draft(out) as draft:
        layout = compress.layout_of(opened, out, folder=source.is_dir())
        plan = compress.plan(layout, SQ, Targets(), "1", executor=executor, ahead=ahead, draft=draft)
        compress.apply(plan, executor=executor, ahead=ahead)
    return plan.report


@pytest.mark.parametrize(("name", "make"), [("in.safetensors", one_file), ("in", sharded)], ids=["file", "folder"])
@pytest.mark.parametrize("workers", [1, 3])
def test_values_are_made_once_and_are_the_same(
    tmp_path: Path, name: str, make: Callable[[Path], Path], workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out, again = (tmp_path / where / name for where in ("in", "out", "again"))
    for path in (source, out, again):
        path.parent.mkdir()
    report = applied(make(source), again, SQ)

    def twice(*given: object) -> None:
        raise AssertionError("a tensor is made or read again")

    monkeypatch.setattr(applying, "compressed", twice)
    monkeypatch.setattr(applying, "_checked", twice)
    assert drafted(source, out, workers) == report
    assert tree(out.parent) == tree(again.parent)


def test_a_draft_whose_places_are_others_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = one_file(tmp_path / "in.safetensors"), tmp_path / "out.safetensors"
    again, sound = tmp_path / "again.safetensors", Draft.lay
    applied(source, again, SQ)

    def lay(draft: Draft, places: dict[str, dict[str, int]]) -> None:
        sound(draft, {file: {name: at + 7 for name, at in own.items()} for file, own in places.items()})

    monkeypatch.setattr(Draft, "lay", lay)
    drafted(source, out)
    assert out.read_bytes() == again.read_bytes()


def test_a_refused_tensor_leaves_its_own_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its image was written already."""
    source, out = one_file(tmp_path / "in.safetensors"), tmp_path / "out.safetensors"
    sound = compressing.off_grid

    def refuses(recipe: object, name: str, y: object) -> None:
        if name == "b.weight":
            raise NonFinite("tensor 'b.weight': for once")
        sound(recipe, name, y)  # type: ignore[arg-type]

    monkeypatch.setattr(compressing, "off_grid", refuses)
    made = apply(source, out, "2:4", "mxfp4", keep_going=True)
    assert [one.name for one in made.report.left_alone if "for once" in one.reason] == ["b.weight"]
    monkeypatch.undo()
    assert verified(out).failures == ()


def test_a_closed_draft_takes_nothing(tmp_path: Path) -> None:
    with Draft(tmp_path / "out") as draft:
        draft.lay({".": {"a": 3}})
        assert [piece.tolist() for piece in draft.passed("a", [np.arange(4, dtype=np.uint8)])] == [[0, 1, 2, 3]]
        assert draft.held == {"a"} and [piece.tolist() for piece in draft.pieces("a") or ()] == [[0, 1, 2, 3]]
        assert draft.pieces("b") is None and draft.begun("other") is None
    with pytest.raises(ValueError, match="closed"):
        list(draft.passed("a", [np.arange(4, dtype=np.uint8)]))
    assert list(tmp_path.iterdir()) == []


INTERRUPTED = """
import os, signal, sys, threading
from sqtheory.cli import main
from sqtheory.compress import compressing

first = threading.Lock()

def stuck(*given):
    if first.acquire(blocking=False):
        os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()

compressing.row_of = stuck
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process sends itself an interrupt")
@pytest.mark.parametrize("options", [(), ("--pack",)], ids=["values", "codes"])
def test_an_interrupt_ends_threads_amid_their_tasks_and_leaves_nothing(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    source = one_file(tmp_path / "in.safetensors")
    words = ("apply", source, tmp_path / "out.safetensors", "--mask", "2:4", "--format", "mxfp4", "--workers", "2")
    line = [sys.executable, "-c", INTERRUPTED, *map(str, (*words, *options))]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "sqtheory: interrupted\n")
    assert list(tmp_path.iterdir()) == [source]
