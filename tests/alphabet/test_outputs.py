"""``out=``: the result of a new array wherever ``out`` lies, or a refusal of one line; every engine and operator."""

import mmap
import pickle
from collections.abc import Callable
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from sqtheory.alphabet import kernels, outputs
from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.outputs import apart, check_output
from sqtheory.alphabet.sparsifiers import Sparsifier, fixed
from sqtheory.orders.streaming import error_norm
from tests.nightly import thin

N = 16
SIDES = (N, N)
DATA = np.random.default_rng(51).normal(size=(2 * N, N))
DATA[::5] = np.round(DATA[::5])
GIVEN = np.random.default_rng(52).random(SIDES) < 0.5
OPERATORS = [
    *(
        "int4",
        "int(4, per=row)",
        "int(4, per=column)",
        "int(8, per=tensor)",
        "int(4, tile=(4, 4))",
        "int(4, per=channel)",
    ),
    *("int(4, scaling=fullrange)", "int(4, scaling=midpoint)", "int(4, scaling=halfrange)", "int(4, scaling=mse)"),
    *("int(4, scaling=percentile(90))", "int(4, scaling=frozen(0.25))", "int(4, rounding=stochastic(rng))"),
    *("hbfp6", "hbfp(4, compat=1e-8)", "mxfp8", "mxfp6", "mxfp4", "mxfp8_e5m2", "mxint8", "nvfp4", "nf4", "bcq3"),
    *("bcq(2, zero=true)", "scaled(e4m3, per=tensor)", "cast(bfloat16)", "cast(e4m3, saturate=false)"),
    *("2:4", "1:2", "4:8", "nm(2, 4, axis=0)", "nm(2, 4, ties=by_original)", "nm(2, 4, ties=high_index)", "50%"),
    *("nm(2, 4, ties=random(rng))", "nm(2, 4, ties=adversarial)", "nm(2, 4, score=gain(int4, 2))", "top(3, block=8)"),
    *(
        "top(0.5, per=row)",
        "top(0.5, score=random(rng))",
        "threshold(0.5)",
        "blockwise(0.5, tile=(4, 4))",
        "identity()",
    ),
    *("2:4 >> int4", "int4 >> 2:4", "mxfp4 >> nm(2, 4, ties=by_original) >> int8", "nvfp4 >> 50%", "50% >> nvfp4"),
]
ENGINES = pytest.mark.parametrize("name", kernels.ENGINES)
DTYPES = (np.float32, np.float64)


def operator(text: str) -> Operator:
    return fixed(GIVEN) if text == "fixed" else parse(text, {"rng": np.random.default_rng(53)} if "rng" in text else {})


def flat(dtype: type) -> np.ndarray:
    return DATA.astype(dtype).reshape(-1)


Pair = tuple[np.ndarray, np.ndarray]


def in_one_array(cut: Callable[[np.ndarray], Pair]) -> Callable[[type, Path], Pair]:
    return lambda dtype, folder: cut(flat(dtype))


def at(start: int) -> slice:
    return slice(start, start + N * N)


def mapped(dtype: type, folder: Path, shift: int) -> Pair:
    """Two maps of one file, the second so many entries later."""
    path, size = folder / "m.bin", np.dtype(dtype).itemsize
    flat(dtype).tofile(path)
    x = np.memmap(path, dtype, "r+", 0, SIDES)
    return x, np.memmap(path, dtype, "r+", shift * size, SIDES)


def mapped_without_numpy(dtype: type, folder: Path) -> Pair:
    path = folder / "b.bin"
    flat(dtype).tofile(path)
    with path.open("r+b") as file:
        maps = [mmap.mmap(file.fileno(), 0) for _ in range(2)]
    x, out = (np.frombuffer(one, dtype) for one in maps)
    return x[at(0)].reshape(SIDES), out[at(5)].reshape(SIDES)


def viewed_of_a_map(dtype: type, folder: Path) -> Pair:
    x, out = mapped(dtype, folder, 0)
    return np.asarray(x)[:, ::-1], np.asarray(out).T


