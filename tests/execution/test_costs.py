import heapq
from dataclasses import replace

import numpy as np
import pytest

from sqtheory.execution.costs import (
    MACHINES,
    MODELS,
    STORED,
    CheckpointSize,
    Machine,
    Rate,
    Sample,
    assumptions,
    fitted,
    project,
)

SIZES = (2**14, 2**18, 2**22)
EXACT = Machine(
    (*(Sample(n, 32, 0.002 + 3e-8 * n, 1e6 + 50.0 * n) for n in SIZES), Sample(2**18, 16, 9.0, 9.0)),
    (Rate("threads", 1, 2e6), Rate("processes", 1, 1e6), Rate("processes", 4, 3e6), Rate("threads", 4, 2.5e6)),
    idle=5e7,
)
ENDLESS = 1e30
"""Bytes a second: reading takes no time."""


def test_lines_are_found_where_there_are_lines() -> None:
    line = fitted([(n, 0.5 + 3.0 * n) for n in SIZES])
    assert (line.start, line.slope) == (pytest.approx(0.5, rel=1e-6), pytest.approx(3.0)) and line.worst < 1e-9
    assert line.at(2) == pytest.approx(6.5)


def test_the_fit_is_the_best_in_relative_error() -> None:
    rng = np.random.default_rng(0)
    points = [(n, (2.0 + 0.01 * n) * rng.uniform(0.8, 1.2)) for n in (1, 10, 100, 1000, 10_000)]
    line = fitted(points)

    def cost(start: float, slope: float) -> float:
        return sum(((start + slope * n) / y - 1) ** 2 for n, y in points)

    best = cost(line.start, line.slope)
    assert all(best <= cost(line.start * a, line.slope * b) for a in (0.99, 1, 1.01) for b in (0.99, 1, 1.01))
    assert line.worst == pytest.approx(max(abs(line.at(n) / y - 1) for n, y in points))


@pytest.mark.parametrize(("points", "expected"), [([(1, 1.0), (2, 3.0)], "start"), ([(1, 3.0), (2, 1.0)], "slope")])
def test_costs_are_never_negative(points: list[tuple[float, float]], expected: str) -> None:
    line = fitted(points)
    assert getattr(line, expected) == 0 and line.start + line.slope > 0


def test_one_size_is_no_line() -> None:
    with pytest.raises(ValueError, match="at two places, got 2"):
        fitted([(4, 1.0), (4, 2.0)])


def test_the_fit_uses_the_block_measured_most() -> None:
    assert EXACT.block == 32 and len(EXACT.of_block(16)) == 1
    assert EXACT.seconds.slope == pytest.approx(3e-8) and EXACT.extra.start == pytest.approx(1e6)
    assert EXACT.best == Rate("processes", 4, 3e6)
    assert [EXACT.efficiency(r) for r in EXACT.rates] == [1, 1, 0.75, 0.3125]


def test_one_worker_takes_the_sum() -> None:
    alone = replace(EXACT, rates=EXACT.rates[:1])
    model = CheckpointSize("m", 10**9, 100, 10**8, "")
    found = project(alone, model, 1, 1e9)
    assert found.reading == pytest.approx(10**9 * STORED / 1e9)
    assert found.seconds == pytest.approx(100 * 0.002 + 3e-8 * 10**9 + found.reading)
    assert found.memory == pytest.approx(5e7 + 1e6 + 50 * 10**8)
    in_pieces = project(replace(alone, held=10**6), model, 1, 1e9)
    assert in_pieces.memory == pytest.approx(found.memory - 50 * (10**8 - 10**6))
    assert "at most 1000000 entries" in " ".join(assumptions(replace(EXACT, held=10**6), 1e9))


def test_processes_hold_a_copy_of_the_program_each() -> None:
    model = CheckpointSize("m", 10**9, 100, 10**8, "")
    assert project(EXACT, model, 8, 1e9).memory == pytest.approx(4 * (5e7 + 1e6 + 50 * 10**8))


def makespan(times: list[float], slots: int) -> float:
    """When the last of the tasks ends if each goes, in turn, to the worker that is free first."""
    free = [0.0] * slots
    for time in times:
        heapq.heappush(free, heapq.heappop(free) + time)
    return max(free)


@pytest.mark.parametrize("machines", [1, 3, 8, 64])
def test_no_schedule_exceeds_the_projection(machines: int) -> None:
    rng = np.random.default_rng(machines)
    for _ in range(50):
        sizes = rng.integers(1, 10**8, rng.integers(1, 400)).astype(float)
        model = CheckpointSize("m", int(sizes.sum()), sizes.size, int(sizes.max()), "")
        bound = project(EXACT, model, machines, ENDLESS)
        times = (EXACT.seconds.start + EXACT.seconds.slope * sizes) / 0.75
        assert makespan(times.tolist(), machines * 4) <= bound.seconds * (1 + 1e-9)
        assert bound.seconds >= bound.longest * (1 - 1e-9)


def test_the_bound_is_attained() -> None:
    """Many short tasks first, the longest last."""
    short, slots = 0.002 / 0.75 + 3e-8 / 0.75, 4
    long = (0.002 + 3e-8 * 10**8) / 0.75
    count = 4 * 10_000
    model = CheckpointSize("m", count + 10**8, count + 1, 10**8, "")
    assert makespan([short] * count + [long], slots) == pytest.approx(
        project(EXACT, model, 1, ENDLESS).seconds, rel=1e-6
    )


def test_more_machines_never_take_longer() -> None:
    for model in MODELS:
        times = [project(EXACT, model, machines, 1e9).seconds for machines in MACHINES]
        assert times == sorted(times, reverse=True) and times[0] <= 64 * times[-1]


def test_nonsense_is_refused() -> None:
    for machines, storage in ((0, 1.0), (1, 0.0), (1, float("nan"))):
        with pytest.raises(ValueError, match="needed a machine"):
            project(EXACT, MODELS[0], machines, storage)


def test_models_hold_together() -> None:
    for model in MODELS:
        assert model.largest <= model.parameters <= model.tensors * model.largest


def test_assumptions_state_the_numbers() -> None:
    text = "\n".join(assumptions(EXACT, 2e9))
    assert "2 ms + 30 ns·n" in text and "4 at once (processes), at 75%" in text and "2 GB/s" in text and "2^22" in text
    assert all(model.name in text for model in MODELS)
