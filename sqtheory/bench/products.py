"""Products a second of emulated accumulators beside the model on integers."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np

from sqtheory.alphabet.kernels import engine_name
from sqtheory.alphabet.kernels.engine import ENOUGH, compiled
from sqtheory.arithmetic import accumulation, read, wgmma
from sqtheory.bench.cases import Call
from sqtheory.bench.integer_model import integer_matmul
from sqtheory.bench.measuring import here
from sqtheory.bench.turns import Clock, turns
from sqtheory.tables import Table, Tabular, json_ready, number

LENGTH = 4096
"""Products of an output."""
NAMES = ("fp8_fast", "fp8_promoted", "mma_sync(e4m3)", "wgmma(bf16)", "wgmma(tf32)")
GOALS: Mapping[str, Mapping[str, float]] = {"fp8_fast": {"numpy": 20.0, "numba": 150.0}}
"""Million products a second on one core, by engine."""
FEW = 8
"""Rows and columns of the model on integers."""


@final
@dataclass(frozen=True)
class ProductRate:
    """Million products a second of one accumulation, the most of the rounds."""

    name: str
    rate: float
    model: float
    """Of ``integer_matmul`` on one chain of the same operand, in the same rounds."""
    goal: float | None

    @property
    def ratio(self) -> float:
        """Time over that of the model, for the same products."""
        return self.model / self.rate

    @property
    def held(self) -> bool:
        """The goal is reached, if there is one."""
        return self.goal is None or self.rate >= self.goal


@final
@dataclass(frozen=True, repr=False)
class ProductRates(Tabular):
    """What was measured, under which engine, on what, when, by which versions."""

    measured: tuple[ProductRate, ...]
    engine: str
    side: int
    length: int
    rounds: int
    day: str
    machine: str
    versions: str

    @property
    def held(self) -> bool:
        """All goals are reached."""
        return all(m.held for m in self.measured)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        own = {name: value for name, value in vars(self).items() if name != "measured"}
        listed = [json_ready(vars(m)) | {"ratio": m.ratio, "held": m.held} for m in self.measured]
        return {**own, "comparisons": listed}

    def table(self) -> Table:
        """One line for each accumulation."""
        header = ("accumulation", "million products/s", "goal", "integer model", "× model")
        rows = [
            (m.name, f"{m.rate:.1f}", number(m.goal), f"{m.model:.1f}", f"{m.rate / m.model:.1f}")
            for m in self.measured
        ]
        title = (
            f"{self.day}, {self.machine}, {self.versions}: engine {self.engine}, one thread, "
            f"{self.side}×{self.side} outputs of {self.length} products, the most of {self.rounds} rounds"
        )
        return Table(header, tuple(rows), title)


def measure_products(
    names: Sequence[str] = NAMES,
    *,
    side: int = 64,
    length: int = LENGTH,
    rounds: int = 5,
    clock: Clock = time.thread_time,
) -> ProductRates:
    """Time accumulations of normal operands, ``side`` × ``side`` outputs of ``length`` products, by the present engine.

    The model on integers takes turns with each, on ``FEW`` × ``FEW`` outputs. Raises ValueError for nothing to measure.
    """
    if not names or min(side, length, rounds) < 1:
        raise ValueError(
            f"needed an accumulation, a side, a length and a round, got {names}, {side}, {length}, {rounds}"
        )
    compiled(ENOUGH)
    found = tuple(_rate(name, side, length, rounds, clock) for name in names)
    return ProductRates(found, engine_name(), side, length, rounds, *here())


def _rate(name: str, side: int, length: int, rounds: int, clock: Clock) -> ProductRate:
    one, rng = accumulation(name), np.random.default_rng(0)
    x, w = (read(rng.standard_normal((side, length)), one.reads).numbers for _ in range(2))
    calls: list[Call] = [partial(one.matmul, x, w)]
    few = min(FEW, side)
    if one.reads is not None:
        chain = wgmma(one.reads.name)
        a, b = (chain.operand.read(v[:few], "x") for v in (x, w))
        calls.append(partial(integer_matmul, a, b, chain))
    own, *model = turns(calls, rounds, clock)
    most = [count * count * length / min(times) / 1e6 for count, times in zip((side, few), (own, *model), strict=False)]
    return ProductRate(name, most[0], most[1] if model else most[0], GOALS.get(name, {}).get(engine_name()))
