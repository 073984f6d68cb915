"""Small checkpoints, and what the command line prints of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.cli import main

NAMES = ("a.weight", "b.weight", "c.weight")


def weights(folder: Path, name: str = "in.safetensors") -> Path:
    """Three linear weights, a bias, and an embedding."""
    rng = np.random.default_rng(3)
    tensors = {each: rng.standard_normal((8, 64)).astype(np.float32) for each in NAMES}
    tensors |= {"a.bias": np.ones(8, np.float32), "embed.weight": np.ones((4, 64), np.float32)}
    save_file(tensors, folder / name)
    return folder / name


def printed(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> str:
    """The standard output of a command line."""
    capsys.readouterr()
    assert main([str(each) for each in arguments]) == status
    return capsys.readouterr().out.removesuffix("\n")


def parsed(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> Any:
    """Its JSON."""
    return json.loads(printed(capsys, *arguments, "--json", status=status))
