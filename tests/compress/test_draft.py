from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sqtheory import compress, parse
from sqtheory.api.apply import apply
from sqtheory.compress import Packing, compressing
from sqtheory.files.packing import Packed, pack_image
from tests.compress.material import SQ, applied, one_file, verified


def packed(seed: int, spelling: str = "2:4 >> nvfp4") -> Packed:
    x = np.random.default_rng(seed).normal(size=(16, 32)).astype(np.float32)
    return pack_image(x, parse(spelling))


def test_what_was_kept_comes_back_and_nothing_is_left(tmp_path: Path) -> None:
    given = {f"w{i}": packed(i, ("2:4 >> nvfp4", "50% >> nf4", "int3:b4")[i % 3]) for i in range(12)}
    with compress.Draft(tmp_path / "out") as draft, ThreadPoolExecutor(4) as pool:
        list(pool.map(draft.keep, given, given.values()))
        for name, one in given.items():
            found = draft.packed(name)
            assert found is not None and found.schema == one.schema
            assert {part: a.tobytes() for part, a in found.arrays.items()} == {
                part: a.tobytes() for part, a in one.arrays.items()
            }
        assert draft.packed("another") is None
    assert list(tmp_path.iterdir()) == []


def test_codes_are_made_once_and_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = one_file(tmp_path / "in.safetensors")
    again = applied(source, tmp_path / "again.safetensors", SQ, packing=Packing())
    calls, sound = [], compressing.codes_of
    monkeypatch.setattr(compressing, "codes_of", lambda *given: calls.append(given[2]) or sound(*given))
    out = tmp_path / "out.safetensors"
    made = apply(source, out, "2:4", "mxfp4", pack=True)
    assert calls == [one.name for one in made.report.tensors]
    assert made.report.tensors == again.tensors
    assert verified(out).failures == () and verified(out, source).failures == ()
