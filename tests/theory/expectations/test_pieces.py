"""Order gaps slab by slab: the same numbers as of the whole tensor, in memory and in a file."""

from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.partition import partition as cutting
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import TopSparsifier, nm
from sqtheory.alphabet.ties import RandomTies
from sqtheory.exceptions import NonFinite
from sqtheory.files.checkpoints import StoredTensor, open_checkpoint
from sqtheory.theory.expectations import Agreement, agreement
from sqtheory.theory.expectations.pieces import pieces

SPELLINGS = ("int4", "mxfp4", "nvfp4", "int(3, per=row)", "int(4, block=16, scaling=mse)", "int(4, block=8, axis=1)")
UNCUT = ("int(3, per=tensor)", "int(4, block=6, axis=0)", "cast(e2m1)")


def spelled(text: str) -> Quantizer:
    q = parse(text, {"rng": np.random.default_rng(0)})
    assert isinstance(q, Quantizer)
    return q


def weights(shape: tuple[int, ...]) -> np.ndarray:
    x = np.random.default_rng(5).standard_t(3, shape).astype(np.float32)
    x[0] *= 1000  # the scale of nvfp4's tensor is set by a slab that others do not see
    return x


def cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "SLAB", 128)


def assert_same(found: Agreement, expected: Agreement) -> None:
    """But for the rounding of sums."""
    assert (found.name, found.entries) == (expected.name, expected.entries)
    for name in ("predicted", "tied", "measured", "errors"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-12)


def mask(text: str) -> TopSparsifier:
    s = nm(1, 2, axis=int(text[-2])) if "axis=" in text else nm(2, 4)
    assert isinstance(s, TopSparsifier)
    return s


@pytest.mark.parametrize("shape", [(24, 64), (6, 4, 32)], ids=str)
@pytest.mark.parametrize("text", [*SPELLINGS, *UNCUT])
def test_slabs_give_the_numbers_of_the_whole(
    text: str, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, s = weights(shape), mask(text)
    expected = agreement("x", x, s, spelled(text), 2)
    cut(monkeypatch)
    assert_same(agreement("x", x, s, spelled(text), 2), expected)
    count = len(list(pieces(x, s, spelled(text))))
    assert (count == 1) == (text in UNCUT)


def test_slabs_with_short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x, q = weights((8, 72)), spelled("nvfp4")
    expected = agreement("x", x, nm(2, 4), q)
    cut(monkeypatch)
    assert_same(agreement("x", x, nm(2, 4), q), expected)


def test_a_scale_of_the_tensor_is_not_that_of_a_slab(monkeypatch: pytest.MonkeyPatch) -> None:
    """What slabs would give if each had a tensor scale of its own."""
    x, q, s = weights((24, 64)), spelled("nvfp4"), nm(2, 4)
    alone = sum(agreement("x", part, s, q).predicted for part in np.split(x, 12))
    cut(monkeypatch)
    assert agreement("x", x, s, q).predicted != pytest.approx(alone, rel=1e-6)


def test_ties_broken_at_random_are_drawn_for_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    x, q = weights((24, 64)), spelled("int4")
    expected = agreement("x", x, nm(2, 4, ties=RandomTies(np.random.default_rng(1))), q)
    cut(monkeypatch)
    assert agreement("x", x, nm(2, 4, ties=RandomTies(np.random.default_rng(1))), q) == expected


def test_a_stored_tensor_is_read_slab_by_slab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.numpy import save_file

    x = weights((24, 64))
    save_file({"w": x}, tmp_path / "w.safetensors")
    with open_checkpoint(tmp_path / "w.safetensors") as checkpoint:
        stored = StoredTensor(checkpoint, "w")
        for text in SPELLINGS[:3]:
            expected: Agreement = agreement("w", x, nm(2, 4), spelled(text))
            with monkeypatch.context() as patched:
                cut(patched)
                patched.setattr(StoredTensor, "whole", lambda _: pytest.fail("read whole"))
                assert_same(agreement("w", stored, nm(2, 4), spelled(text)), expected)
        assert agreement("w", stored, nm(2, 4), spelled(UNCUT[0])) == agreement("w", x, nm(2, 4), spelled(UNCUT[0]))


def test_what_is_refused_is_named_by_its_place_in_the_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    x = weights((24, 64))
    x[17, 3] = np.nan
    cut(monkeypatch)
    with pytest.raises(NonFinite, match=r"nan at \(17, 3\), group \(17, 0\)"):
        agreement("x", x, nm(2, 4), spelled("int4"))
