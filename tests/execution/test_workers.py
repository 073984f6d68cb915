"""An interrupt is not made to wait for what workers compute."""

import threading
import time
from concurrent.futures.process import BrokenProcessPool

import pytest

from sqtheory.execution.workers import Processes, Threads


def test_an_interrupt_ends_processes_amid_their_tasks() -> None:
    with pytest.raises(KeyboardInterrupt), Processes(1).crew() as (pool, _):
        assert pool is not None
        assert pool.submit(abs, -1).result() == 1
        task = pool.submit(time.sleep, 3600)
        while not task.running():
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert isinstance(task.exception(), BrokenProcessPool)


def test_an_interrupt_does_not_wait_for_threads() -> None:
    free = threading.Event()
    with pytest.raises(KeyboardInterrupt), Threads(2).crew() as (pool, _):
        assert pool is not None
        waiting = pool.submit(free.wait)
        while not waiting.running():
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert not waiting.done()
    free.set()
    assert waiting.result()