OVERLAPS: dict[str, Callable[[type, Path], Pair]] = {
    "itself": in_one_array(lambda a: (b := a[at(0)].reshape(SIDES), b)),
    "another view of itself": in_one_array(lambda a: (a[at(0)].reshape(SIDES), a[at(0)].reshape(SIDES))),
    "one entry later": in_one_array(lambda a: (a[at(0)].reshape(SIDES), a[at(1)].reshape(SIDES))),
    "one entry earlier": in_one_array(lambda a: (a[at(1)].reshape(SIDES), a[at(0)].reshape(SIDES))),
    "a row later": in_one_array(lambda a: (a[at(0)].reshape(SIDES), a[at(N)].reshape(SIDES))),
    "a row earlier": in_one_array(lambda a: (a[at(N)].reshape(SIDES), a[at(0)].reshape(SIDES))),
    "transposed": in_one_array(lambda a: (b := a[at(0)].reshape(SIDES), b.T)),
    "from Fortran's order": in_one_array(lambda a: (a[at(0)].reshape(SIDES).T, a[at(0)].reshape(SIDES))),
    "upside down": in_one_array(lambda a: (b := a[at(0)].reshape(SIDES), b[::-1])),
    "back to front": in_one_array(lambda a: (b := a[at(0)].reshape(SIDES), b[:, ::-1])),
    "between": in_one_array(lambda a: (b := a.reshape(N, 2 * N), (b[:, ::2], b[:, 1::2]))[1]),
    "half of it": in_one_array(lambda a: (b := a.reshape(N, 2 * N), (b[:, :N], b[:, N // 2 : N // 2 + N]))[1]),
    "a map": lambda dtype, folder: mapped(dtype, folder, 0),
    "a map one entry later": lambda dtype, folder: mapped(dtype, folder, 1),
    "a map some rows later": lambda dtype, folder: mapped(dtype, folder, 3 * N),
    "a view of a map": viewed_of_a_map,
    "a map without numpy": mapped_without_numpy,
}


@thin(4)
@ENGINES
@pytest.mark.parametrize("overlap", OVERLAPS)
def test_the_result_is_that_of_a_new_array(overlap: str, name: str, tmp_path: Path) -> None:
    wrong = []
    for dtype in DTYPES:
        for text in [*OPERATORS, "fixed"]:
            x, out = OVERLAPS[overlap](dtype, tmp_path)
            f = operator(text)
            with engine(name):
                expected = pickle.loads(pickle.dumps(f))(x.copy())
                got = f(x, out=out)
            if got is not out or out.tobytes() != expected.tobytes():
                wrong.append(f"{text}, {np.dtype(dtype)}")
    assert wrong == []


@ENGINES
@pytest.mark.parametrize("overlap", OVERLAPS)
def test_so_is_what_an_error_is_taken_of(overlap: str, name: str, tmp_path: Path) -> None:
    for text in ("int4", "2:4", "2:4 >> int4", "nvfp4 >> 50%"):
        x, out = OVERLAPS[overlap](np.float32, tmp_path)
        with engine(name):
            expected, size = operator(text)(x.copy()), error_norm(operator(text), x.copy())
            assert error_norm(operator(text), x, out=out) == pytest.approx(size, rel=1e-12)
        assert out.tobytes() == expected.tobytes(), text


MASK_OVERLAPS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the first bytes": lambda b: b[: N * N].reshape(SIDES),
    "the last bytes": lambda b: b[-N * N :].reshape(SIDES),
    "a byte of every entry": lambda b: b[:: b.size // N**2].reshape(SIDES),
    "backwards": lambda b: b[N * N - 1 :: -1].reshape(SIDES),
}


@ENGINES
@pytest.mark.parametrize("overlap", MASK_OVERLAPS)
def test_a_mask_may_be_written_over_what_it_is_of(overlap: str, name: str) -> None:
    wrong = []
    for dtype in DTYPES:
        for text in [*(t for t in OPERATORS if isinstance(operator(t), Sparsifier)), "fixed"]:
            x = flat(dtype)[at(0)].reshape(SIDES).copy()
            origin = (x + x[::-1] / 4).astype(dtype)
            for whose in (x, origin):
                given, source = x.copy(), origin.copy()
                over = given if whose is x else source
                s, again = operator(text), operator(text)
                assert isinstance(s, Sparsifier) and isinstance(again, Sparsifier)
                out = MASK_OVERLAPS[overlap](over.reshape(-1).view(np.bool_))
                with engine(name):
                    expected = again.mask(x, origin)
                    assert s.mask(given, source, out=out) is out
                if not np.array_equal(out, expected):
                    wrong.append(f"{text}, {np.dtype(dtype)}")
    assert wrong == []


def test_shared_memory_of_two_names_is_one() -> None:
    block = SharedMemory(create=True, size=DATA.nbytes)
    again = SharedMemory(block.name)
    try:
        x = np.ndarray(SIDES, np.float64, block.buf)
        out = np.ndarray(SIDES, np.float64, again.buf, offset=8)
        x[...] = DATA[:N]
        expected = operator("int4 >> 2:4")(x.copy())
        assert not apart(out, x) and np.array_equal(operator("int4 >> 2:4")(x, out=out), expected)
        del x, out
    finally:
        again.close()
        block.close()
        block.unlink()


def read_only() -> np.ndarray:
    held = np.zeros(SIDES)
    held.flags.writeable = False
    return held


REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a list": (lambda: np.zeros(SIDES).tolist(), TypeError, "got list"),
    "nothing like an array": (lambda: 3, TypeError, "got int"),
    "a matrix": (lambda: np.zeros(SIDES).view(np.matrix), TypeError, "got matrix"),
    "a masked array": (lambda: np.ma.array(np.zeros(SIDES)), TypeError, "got MaskedArray"),
    "a hard mask": (lambda: np.ma.array(np.zeros(SIDES), mask=GIVEN, hard_mask=True), TypeError, "got MaskedArray"),
    "a record array": (lambda: np.zeros(SIDES).view(np.recarray), TypeError, "got recarray"),
    "read-only": (read_only, ValueError, "out is read-only"),
    "a map to read": (lambda: np.broadcast_to(np.zeros(N), SIDES), ValueError, "out is read-only"),
    "one row for all": (lambda: as_strided(np.zeros(N), SIDES, (0, 8)), ValueError, "entries that share memory"),
    "rows that overlap": (lambda: as_strided(np.zeros(2 * N), SIDES, (8, 8)), ValueError, "entries that share memory"),
    "entries that overlap": (lambda: as_strided(np.zeros(N * N), SIDES, (8 * N, 4)), ValueError, "share memory"),
    "another shape": (
        lambda: np.zeros((N, N + 1)),
        ValueError,
        r"out needs float64 \(16, 16\), got float64 \(16, 17\)",
    ),
    "another dtype": (lambda: np.zeros(SIDES, np.float32), ValueError, r"out needs float64 \(16, 16\), got float32"),
    "another byte order": (lambda: np.zeros(SIDES, ">f8"), ValueError, r"out needs float64 \(16, 16\), got >f8"),
}


@ENGINES
@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_hold_the_result_is_refused_in_one_line(kind: str, name: str) -> None:
    make, error, said = REFUSED[kind]
    x = DATA[:N].copy()
    for text in ("int4", "2:4", "50%", "2:4 >> int4", "identity()", "nvfp4"):
        f, out = operator(text), make()
        with engine(name), pytest.raises(error, match=said) as caught:
            f(x, out=out)
        assert "\n" not in str(caught.value)
        with engine(name), pytest.raises(error, match=said):
            error_norm(f, x, out=out)
    bools = {"another dtype", "another byte order", "another shape", "nothing like an array"}
    out = make()
    if kind not in bools and isinstance(out, np.ndarray):
        if kind in ("one row for all", "rows that overlap", "entries that overlap"):
            out = as_strided(np.zeros(2 * N * N, np.bool_), SIDES, (0, 1))
        elif kind in ("read-only", "a map to read"):
            out = np.broadcast_to(np.zeros(N, np.bool_), SIDES)
        else:
            out = out.astype(np.bool_)
        s = operator("2:4")
        assert isinstance(s, Sparsifier)
        with engine(name), pytest.raises(error, match=said):
            s.mask(x, out=out)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3, 2), (4,), (1, 5), (0, 3), ()])
