"""The table of whole verbs, by a runner that is told what everything costs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sqtheory.bench import Bench, Build, BuildComparison, Line, ProcessCost
from sqtheory.bench.builds import USAGE
from sqtheory.bench.rows import rows
from sqtheory.exceptions import WorkerFailed


@dataclass
class Told:
    """Processes of the new build take 1 s and 100 MiB, those of the old one four times that; later rounds a bit more.

    The old build knows no ``--engine`` of apply, and no verify.
    """

    folder: Path
    asked: list[tuple[str, ...]] = field(default_factory=list)
    fails: str = ""

    def __call__(self, words: Sequence[str], imported: Path, folder: Path) -> ProcessCost:
        self.asked.append((folder.name, *words))
        old = imported == self.folder
        if old and ("verify" in words or ("apply" in words and "--engine" in words)):
            return ProcessCost(USAGE, 0, 0, 0, err="usage: …\nsqtheory: unrecognized arguments")
        if self.fails and self.fails in words:
            return ProcessCost(4, 0, 0, 0, err="sqtheory: no disk")
        cost = (4 if old else 1) * (1 + len(self.asked) / 1e6)
        rather = 2.0 if "mxfp8" in words else 0.5 if "--workers" in words else 1.0
        out = json.dumps({"cases": [{"name": n, "ratio": cost} for n in ("50%", "2:4 >> mxfp8, L2 error")]})
        if "--check" in words:
            out = json.dumps({"comparisons": [{"name": n, "ratio": 1.1} for n in ("vit-dense", "lm-dense")]})
        if "products" in words:
            out = json.dumps({"comparisons": [{"name": "fp8_fast", "ratio": 0.1}]})
        peak = int(cost * 100 * 2**20) * (1 + ("50%" in words and not any("eighth" in word for word in words)))
        return ProcessCost(0, cost * rather, cost * rather, peak, out)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    (tmp_path / "sqtheory").mkdir()
    (tmp_path / "sqtheory" / "__main__.py").touch()
    return Told(tmp_path)


def compared(bench: Bench, told: Told) -> BuildComparison:
    *steps, found = bench.steps(told)
    assert isinstance(found, BuildComparison) and all(isinstance(step, str) for step in steps)
    return found


def quick(told: Told, *only: str, rounds: int = 2, old: bool = True, engine: str = "numba") -> BuildComparison:
    build = Build.at(told.folder) if old else None
    return compared(Bench(size=1, rounds=rounds, engine=engine, old=build, only=only), told)


def named(found: BuildComparison) -> dict[str, Line]:
    return {line.name: line for line in found.lines}


def test_every_ratio_is_of_least_times(told: Told) -> None:
    found = quick(told, "order", "apply", "alone", "logits")
    lines = named(found)
    once = lines["order, 2:4 and mxfp4"]
    assert once.value == pytest.approx(1, rel=1e-3) and once.gain == pytest.approx(1 / 4, rel=1e-3)
    assert once.ratio == 1 and once.of_old == 1 / 6 and once.held is False
    twice = lines["order, mxfp8"]
    assert twice.ratio == pytest.approx(2, rel=1e-3) and (twice.at_most, twice.held) == (1.5, False)
    assert twice.old_ratio == pytest.approx(2, rel=1e-3)
    assert lines["order, 2 threads, elapsed"].ratio == pytest.approx(1 / 2, rel=1e-3)
    assert lines["order, 2 threads, elapsed"].held
    assert lines["apply"].gain == pytest.approx(1 / 4, rel=1e-3) and lines["apply"].held, "the plain command of the old"
    assert lines["50% mask alone"].value == pytest.approx(1, rel=1e-3) and lines["50% mask alone"].held
    assert lines["logits of vit-dense"].ratio == 1.1 and lines["logits of vit-dense"].gain == 1.0
    memory = lines["memory of order, 50%, beyond 1/8"]
    assert memory.unit == "MiB" and memory.value == pytest.approx(100, rel=1e-3)
    assert memory.ratio == pytest.approx(100 * 2**20 / (3.5 * found.size / 8), rel=1e-3)
    assert found.size == 8 * 4096 and not found.held


def test_builds_take_turns_command_by_command_in_every_round(told: Told) -> None:
    quick(told, "--version", rounds=3)
    assert [(who, words[-1]) for who, *words in told.asked] == [
        *(("new", "--version"), ("old", "--version"), ("new", "import numpy"), ("old", "import numpy")),
    ] * 3


def test_what_the_old_build_does_not_know_is_a_dash_and_not_asked_again(told: Told) -> None:
    found = quick(told, "verify", rounds=3)
    line = named(found)["verify --against"]
    assert (line.old, line.gain, line.old_ratio) == (None, None, None) and line.held, "by its ratio to order alone"
    assert "| verify --against | 1 s | – | – | 0.333 |" in found.markdown()
    of_old = [words for who, *words in told.asked if who == "old"]
    assert sum("verify" in words for words in of_old) == 2, "with the engine and without, once"
    assert sum("apply" in words for words in of_old) == 4, "before verify: with the engine once, then three times plain"
    first = next(i for i, (who, *words) in enumerate(told.asked) if "verify" in words and who == "new")
    assert any("apply" in words and who == "new" for who, *words in told.asked[:first])


def test_a_failure_of_a_process_is_no_measurement(told: Told) -> None:
    told.fails = "apply"
    with pytest.raises(WorkerFailed, match=r"the new build, sqtheory apply .*: sqtheory: no disk"):
        quick(told, "apply")
    told.fails = "order"
    with pytest.raises(WorkerFailed, match="no disk"):
        quick(told, "order")


def test_this_build_must_know_what_is_asked(told: Told) -> None:
    def lacking(words: Sequence[str], imported: Path, folder: Path) -> ProcessCost:
        return ProcessCost(USAGE, 0, 0, 0, err="sqtheory: unknown")

    with pytest.raises(WorkerFailed, match=r"the new build.*unknown"):
        list(Bench(size=1, only=("--version",)).steps(lacking))


def test_without_an_old_build_its_columns_are_gone(told: Told) -> None:
    found = quick(told, "apply --pack", old=False, engine="numpy")
    assert found.table().header == ("what", "measured", "over", "ratio", "at most", "verdict")
    assert found.table().rows == (("apply --pack", "1 s", "order, 2:4 and mxfp4", "1", "2", "met"),)
    assert {who for who, *_ in told.asked} == {"new"} and found.held and "engine numpy" in found.markdown()
    assert all(words[-2:] == ["--engine", "numpy"] for _, *words in told.asked)


def test_json_has_every_number(told: Told) -> None:
    said = quick(told, "order, 2:4 and").to_dict()
    (line,) = said["lines"]
    assert line["gain"] == line["value"] / line["old"] and line["held"] is False and said["held"] is False
    assert said["engine"] == "numba" and said["rounds"] == 2 and said["compared"] is True and json.dumps(said)


def test_a_text_that_no_row_has_is_refused_with_the_rows(told: Told) -> None:
    with pytest.raises(ValueError, match=r"no row has 'aplly' in its name: rows are --version; .*apply --pack"):
        quick(told, "aplly")
    with pytest.raises(ValueError, match="needed a round"):
        quick(told, rounds=0)


def test_every_target_is_in_the_table() -> None:
    """What is meant, as (ratio, of the old build under numba, under numpy)."""
    meant = {r.name: (r.at_most, r.of_old.get("numba"), r.of_old.get("numpy")) for r in rows(1 << 27, 16)}
    third = 1 / 3
    formats = ("mxfp8", "nvfp4", "hbfp8", "hbfp4", "int8", "int4", "nf4", "int(4, scaling=halfrange)")
    assert meant == {
        "--version": (None, None, None),
        "order, file of 100 KB": (0.35, None, None),
        "order, 2:4 and mxfp4": (None, 1 / 6, 1 / 2),
        "order, 50%": (1.5, 1 / 15, None),
        "order, top(0.5, per=row)": (1.5, None, None),
        **{f"order, {f}": (1.5, None, None) for f in formats},
        "order, 2 masks × 9 formats": (5, None, None),
        "apply": (2, third, third),
        "apply --pack": (2, third, third),
        "verify --against": (2, third, third),
        "50% mask alone": (2, None, None),
        "2:4 >> mxfp8 with its error": (3, None, None),
        "sums as fp8_fast adds up": (1 / 4, None, None),
        "logits of vit-dense": (1.15, None, None),
        "logits of lm-dense": (1.15, None, None),
        "memory of order, 50%, beyond 1/8": (2.5, None, None),
        "order, 16 threads, elapsed": (1 / 12, None, None),
        "order, 16 processes, elapsed": (1 / 12, None, None),
    }
    pairs = {r.name: r.at_most for r in rows(1, 2)}
    assert pairs["order, 2 threads, elapsed"] == 1 / 1.8
    assert not [name for name in (r.name for r in rows(1, 1)) if "elapsed" in name]
    assert {r.at_most for r in rows(1, 5) if "elapsed" in r.name} == {None}, "for so many nothing is stated"
