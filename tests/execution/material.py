"""Checkpoints and command lines that the tests of this folder share."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.cli import main
from sqtheory.execution import sweep
from sqtheory.execution.assignment import Spelled
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.orders.grid import Row

MASKS = ("2:4", "top(0.5, per=row, score=random(rng))", "nm(2, 4, ties=random(rng))")
FORMATS = ("mxfp4", "int(4, rounding=stochastic(rng))")
GRID = (
    *(word for text in MASKS for word in ("--mask", text)),
    *(word for text in FORMATS for word in ("--format", text)),
)
"""Pipelines that draw random numbers for scores, ties and rounding, and some that draw none."""


def write(path: Path, count: int, shape: tuple[int, int] = (16, 128), seed: int = 0) -> Path:
    """A checkpoint of so many tensors, with ties, zeros and a heavy tail."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for number in range(count):
        x = rng.standard_t(2, shape).astype(np.float32)
        x[rng.random(shape) < 0.1] = 0
        tensors[f"layer.{number}.weight"] = np.where(rng.random(shape) < 0.1, np.float32(0.5), x)
    save_file(tensors, path)
    return path


def operators(seed: int = 0) -> tuple[list[Sparsifier], list[Quantizer]]:
    rng = np.random.default_rng(seed)
    bound = [parse(text, {"rng": rng}) for text in (*MASKS, *FORMATS)]
    return [s for s in bound if isinstance(s, Sparsifier)], [q for q in bound if isinstance(q, Quantizer)]


def spelled(seed: int = 0) -> list[Spelled]:
    """What the command line assigns."""
    return [Spelled(mask, fmt, seed) for mask, fmt in product(MASKS, FORMATS)]


def serial(path: Path, p: float = 2.0) -> list[list[Row]]:
    """The rows of every tensor, computed here one after the other."""
    with open_checkpoint(path) as checkpoint:
        return list(sweep(checkpoint, checkpoint.tensors, *operators(), p))


def printed(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> tuple[str, str]:
    """What ``sqtheory order`` prints and complains."""
    assert main(["order", str(path), *GRID, "--json", *arguments]) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err


@contextmanager
def started(path: Path, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """The same in a process of its own, which ends with the block and can be interrupted.

    Tests that run in the background ignore interrupts, and what they start would too.
    """
    command = [sys.executable, "-m", "sqtheory", "order", str(path), *GRID, "--json", *arguments]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            signal.signal(signal.SIGINT, before)
            yield process
        finally:
            process.kill()


def lines(folder: Path) -> dict[Path, str]:
    """Every finished line of a folder of results."""
    return {path: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*/*.json"))}
