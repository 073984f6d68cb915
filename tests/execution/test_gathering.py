from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.execution import Spelled, Sweep
from sqtheory.execution.gathering import gathered
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.seeing import notes, seen
from sqtheory.orders.applied import Winner
from sqtheory.orders.grid import Row, tensor_rows
from sqtheory.orders.together import together
from tests.files.views.checkpoints import save

PIPELINES = (("2:4", "nvfp4"), ("50%", "int(4)"), ("nm(2, 4, score=random(rng))", "mxfp4"))


def rows_of(path: Path, *, experts: bool) -> list[list[Row]]:
    with open_checkpoint(path) as opened:
        checkpoint = seen(opened, Targets(), Axes(), apart=True)
        swept = list(Sweep(checkpoint, checkpoint.tensors, [Spelled(*pair) for pair in PIPELINES]))
        return gathered(checkpoint.tensors, swept, experts=experts)


def test_every_expert_is_compared_by_itself(tmp_path: Path) -> None:
    path = save(tmp_path)
    with open_checkpoint(path) as opened:
        x = opened.read("m.experts.down_proj").transpose(0, 2, 1)
    s, q = parse("50%"), parse("int(4)")
    single = {row[1].name: row[1] for row in rows_of(path, experts=True)}
    for e in range(4):
        [alone] = tensor_rows(f"m.experts.down_proj[{e}]", x[e], [s], [q])
        row = single[alone.name]
        assert row.view == "axis 1 as [expert, out, in] 4×64×48"
        assert (row.order, row.channels, row.reason) == (alone.order, alone.channels, alone.reason)


@pytest.mark.parametrize("at", range(len(PIPELINES)))
def test_one_row_for_a_tensor_adds_up_those_of_its_experts(tmp_path: Path, at: int) -> None:
    path = save(tmp_path)
    single = [row[at] for row in rows_of(path, experts=True) if row[at].name.startswith("m.experts.down_proj[")]
    [whole] = [row[at] for row in rows_of(path, experts=False) if row[at].name == "m.experts.down_proj"]
    assert whole.order.shape == (4, 64, 48)
    for name, value in vars(whole.order.errors).items():
        assert value == pytest.approx(np.sqrt(sum(vars(row.order.errors)[name] ** 2 for row in single)))
    assert whole.order.swaps == sum(row.order.swaps for row in single)
    for name in ("selection", "scale", "zero"):
        parts = [getattr(row.channels, name) for row in single]
        assert getattr(whole.channels, name).count == sum(part.count for part in parts)
        assert getattr(whole.channels, name).total == sum(part.total for part in parts)
    assert whole.channels.tied == sum(row.channels.tied for row in single)


def test_a_tensor_is_guaranteed_what_all_its_matrices_are() -> None:
    rng = np.random.default_rng(0)
    s, q = parse("2:4"), parse("int(4, block=4)")
    [usual] = tensor_rows("a", rng.normal(size=(8, 8)), [s], [q])
    [equal] = tensor_rows("b", np.array([[7.0, 1.0, 0.0, 0.0]]), [s], [q])
    assert (usual.reason.theorem, equal.reason.theorem) == ("prune_first_dominates", "frozen_commutation")
    both = together("c", (2, 8, 8), [usual, equal])
    assert both.reason.theorem == "prune_first_dominates" and both.order.winner is usual.order.winner is Winner.sq
    [lost] = tensor_rows("d", rng.normal(size=(8, 64)), [parse("50%")], [parse("int(3, per=row)")])
    assert lost.reason.theorem is None
    assert together("e", (2, 8, 64), [usual, lost]).reason.failed == lost.reason.failed


def test_what_is_assumed_of_experts_is_said(tmp_path: Path) -> None:
    path = save(tmp_path, {"m.experts.gate_up_proj": (4, 64, 96), "m.experts.down_proj": (4, 96, 64)})
    with open_checkpoint(path) as opened:
        [said] = notes(seen(opened, Targets(), Axes()).tensors)
        assert "'m.experts.down_proj'" in said and "--axis NAME=1 says the other" in said
        assert notes(seen(opened, Targets(), Axes.parse(["re:.*=1"])).tensors) == ()
