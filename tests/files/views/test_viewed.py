from pathlib import Path

import numpy as np
import pytest

from sqtheory.files.checkpoints import StoredTensor, open_checkpoint, stored
from sqtheory.files.views.axes import Axes
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
