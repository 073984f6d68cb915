"""The verdicts of ``sqtheory bench --check``, by a clock that is told what everything costs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sqtheory.alphabet.kernels import engine, engine_name
from sqtheory.bench import CASES, PASSES, Operation, SpeedRatio, check
from sqtheory.bench.checking import FAR, FAR_PASS, Verdict
from sqtheory.bench.measuring import LEAST, WIDTH
from sqtheory.bench.passes import products
from sqtheory.cli import main
from sqtheory.models import VisionTransformer, open_model, samples_for


class Told:
    """A clock that goes on by one at each reading, and by what it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now

    def case(self, name: str, own: float, defined: float, goal: float | None = None) -> Operation:
        """One whose kernel and whose definition cost so much."""

        def spend() -> None:
            self.now += (defined if engine_name() == "definition" else own) - 1

        return Operation(name, lambda x: spend, goal)


@pytest.mark.parametrize(
    ("own", "other", "verdict"),
    [
        ((2, 9), (5, 7), "met"),
        ((9, 2.1), (7, 5), "missed"),
        ((5, 5), (5, 5), "missed"),
        ((5.1, 9), (6, 5), "far off"),
        ((6, 5.1), (100, 5), "far off"),
    ],
)
def test_a_verdict_follows_from_the_least_times(
    own: tuple[float, ...], other: tuple[float, ...], verdict: Verdict
) -> None:
    found = SpeedRatio("a", "b", own, other, goal=0.4, limit=1)
    assert found.verdict == verdict and found.ratio == min(own) / min(other)


@pytest.mark.parametrize(
    ("own", "verdict"), [(1, "met"), (4, "met"), (5, "missed"), (10, "missed"), (11, "far off"), (100, "far off")]
)
def test_a_kernel_that_is_slower_than_its_definition_is_caught(own: float, verdict: Verdict) -> None:
    clock = Told()
    found = check([clock.case("k", own, 10)], [], size=1, rounds=2, clock=clock)
    (only,) = found.comparisons
    assert (only.against, only.verdict, found.held) == ("its definition", verdict, verdict != "far off")


@pytest.mark.parametrize(("own", "verdict"), [(4, "met"), (4.5, "missed"), (4 * FAR, "missed"), (33, "far off")])
def test_a_kernel_many_times_its_goal_is_caught(own: float, verdict: Verdict) -> None:
    """A copy of ``LEAST`` entries costs 1."""
    clock, size = Told(), LEAST // 4
    found = check([clock.case("k", own / 4, 1e9, goal=4)], [], size=size, rounds=2, clock=clock)
    gain, copied = found.comparisons
    assert gain.verdict == "met" and copied.against == "a copy" and copied.ratio == own
    assert (copied.verdict, found.held) == (verdict, verdict != "far off")


@pytest.mark.parametrize(("extra", "verdict"), [(1, "met"), (3, "missed"), (4, "far off")])
def test_a_forward_pass_many_times_its_products_is_caught(
    extra: int, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, logits = Told(), VisionTransformer.logits

    def slow(self: VisionTransformer, *arguments: Any) -> Any:
        clock.now += extra
        return logits(self, *arguments)

    monkeypatch.setattr(VisionTransformer, "logits", slow)
    found = check([], [PASSES["vit-dense"]], rounds=1, clock=clock)
    (only,) = found.comparisons
    assert only.limit == FAR_PASS * only.goal and only.ratio == 1 + extra
    assert (only.verdict, found.held) == (verdict, verdict != "far off")


def test_what_is_compared_takes_turns() -> None:
    clock, turns = Told(), []

    def prepare(x: Any) -> Callable[[], object]:
        return lambda: turns.append((engine_name(), x.shape))

    with engine("numba"):
        found = check([Operation("k", prepare)], [], size=WIDTH + 1, rounds=3, clock=clock)
        assert engine_name() == found.engine == "numba"
    assert turns == [("numba", (2, WIDTH)), ("definition", (2, WIDTH))] * 4, "one round more warms up"
    assert len(found.comparisons[0].own) == 3


@pytest.mark.parametrize(
    ("name", "blocks", "heads", "positions", "size"), [("vit-dense", 6, 4, 50, 32), ("lm-dense", 6, 3, 256, 64)]
)
def test_the_products_of_a_pass_are_those_of_its_model(
    name: str, blocks: int, heads: int, positions: int, size: int
) -> None:
    """Each linear once, over all positions but in the last block, whose outputs are not all read; two a block."""
    model = open_model(name)
    inputs = samples_for(model).inputs[:2]
    found = [(a.shape, b.shape) for a, b in products(model, inputs)]
    linears, attention = found[: len(model.linears)], found[len(model.linears) :]
    assert [b for _, b in linears] == [layer.weight.T.shape for layer in model.linears]
    per_block = len(linears) // blocks
    assert {rows for (rows, _), _ in linears[:-per_block]} == {2 * positions}
    q, k, p = (2, heads, positions, size), (2, heads, size, positions), (2, heads, positions, positions)
    assert attention == [(q, k), (p, q)] * blocks


def test_the_command_prints_verdicts_and_fails_for_what_is_far_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Told()
    assert check.__kwdefaults__ is not None
    monkeypatch.setitem(check.__kwdefaults__, "clock", clock)
    quick = ("bench", "--check", "2:4", "--size", "4096", "--rounds", "1")
    for own, status, verdict in ((1, 0, "met"), (8, 0, "missed"), (11, 1, "far off")):
        monkeypatch.setitem(CASES, "2:4", clock.case("2:4", own, 10))
        assert main([*quick, "--json"]) == status
        found = json.loads(capsys.readouterr().out)
        assert found["schema"] == "sqtheory.bench-check/1" and found["held"] == (status == 0)
        assert [(c["name"], c["verdict"]) for c in found["comparisons"]] == [("2:4", verdict)]
    assert main([*quick, "--markdown"]) == 1
    assert "| 2:4 | its definition | 1.10 | 0.4 | 1 | far off |" in capsys.readouterr().out
    assert main([*quick[:2], "vit-dense", *quick[-2:]]) == 0
    assert "| 2:4 |" not in (out := capsys.readouterr().out) and "its products" in out
    assert main(["bench", "vit-dense"]) == 2 and "there is no case 'vit-dense'" in capsys.readouterr().err


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="needed a case"):
        check([], [])
    with engine("definition"), pytest.raises(ValueError, match="runs on another engine"):
        check()
