"""A chain strip by strip, each through all operators, against the operators one after another on the whole tensor."""

import numpy as np
import pytest

from sqtheory.alphabet import operators
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.exceptions import NonFinite

APART = {
    "2:4 >> mxfp4": 32,
    "nm(3, 6, tail=short) >> int4:b4": 12,
    "mxfp4 >> nm(2, 4, ties=by_original)": 32,
    "top(0.5, per=row) >> hbfp8": 192,
    "2:4 >> int(4, per=row) >> int(3, block=7)": 96 * 7,
}
TOGETHER = (
    "2:4 >> nvfp4",
    "50% >> int4",
    "2:4 >> int(4, per=tensor)",
    "nm(2, 4, axis=0) >> int4",
    "threshold(1) >> int4",
)


def written(text: str) -> Operator:
    f = parse(text)
    assert isinstance(f, Operator)
    return f


def one_by_one(f: Operator, x: np.ndarray) -> np.ndarray:
    y = x
    for part in operators.parts_of(f):
        y = part.apply(y, x)
    return y


@pytest.mark.parametrize("text", [*APART, *TOGETHER])
def test_strips_give_the_image_of_the_whole(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f = written(text)
    assert f.own_run((4, 5, 96)) == APART.get(text)
    base = np.random.default_rng(17).normal(size=(4, 5, 96))
    for x in (base, base.astype(np.float32), base[::-1, :, ::2][:, ::2], np.asfortranarray(base)):
        expected = one_by_one(f, x)
        for limit in (50, 96 * 3):
            monkeypatch.setattr(operators, "STRIP", limit)
            assert f(x).tobytes() == expected.tobytes()
            out, given = np.empty(x.shape, x.dtype), x.copy()
            assert f(x, out=out) is out
            assert out.tobytes() == f(given, out=given).tobytes() == expected.tobytes()


def test_strips_are_taken_where_they_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators, "STRIP", 96)
    seen: list[int] = []
    whole = operators.Chain._whole
    monkeypatch.setattr(operators.Chain, "_whole", lambda f, out, x, o: seen.append(x.size) or whole(f, out, x, o))
    x = np.random.default_rng(18).normal(size=(4, 192))
    written("2:4 >> mxfp4")(x)
    assert seen == [96] * 8
    written("2:4 >> nvfp4")(x, out=np.empty_like(x))
    assert seen[8:] == [x.size]


def test_a_refusal_names_the_place_in_the_whole_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators, "STRIP", 32)
    x = np.ones((4, 64))
    x[3, 40] = np.nan
    with pytest.raises(NonFinite, match=r"nan at \(3, 40\), group \(3, 10\)"):
        written("2:4 >> int4:b32")(x)


def test_a_tensor_without_axis_or_entry_has_no_run() -> None:
    for shape in ((), (0,), (3, 0)):
        assert written("2:4 >> int4").own_run(shape) is None
        assert IDENTITY.own_run(shape) is None
    assert IDENTITY.own_run((3,)) == 1
