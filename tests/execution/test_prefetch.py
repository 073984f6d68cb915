"""Items computed ahead by threads: in turn, and by the engine of the caller."""

from collections.abc import Iterator

import pytest

from sqtheory.alphabet.kernels import engine, engine_name
from sqtheory.execution.prefetch import InTurn
from sqtheory.execution.workers import Threads


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_compute_by_the_engine_of_the_caller(threads: int) -> None:
    def asked(item: int) -> tuple[int, str]:
        return item, engine_name()

    with Threads(threads).crew() as (executor, _), engine("definition"):
        found: Iterator[tuple[int, str]] = iter(InTurn(asked, range(5), executor, 2))
        assert list(found) == [(item, "definition") for item in range(5)]
