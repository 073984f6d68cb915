from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory import parse
from sqtheory.alphabet.operators import Operator
from sqtheory.exceptions import Indivisible, InputRefused, NonFinite
from sqtheory.execution.selection import MASK, Tolerance, amount, misfit, reason_of, rule_of, select
from sqtheory.files.checkpoints import TensorInfo, open_checkpoint
from sqtheory.files.targets import Targets
from sqtheory.files.views.view import View
from sqtheory.files.views.viewed import as_matrix

FILE = Path("w.safetensors")
MASK_2_4, BOTH = parse("2:4"), (parse("2:4"), parse("int(4, block=8, tail=error)"))


def tensors(**shapes: tuple[int, ...]) -> list[TensorInfo]:
    return [TensorInfo(name, "F32", shape, 0) for name, shape in shapes.items()]


MISFITS: dict[str, tuple[str, tuple[int, ...], str | None]] = {
    "fits": ("2:4", (3, 8), None),
    "three columns": ("2:4", (8, 3), "does not fit nm(2, 4): axis 1 of length 3 is not a whole number of groups of 4"),
    "a short last group": ("nm(2, 4, tail=short)", (8, 3), None),
    "a kernel": (
        "2:4",
        (16, 8, 3, 3),
        "axis 3 of length 3 is not a whole number of groups of 4 (tail=error); axis=1 fits",
    ),
    "a stem": ("nm(2, 4, axis=1)", (16, 3, 7, 7), "axis 1 of length 3 is not a whole number of groups of 4"),
    "an axis that it lacks": ("nm(2, 4, axis=2)", (8, 8), "axis 2 does not exist in a tensor of shape (8, 8)"),
    "blocks": ("int(4, block=8, tail=error)", (8, 12), "axis 1 of length 12 is not a whole number of blocks of 8"),
    "a share": ("50%", (8, 3), None),
}


