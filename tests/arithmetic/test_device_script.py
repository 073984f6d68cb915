"""The script for machines with a GPU, on devices that are played: what it says of each, and what it says of none."""

import sys
from collections.abc import Callable

import numpy as np
import pytest

from sqtheory.arithmetic import accumulation, mma_sync, wgmma
from sqtheory.arrays import Array
from tests.devices import tensor_cores
from tests.devices.kernels import SHAPES, Shape
from tests.devices.laws import Split, below_normal, law, of_shape, splits
from tests.devices.operands import ROWS, matrix, small
from tests.devices.tensor_cores import compared


def pair(length: int, operand: str = "e4m3") -> tuple[Array, Array]:
    rng = np.random.default_rng(length)
    return matrix(rng, 12, length, operand), matrix(rng, 12, length, operand)


def test_without_a_gpu_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["tensor_cores.py"])
    monkeypatch.setitem(sys.modules, "torch", None)
    tensor_cores.main()
    assert capsys.readouterr().out == "skipped: torch is not installed\n"


@pytest.mark.parametrize("operand", ["bf16", "f16", "tf32", "e4m3", "e5m2"])
def test_operands_are_what_an_instruction_reads(operand: str) -> None:
    a, _ = pair(64, operand)
    one = wgmma(operand).operand
    np.testing.assert_array_equal(one.read(a, "a"), a)
    assert len(a) == 2 * len(ROWS) and np.ptp(np.frexp(a[a != 0])[1]) > 8


@pytest.mark.parametrize("played", [Split(wgmma("tf32"), 4, 32, True), Split(wgmma("tf32"), 8, 64, False, True)])
def test_a_split_is_found(played: Split) -> None:
    a, b = pair(512, "tf32")
    first, nearest = compared("mm", played, a, b, splits(wgmma("tf32"), 512))
    assert "one chain" in first and "100.000 %" not in first
    assert "100.000 %" in nearest and played.told(512) in nearest


def test_what_agrees_is_one_line_and_what_is_refused_another() -> None:
    def refuse(a: Array, b: Array) -> Array:
        raise RuntimeError("no such kernel\nhere")

    a, b = pair(64)
    one: Callable[[Array, Array], Array] = law(wgmma("e4m3"))
    assert compared("x", one, a, b, splits(wgmma("e4m3"), 64)) == ["| x | 12×12×64 | 144 | 100.000 % | one chain |"]
    assert compared("x", refuse, a, b, {}) == ["| x | 12×12×64 | – | – | refused: no such kernel |"]


@pytest.mark.parametrize("length", [40, 100, 512])
def test_a_split_deals_every_place_once(length: int) -> None:
    for said, made in splits(wgmma("bf16"), length):
        if said != "one chain":
            assert isinstance(made, Split)
            np.testing.assert_array_equal(np.sort(np.concatenate(made.places(length))), np.arange(length))


def test_rules_below_the_normal_numbers_differ_and_agree_above() -> None:
    rng = np.random.default_rng(3)
    low, high = (tuple(small(rng, 12, 32, e) for _ in range(2)) for e in (-77, -40))
    laws = below_normal(mma_sync("bf16"), 16)
    made = {name: one(*low).tobytes() for name, one in laws.items()}
    assert len({made[name] for name in ("to nearest", "cut towards zero", "made 0")}) == 3
    assert len({one(*high).tobytes() for one in laws.values()}) == 1


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_shape_reads_its_slab_and_has_laws_that_differ(shape: Shape) -> None:
    source = shape.source()
    assert f"m16n8k{shape.k}.row.col.f32.{shape.operand}.{shape.operand}.f32" in source
    words = shape.k * {"e4m3": 8, "e5m2": 8, "f16": 16, "bf16": 16, "tf32": 32}[shape.operand] // 32
    assert source.count('"r"') == words * 3 // 4 and f"k += {words})" in source
    a, b = pair(512, shape.operand)
    made = [one(a, b).tobytes() for one in of_shape(shape).values()]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("run", [64, 192])
def test_runs_of_k_are_what_promoted_says(run: int) -> None:
    """A library's split of K, which the device was seen to do, is an accumulator that has a spelling."""
    a, b = pair(512, "tf32")
    split = Split(wgmma("tf32"), -(-512 // run), run, turns=False)
    one = accumulation(f"aligned(tf32, group=8, fraction=25, significant=24, promoted={run})")
    np.testing.assert_array_equal(split(a, b), one.matmul(a, b))
    assert (split(a, b) != wgmma("tf32").matmul(a, b)).any()