def test_an_array_overlaps_itself_if_two_entries_meet(shape: tuple[int, ...]) -> None:
    """Against a list of all bytes, over random strides of both signs."""
    rng, held, met = np.random.default_rng(54), np.zeros(4096, np.uint8), 0
    for _ in range(400):
        strides = tuple(int(v) for v in rng.choice([-48, -24, -16, -8, -4, 0, 4, 8, 12, 16, 24, 40, 48], len(shape)))
        a = as_strided(held[2048:].view(np.float64), shape, strides)
        places = [sum(i * s for i, s in zip(at, strides, strict=True)) for at in np.ndindex(*shape)]
        bytes_ = [place + b for place in places for b in range(8)]
        expected = len(set(bytes_)) < len(bytes_)
        met += expected
        try:
            check_output(a, shape, np.float64)
            assert not expected, strides
        except ValueError:
            assert expected, strides
    assert (met > 0) == (len(places) > 1)


def test_a_result_goes_straight_to_memory_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No copy where nothing can overlap: arrays of numpy, and a map beside one."""
    x = DATA[:N].astype(np.float32)
    one = np.memmap(tmp_path / "m", np.float32, "w+", 0, SIDES)
    assert apart(np.empty_like(x), x) and apart(one, x) and apart(x, one) and apart(np.empty_like(x), x, one)
    assert not apart(x[1:], x[:-1]) and not apart(one, one) and not apart(one[1:], one[:-1])
    assert apart(np.asarray(one)[8:], np.asarray(one)[:8]), "of one map the addresses tell"
    monkeypatch.setattr(outputs, "apart", lambda out, *inputs: True)
    assert np.array_equal(operator("int4")(x, out=np.empty_like(x)), operator("int4")(x))
