"""Statistics of inputs: what the layout says is read, to the last bit; whatever else a file says is refused by name."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.alphabet.scores import Statistic
from sqtheory.exceptions import CheckpointError, InputRefused
from sqtheory.files.statistics import SCHEMA, Statistics, check_replaced, write_statistics

X = np.random.default_rng(0).standard_normal((50, 8))
NORMS, MOMENTS = np.linalg.norm(X, axis=0), X.T @ X
SAID = {"schema": SCHEMA}
Tensors = dict[str, Any]


def stored(path: Path, tensors: Tensors, metadata: dict[str, str] | None = None) -> Path:
    save_file(tensors, path, metadata=SAID if metadata is None else metadata)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "s.safetensors"


def test_what_is_written_is_read_to_the_last_bit(file: Path) -> None:
    write_statistics(file, {"b.weight": NORMS, "a": NORMS[:3]}, {"b.weight": MOMENTS}, {"model": "m", "count": "50"})
    found = Statistics.read(file)
    assert found.metadata == {**SAID, "model": "m", "count": "50"} and set(found.norms) == {"a", "b.weight"}
    np.testing.assert_array_equal(found.norms_of("b.weight"), NORMS)
    np.testing.assert_array_equal(found.of("a", Statistic.norms), NORMS[:3])
    np.testing.assert_array_equal(found.of("b.weight", Statistic.moments), MOMENTS)


def test_equal_statistics_are_equal_bytes(file: Path) -> None:
    other = file.with_name("other.safetensors")
    write_statistics(file, {"b": NORMS, "a": NORMS}, {"b": MOMENTS}, {"model": "m"})
    write_statistics(other, {"a": NORMS.copy(), "b": NORMS}, {"b": MOMENTS}, {"model": "m"})
    assert file.read_bytes() == other.read_bytes()
    assert Statistics.read(file).sha256 == Statistics.read(other).sha256
    write_statistics(other, {"a": NORMS, "b": 2 * NORMS}, {}, {"model": "m"}, force=True)
    assert Statistics.read(file).sha256 != Statistics.read(other).sha256


def test_a_file_of_ones_own_needs_norms_or_moments_and_the_schema(file: Path) -> None:
    found = Statistics.read(stored(file, {"w.norms": NORMS.astype(np.float32), "v.moments": MOMENTS}))
    np.testing.assert_array_equal(found.norms_of("w"), NORMS.astype(np.float32))
    np.testing.assert_allclose(found.norms_of("v"), NORMS, rtol=1e-14)
    assert found.norms_of("w").dtype == np.float64


def changed(values: np.ndarray, at: Any, value: float) -> np.ndarray:
    out = values.copy()
    out[at] = value
    return out


REFUSED: dict[str, tuple[Tensors, dict[str, str], str]] = {
    "no schema": ({"w.norms": NORMS}, {}, "not a file of statistics"),
    "another schema": ({"w.norms": NORMS}, {"schema": "sqtheory.statistics/2"}, "schema sqtheory.statistics/1"),
    "NaN": ({"w.norms": changed(NORMS, 3, np.nan)}, SAID, "'w.norms': nan at (3,): statistics are finite"),
    "infinity": ({"w.norms": changed(NORMS, 3, np.inf)}, SAID, "'w.norms': inf at (3,)"),
    "negative": ({"w.norms": changed(NORMS, 2, -1.0)}, SAID, "'w.norms': -1.0 at input 2: norms are not negative"),
    "a matrix": ({"w.norms": X}, SAID, "'w.norms': needed real numbers of shape (inputs,), got F64 of (50, 8)"),
    "integers": ({"w.norms": np.arange(3)}, SAID, "'w.norms': needed real numbers"),
    "another name": ({"w.weight": NORMS}, SAID, "'w.weight': it is neither NAME.norms nor NAME.moments"),
    "no name": ({"norms": NORMS}, SAID, "'norms': it is neither"),
    "power": ({"w.moments": changed(MOMENTS, (2, 2), -1)}, SAID, "'w.moments': -1.0 at input 2: powers are not"),
    "asymmetric": ({"w.moments": changed(MOMENTS, (0, 1), 9)}, SAID, "entry (0, 1) is not its mirror image"),
    "not square": ({"w.moments": X}, SAID, "'w.moments': needed real numbers of shape (inputs, inputs)"),
}


@pytest.mark.parametrize(("tensors", "metadata", "said"), REFUSED.values(), ids=REFUSED)
def test_what_the_layout_does_not_say_is_refused(
    tensors: Tensors, metadata: dict[str, str], said: str, file: Path
) -> None:
    with pytest.raises(CheckpointError, match=re.escape(said)) as refused:
        Statistics.read(stored(file, tensors, metadata))
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({"w": (4, 9)}, "8 inputs of tensor 'w', whose shape is (4, 9)"),
        ({"w": ()}, "8 inputs of tensor 'w'"),
        ({"v": (4, 8)}, "statistics of a tensor 'w', which the checkpoint does not have"),
    ],
)
def test_statistics_of_other_tensors_are_refused(shapes: dict[str, tuple[int, ...]], said: str, file: Path) -> None:
    found = Statistics.read(stored(file, {"w.norms": NORMS}))
    found.check({"w": (4, 8), "v": (2, 2)})
    with pytest.raises(CheckpointError, match=re.escape(said)):
        found.check(shapes)


def test_what_is_not_there_is_refused_by_the_name_of_the_weight(file: Path) -> None:
    found = Statistics.read(stored(file, {"w.norms": NORMS, "v.norms": NORMS, "v.moments": 2 * MOMENTS}))
    for ask in (found.norms_of, found.moments_of):
        with pytest.raises(CheckpointError, match="'other"):
            ask("other")
    with pytest.raises(CheckpointError, match=r"no tensor 'w\.moments', XᵀX: .* --moments"):
        found.moments_of("w")
    with pytest.raises(CheckpointError, match=r"no tensor 'w\.means', the mean of every input j: .* --means"):
        found.of("w", Statistic.means)
    with pytest.raises(CheckpointError, match=r"'v\.moments': its diagonal is not that of the norms"):
        found.moments_of("v")


@pytest.mark.parametrize("spoil", [lambda: changed(NORMS, 1, np.nan), lambda: -NORMS])
def test_what_could_not_be_read_is_not_written(spoil: Callable[[], np.ndarray], file: Path) -> None:
    with pytest.raises(InputRefused, match=r"tensor 'w\.norms'"):
        write_statistics(file, {"w": spoil()}, {}, {})
    assert not file.exists()


def test_only_statistics_are_replaced(file: Path) -> None:
    check_replaced(file)
    write_statistics(file, {"w": NORMS}, {}, {})
    check_replaced(file)
    with pytest.raises(FileExistsError):
        write_statistics(file, {"w": 2 * NORMS}, {}, {})
    stored(file, {"w": NORMS}, {"format": "pt"})
    with pytest.raises(FileExistsError, match="no file of statistics"):
        check_replaced(file)