@pytest.mark.parametrize(("spelled", "shape", "why"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_says_the_operator_and_the_rule(
    spelled: str, shape: tuple[int, ...], why: str | None
) -> None:
    op = parse(spelled)
    assert isinstance(op, Operator)
    found = misfit(TensorInfo("w", "F32", shape, 0), [op])
    assert (found is None) == (why is None)
    if why is not None and found is not None:
        assert found.startswith(f"does not fit {op}: ") and why in found


def test_misfits_are_left_alone_each_with_its_own_rule() -> None:
    given = tensors(a=(8, 16), norm=(8,), b=(8, 3), c=(8, 12), lm_head=(8, 8))
    chosen = select(FILE, given, Targets(), BOTH)  # type: ignore[arg-type]
    assert [info.name for info in chosen.taken] == ["a"]
    reasons = {info.name: why for info, why in chosen.skipped}
    assert list(reasons) == ["norm", "b", "c", "lm_head"] and chosen.special == {"b", "c"}
    assert "groups of 4" in reasons["b"] and "blocks of 8" in reasons["c"] and reasons["norm"] == "fewer than two axes"
    assert chosen.parameters == {"compared": 128, "of": 128 + 8 + 24 + 96 + 64}
    first, *rest = chosen.sentences()
    assert first == "Compared 128 of 320 parameters in 1 of 5 tensors; left alone: 1 fewer than two axes, 1 head."
    assert len(rest) == 2 and rest[0].startswith("Left alone: b (does not fit nm(2, 4): axis 1 of length 3")


def test_what_is_left_alone_for_one_reason_is_one_line() -> None:
    many = [TensorInfo(f"w{i}", "F32", (8, 3) if i else (8, 8), 0) for i in range(12)]
    chosen = select(FILE, many, Targets(), [MASK_2_4])  # type: ignore[list-item]
    _, line = chosen.sentences()
    assert line.startswith("Left alone: w1, w2, w3, w4, w5, w6, w7, w8 and 3 more (does not fit nm(2, 4): axis 1")


def test_strict_and_all_targets_are_refused_by_name() -> None:
    given = tensors(a=(8, 16), b=(8, 3), c=(8, 12))
    with pytest.raises(Indivisible, match=r"w.safetensors: tensor 'b': axis 1 of length 3 .*; tensor 'c': axis 1"):
        select(FILE, given, Targets(), BOTH, strict=True)  # type: ignore[arg-type]
    with pytest.raises(Indivisible, match=r"tensor 'b': .*; tensor 'c'"):
        select(FILE, given[1:], Targets(), BOTH)  # type: ignore[arg-type]
    many = [TensorInfo(f"w{i}", "F32", (8, 3), 0) for i in range(9)]
    with pytest.raises(Indivisible, match=r"'w0'.*'w1'.*'w2': [^']*\(and 6 more\)$"):
        select(FILE, many, Targets(), [MASK_2_4])  # type: ignore[list-item]
    with pytest.raises(InputRefused, match="axis 5 does not exist"):
        select(FILE, many, Targets(), [parse("nm(2, 4, axis=5)")])  # type: ignore[list-item]


def test_a_tensor_of_minus_infinity_is_a_mask_and_a_weight_with_nan_is_none(tmp_path: Path) -> None:
    upper = np.triu(np.full((8, 8), -np.inf, np.float32), 1)
    broken, huge = np.ones((8, 8), np.float32), np.where(upper < 0, np.float32(np.inf), 0).astype(np.float32)
    broken[1, 2] = np.nan
    save_file({"m": upper, "w": broken, "h": huge, "z": np.zeros((8, 8), np.float32)}, tmp_path / "w.safetensors")
    refusal = NonFinite("tensor 'm': -inf at (0, 1)")
    with open_checkpoint(tmp_path / "w.safetensors") as checkpoint:
        found = {info.name: reason_of(checkpoint, info, refusal) for info in checkpoint.tensors}
        assert found == {"m": MASK, "w": None, "h": None, "z": None}
        info = checkpoint.info("m")
        assert reason_of(checkpoint, info, InputRefused("tensor 'm': too large")) is None
        assert not Tolerance(checkpoint, strict=True)(info, refusal)
        patient = Tolerance(checkpoint, keep_going=True)
        assert patient(checkpoint.info("w"), NonFinite("f: tensor 'w': nan at (1, 2)")) and patient(info, refusal)
        assert patient.left == {"w": "refused: nan at (1, 2)", "m": MASK}
        assert not patient(info, InputRefused("of another tensor"))
        chosen = select(checkpoint.path, checkpoint.tensors, Targets(), [MASK_2_4])  # type: ignore[list-item]
        rest = chosen.without(patient.left)
        assert [i.name for i in rest.taken] == ["h", "z"] and rest.failures == ["tensor 'w': nan at (1, 2)"]
        with pytest.raises(InputRefused, match="'w': refused: nan"):
            chosen.without({name: "refused: nan" for name in "whzm"})


def test_a_rule_is_what_a_refusal_says_after_the_name() -> None:
    assert rule_of("a", InputRefused("p: tensor 'a': nan at (0, 1)")) == "nan at (0, 1)"
    assert rule_of("a", InputRefused("p: tensor 'b': nan")) is None
    long = "x" * 300
    assert rule_of(long, InputRefused(f"p: tensor {long!r}: nan")) == "nan"


def test_amounts_have_three_digits() -> None:
    counts = (0, 950, 1234, 1_200_000, 7_241_000_000, 128_000)
    assert [amount(n) for n in counts] == ["0", "950", "1.23 K", "1.2 M", "7.24 B", "128 K"]


KERNELS = {
    "whole groups at each place": ("2:4", View.convolution(4), (16, 8, 3, 3), None),
    "a stem": ("2:4", View.convolution(4), (16, 3, 4, 4), "3 input channels at each place of the kernel are not a who"),
    "one channel": ("2:4", View.convolution(3), (16, 1, 4), "1 input channel at each place of the kernel is not"),
    "a tail": ("nm(2, 4, tail=short)", View.convolution(4), (16, 3, 4, 4), None),
    "blocks": ("int(4, block=32)", View.convolution(4), (16, 3, 4, 4), None),
    "a matrix": ("2:4", View((0,)), (12, 16), None),
    "one entry": ("int(4, per=row)", View.convolution(4), (16, 1, 1, 1), "every block has one entry: the format does"),
    "experts": ("2:4", View.experts(inputs=1), (4, 6, 8), "axis 1 of length 6 is not a whole number of groups of 4"),
}


@pytest.mark.parametrize(("spelled", "view", "shape", "why"), KERNELS.values(), ids=KERNELS)
def test_groups_stay_at_one_place_of_a_kernel(
    spelled: str, view: View, shape: tuple[int, ...], why: str | None
) -> None:
    op = parse(spelled)
    assert isinstance(op, Operator)
    found = misfit(as_matrix(TensorInfo("w", "F32", shape, 0), view), [op])
    assert found is None if why is None else found is not None and why in found


@pytest.mark.parametrize(
    ("fmt", "shape", "idle"),
    [
        ("int(4, block=1)", (4, 4), True),
        ("int(4, per=row)", (4, 1), True),
        ("int(4, per=row)", (4, 2), False),
        ("scaled(e2m1, block=1)", (4, 4), True),
        ("int(4, block=1, scaling=halfrange)", (4, 4), False),
        ("mxfp(e2m1, block=1)", (4, 4), False),
        ("nvfp4(block=1)", (4, 4), False),
    ],
)
def test_blocks_of_one_entry_are_no_result(fmt: str, shape: tuple[int, ...], idle: bool) -> None:
    q = parse(fmt)
    assert isinstance(q, Operator) and q.is_idle(shape) is idle
    x = np.random.default_rng(0).normal(size=shape)
    assert np.allclose(q(x), x, rtol=1e-12, atol=0) is idle
    if idle:
        with pytest.raises(InputRefused, match="every block has one entry: the format does nothing here"):
            select(FILE, [TensorInfo("w", "F32", shape, 0)], Targets(("w",)), [q])
