"""Peak resident memory of the verbs that read checkpoints: a constant, whatever the size of the file."""

from pathlib import Path

import numpy as np
import pytest

from sqtheory.files.checkpoints import SafetensorsWriter, declare
from tests.files.checkpoints.test_slabs import peak
from tests.nightly import NIGHTLY, nightly

LIMIT = 256 << 10
"""KiB of resident memory at most."""
SHAPE = (4096, 4096)

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")


def written(path: Path, shapes: list[tuple[int, int]]) -> Path:
    """Matrices of normal numbers in bfloat16, all alike."""
    x = np.random.default_rng(0).standard_normal(SHAPE, np.float32)
    x = (x.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    with SafetensorsWriter(path, [declare(f"{i}.weight", "BF16", shape) for i, shape in enumerate(shapes)]) as writer:
        for i, shape in enumerate(shapes):
            writer.write(f"{i}.weight", np.resize(x, shape))
    return path


@pytest.mark.parametrize(
    "mask_format", [("2:4", "mxfp4"), pytest.param(("4:8", "nvfp4"), marks=nightly)], ids=["2:4+mxfp4", "4:8+nvfp4"]
)
def test_order_on_many_matrices_and_a_huge_one(mask_format: tuple[str, str], tmp_path: Path) -> None:
    """By day a matrix of 96 MiB alone, 2 GiB every night."""
    huge = (8 * 4096, 8192) if NIGHTLY else (6144, 8192)
    file = written(tmp_path / "w.safetensors", [*[SHAPE] * (48 if NIGHTLY else 0), huge])
    mask, form = mask_format
    assert peak("order", str(file), "--mask", mask, "--format", form, "--json") < LIMIT


@nightly
@pytest.mark.parametrize("order", ["sq", "gain"])
def test_apply_to_many_matrices(order: str, tmp_path: Path) -> None:
    """2 GiB. By day ``test_apply`` sees that memory does not grow."""
    file, out = written(tmp_path / "w.safetensors", [SHAPE] * 64), tmp_path / "out.safetensors"
    asked = ("--mask", "2:4", "--format", "mxfp4", "--order", order, "--workers", "1")
    assert peak("apply", str(file), str(out), *asked, "--json") < LIMIT


@nightly
@pytest.mark.parametrize("form", ["mxfp4", "nvfp4"])
def test_a_report_with_its_predicted_gaps(form: str, tmp_path: Path) -> None:
    """By day a matrix of 64 MiB; every night one of 512 MiB, and one that is read whole."""
    file = written(tmp_path / "w.safetensors", [SHAPE, (4096, 65536)] if NIGHTLY else [(4096, 8192)])
    asked = ("--mask", "2:4", "--format", form, "-o", str(tmp_path / "r.html"))
    assert peak("report", str(file), *asked) < 1.25 * LIMIT
