from pathlib import Path

import numpy as np
import pytest

from sqtheory.execution import synthetic
from sqtheory.execution.synthetic import write_normal
from sqtheory.files.checkpoints import open_checkpoint


@pytest.mark.parametrize(("stored", "kind"), [("F16", np.float16), ("F32", np.float32)])
def test_a_file_holds_the_draws_in_order_however_it_was_written(
    stored: str, kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = np.random.default_rng(0).standard_normal((3, 4, 64), np.float32).astype(kind)
    for piece in (1 << 20, 100):
        monkeypatch.setattr(synthetic, "PIECE", piece)
        path = write_normal(tmp_path / f"{piece}.safetensors", 3, 4, 64, stored)
        with open_checkpoint(path) as checkpoint:
            assert [t.name for t in checkpoint.tensors] == ["0.weight", "1.weight", "2.weight"]
            for t, expected in zip(checkpoint.tensors, drawn, strict=True):
                assert np.array_equal(checkpoint.read(t.name), expected)
