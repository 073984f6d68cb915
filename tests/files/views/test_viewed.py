from pathlib import Path

import numpy as np
import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import SafetensorsWriter, StoredTensor, declare, open_checkpoint, stored
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.view import View
from sqtheory.files.views.viewed import ViewedCheckpoint
from tests.files.views.checkpoints import save


def test_matrices_are_shown_in_the_place_of_tensors(tmp_path: Path) -> None:
    path = save(tmp_path)
    with open_checkpoint(path) as plain:
        whole = {info.name: plain.read(info.name) for info in plain.tensors}
        views = Axes().views(plain, plain.tensors)
        shown = ViewedCheckpoint(plain, views)
        assert [info.name for info in shown.tensors] == list(whole)
        for info in shown.tensors:
            x, view = whole[info.name], views.get(info.name)
            y = x if view is None else view.forward(x)
            assert info.shape == y.shape and np.array_equal(shown.read(info.name), y)
            assert info.stored == plain.info(info.name) and info.seen_as == (view and view.text(x.shape))
            assert np.array_equal(np.concatenate([s.reshape(-1) for s in shown.slabs(info.name)]), y.reshape(-1))
            assert b"".join(p.tobytes() for p in shown.stored(info.name)) == y.tobytes()
            assert shown.origin(info.name) == info.name
        assert shown.signature == plain.signature and shown.holds(path) and shown.views == views


def test_experts_are_tensors_of_their_own(tmp_path: Path) -> None:
    path = save(tmp_path)
    with open_checkpoint(path) as plain:
        experts = plain.read("m.experts.down_proj")
        shown = ViewedCheckpoint(plain, Axes().views(plain, plain.tensors), apart=True)
        names = [info.name for info in shown.tensors if info.name.startswith("m.experts.down_proj")]
        assert names == [f"m.experts.down_proj[{e}]" for e in range(4)]
        for e, name in enumerate(names):
            assert np.array_equal(shown.read(name), experts[e].T)
            assert shown.origin(name) == "m.experts.down_proj"
            assert shown.info(name).nbytes == experts[e].nbytes and shown.info(name).shape == (64, 48)
        shown.read(names[0])[...] = 0  # an array of the reader's own
        assert np.array_equal(shown.read(names[0]), experts[0].T)


def test_a_tensor_that_is_shown_as_a_matrix_is_not_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "LARGE", 16)
    path = save(tmp_path, {"a.weight": (2, 3, 4), "l.weight": (8, 4)})
    with open_checkpoint(path) as plain:
        shown = ViewedCheckpoint(plain, Axes.parse(["a.weight=1"]).views(plain, plain.tensors))
        assert StoredTensor.of(shown, "a.weight") is None and StoredTensor.of(shown, "l.weight") is not None


def test_a_tensor_that_is_called_like_an_expert_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, {"m.experts.down_proj": (4, 48, 64), "m.experts.down_proj[1]": (4, 4)})
    with open_checkpoint(path) as plain:
        views = Axes().views(plain, plain.tensors)
        assert ViewedCheckpoint(plain, views).info("m.experts.down_proj[1]").shape == (4, 4)
        with pytest.raises(CheckpointError, match=r"'m\.experts\.down_proj\[1\]': it is called like an expert"):
            ViewedCheckpoint(plain, views, apart=True)


@pytest.mark.parametrize("inputs", [1, 2])
def test_an_expert_is_read_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: int) -> None:
    path = save(tmp_path, {"m.experts.down_proj": (4, 48, 64)})
    with open_checkpoint(path) as plain:
        view = View.experts(inputs=inputs)
        matrices = view.forward(plain.read("m.experts.down_proj"))
        shown = ViewedCheckpoint(plain, {"m.experts.down_proj": view}, apart=True)
        monkeypatch.setattr(type(plain), "_read", None)
        for e in range(4):
            assert np.array_equal(shown.read(f"m.experts.down_proj[{e}]"), matrices[e])


def test_experts_of_half_a_byte_are_read_together(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with SafetensorsWriter(path, [declare("m.experts.down_proj", "F4", (2, 3, 5))], {}) as file:
        file.copy("m.experts.down_proj", iter([np.arange(15, dtype=np.uint8) * 17]))
    with open_checkpoint(path) as plain:
        x = plain.read("m.experts.down_proj")
        shown = ViewedCheckpoint(plain, {"m.experts.down_proj": View.experts(inputs=2)}, apart=True)
        assert plain.part("m.experts.down_proj", 1) is None
        assert np.array_equal(shown.read("m.experts.down_proj[1]"), x[1])
