"""What to do with a pickle is what works for that very file: told from its operations, of which none is carried out."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.checkpoints.pickle_operations import pickle_said, pickled
from sqtheory.files.checkpoints.pickles import PICKLE, PYTHON
from tests.files.checkpoints.handmade import refusal

FOLDER = Path(__file__).parent / "reference"
SAFE, FREE = (f"torch.load(FILE, 'cpu', weights_only={safe})" for safe in (True, False))
SAID = {
    "state.pt": ("a PyTorch pickle,", f"in {SAFE}.items()"),
    "legacy.pt": ("a PyTorch pickle,", f"in {SAFE}.items()"),
    "training.pt": ("a PyTorch pickle,", f"in {SAFE}['model'].items()"),
    "fairseq.pt": ("a PyTorch pickle,", f"in {FREE}['model'].items()"),
    "yolo.pt": ("a PyTorch pickle of a whole module,", f"in {FREE}['model'].state_dict().items()"),
    "module.pt": ("a PyTorch pickle of a whole module,", f"in {FREE}.state_dict().items()"),
    "module_legacy.pt": ("a PyTorch pickle of a whole module,", f"in {FREE}.state_dict().items()"),
    "list.pt": ("a PyTorch pickle of a list,", f"in {{str(i): t for i, t in enumerate({SAFE})}}.items()"),
    "tensor.pt": ("a PyTorch pickle of one tensor,", f"in {{'tensor': {SAFE}}}.items()"),
    "tensors.pkl": ("a PyTorch pickle,", "in pickle.load(open(FILE, 'rb')).items()"),
    "exported.pt2": ("a program that torch.export wrote,", "in torch.export.load(FILE).state_dict.items()"),
}


@pytest.mark.parametrize("name", SAID)
def test_the_instruction_is_for_this_file(name: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(FOLDER / name)
    kind, source = SAID[name]
    assert f"{name}: {kind} which can run code" in str(caught.value) and source in str(caught.value)
    assert "t.contiguous().clone()" in str(caught.value)


def test_a_pickle_that_pytorch_did_not_write_goes_through_numpy(tmp_path: Path) -> None:
    for protocol in (2, 3, 4, 5):
        (tmp_path / "w.pkl").write_bytes(pickle.dumps({"w": np.zeros(3)}, protocol))
        assert PYTHON in refusal(tmp_path / "w.pkl")


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("ran",)


def test_nothing_of_a_pickle_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as packed:
        packed.writestr("m/data.pkl", pickle.dumps({"state_dict": Trap()}, 2))
    (tmp_path / "w.pkl").write_bytes(pickle.dumps(Trap(), 2))
    for name in ("w.pt", "w.pkl"):
        assert "which can run code" in refusal(tmp_path / name)
    assert capsys.readouterr().out == ""


@given(st.binary(max_size=80), st.integers(2, 5))
def test_any_bytes_are_told_of(tail: bytes, protocol: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("m/data.pkl", bytes([0x80, protocol]) + tail)
    with zipfile.ZipFile(packed) as archive:
        said = pickled(archive)
    assert said is not None and "which can run code" in said and said.isprintable()


def test_a_pickle_that_is_cut_off_is_one_still(tmp_path: Path) -> None:
    whole = (FOLDER / "legacy.pt").read_bytes()
    for length in (2, 15, 30, 100, 300):
        (tmp_path / "w.pt").write_bytes(whole[:length])
        assert pickle_said(tmp_path / "w.pt") == PICKLE
