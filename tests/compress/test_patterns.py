"""A pattern is kept or nothing is written: that of the mask, and an n:m that the source keeps already."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.alphabet import catalogue
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.cli import main
from sqtheory.compress import Packing, Recipe
from sqtheory.compress.patterns import lost
from sqtheory.exceptions import InputRefused
from sqtheory.files.inspection import PATTERNS
from sqtheory.orders.applied import ENTRYWISE, Order
from tests.compress.material import applied, weights
from tests.files.checkpoints.handmade import read_all
from tests.nightly import thin

FORMATS = (
    *("bcq(2)", "bcq(3, block=8)", "cast(bcq2)", "scaled(e8m0)", "int(4, rounding=stochastic(rng))"),
    *("int(4, scaling=halfrange)", "cast(float16, saturate=false)", "scaled(bcq3zero)", "scaled(int4full)"),
)
"""Without a zero, with rounding by chance, without saturation, with codes on one side only."""


def kept(n: int, m: int, axis: int, seed: int = 0) -> np.ndarray:
    return nm(n, m, axis=axis)(weights("f4", seed, (32, 64)))


def counts(y: np.ndarray, m: int, axis: int) -> np.ndarray:
    return (np.moveaxis(y, axis, -1).reshape(-1, m) != 0).sum(axis=1)


@pytest.mark.parametrize("packing", [None, Packing()], ids=["values", "codes"])
@pytest.mark.parametrize("order", ENTRYWISE)
def test_zeros_of_the_source_do_not_become_scales(tmp_path: Path, order: Order, packing: Packing | None) -> None:
    """1024 zeros of 2048 entries would become ±scale, although nobody asked for a mask."""
    source, out = tmp_path / "in.safetensors", tmp_path / "out" / "out.safetensors"
    save_file({"dense.weight": weights("f4", 5), "w.weight": kept(2, 4, 1)}, source)
    rule = r"'w.weight': the source keeps 2:4 along axis 1, the result does not: group \(0, 0\) has 4 entries"
    with pytest.raises(InputRefused, match=rule):
        applied(source, out, Recipe("1:1", "bcq3", order), packing=packing)
    assert not out.parent.exists()
    save_file({"w.weight": weights("f4")}, source)
    applied(source, out, Recipe("1:1", "bcq3", order), packing=packing)
    assert np.all(read_all(tmp_path / "out" / "out.safetensors")["w.weight"] != 0) if packing is None else out.exists()


@pytest.mark.parametrize("verb", ["apply", "pack"])
@pytest.mark.parametrize("dry", [["--dry-run"], []], ids=["dry", "wet"])
def test_the_command_refuses_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, dry: list[str]
) -> None:
    save_file({"w.weight": kept(1, 4, 1)}, tmp_path / "in.safetensors")
    asked = [verb, str(tmp_path / "in.safetensors"), str(tmp_path / "out.safetensors"), "--format", "bcq3", *dry]
    assert main(asked) == 3
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "the source keeps 1:4 along axis 1" in said.err
    assert "(is 0 a value of the format?)" in said.err and len([*tmp_path.iterdir()]) == 1


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("n", "m", "length"), [(8, 16, 64), (7, 16, 64), (2, 4, 62), (1, 4, 63), (4, 8, 63)])
def test_other_patterns_and_short_last_groups_are_kept_too(n: int, m: int, length: int, axis: int) -> None:
    x = weights("f4", 2, (48, length))
    whole = length // m * m
    x[:, :whole] = nm(n, m)(x[:, :whole])
    x = x if axis == 1 else np.ascontiguousarray(x.T)
    s = Recipe("1:1", "bcq3").assignment.of("w").s
    assert f"the source keeps {n}:{m} along axis {axis}" in str(
        lost(s, x, Recipe("1:1", "bcq3").image(x, "w"), first=True)
    )
    assert lost(s, x, Recipe("1:1", "int4").image(x, "w"), first=True) is None


@thin(2)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("n", "m"), PATTERNS)
@pytest.mark.parametrize("fmt", [*FORMATS, *(q for q, _ in catalogue.QUANTIZERS)])
def test_whatever_the_format_a_pattern_is_kept_or_the_result_refused(fmt: str, n: int, m: int, axis: int) -> None:
    x, recipe = kept(n, m, axis), Recipe("1:1", fmt, seed=3)
    y = recipe.image(x, "w")
    s = recipe.assignment.of("w").s
    found = lost(s, x, y, first=True)
    assert (found is None) == (counts(y, m, axis).max() <= n)
    assert lost(s, x, recipe.image(np.ones_like(x), "w"), first=True) is not None
    assert lost(s, weights("f4", 1), y, first=True) is None


def test_what_a_threshold_prunes_stays_0(tmp_path: Path) -> None:
    """It promises no pattern, but what it prunes is not to come back either."""
    source = tmp_path / "in.safetensors"
    save_file({"w.weight": weights("f4")}, source)
    for packing in (None, Packing()):
        with pytest.raises(InputRefused, match=r"pattern of the mask is lost: entry \(0, \d+\) is not 0, threshold"):
            applied(source, tmp_path / "out.safetensors", Recipe("threshold(0.5)", "bcq3"), packing=packing)
    for order in (Order.qs, Order.gain):
        applied(source, tmp_path / "out.safetensors", Recipe("threshold(0.5)", "bcq3", order), force=True)
    applied(source, tmp_path / "out.safetensors", Recipe("threshold(0.5)", "scaled(bcq3zero)"), force=True)


def test_zeros_without_a_pattern_are_the_choice_of_the_format(tmp_path: Path) -> None:
    x = weights("f4")
    x[3, :9] = 0
    save_file({"w.weight": x}, tmp_path / "in.safetensors")
    [one] = applied(tmp_path / "in.safetensors", tmp_path / "out.safetensors", Recipe("1:1", "bcq3")).tensors
    assert one.zeros == 0 and one.patterns == ()
    assert lost(nm(1, 1), np.zeros(()), np.ones(()), first=True) is None
