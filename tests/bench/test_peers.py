"""Peers: the same images, what is not installed by name, and what torch does not compile as it is."""

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import mxfp
from sqtheory.arrays import Array
from sqtheory.bench import Bench, BuildComparison, Line
from sqtheory.bench.peering import PEERED, compare_peers
from sqtheory.bench.peers import PACKAGES, Peer, absent, first, listing, peers
from sqtheory.bench.peers.compiled import compiled
from sqtheory.bench.peers.scaled_cast import ELEMENTS

X = np.random.default_rng(0).standard_normal((4, 64), np.float32)


def test_casts_give_the_same_images() -> None:
    for name, element in ELEMENTS.items():
        found = [peer for package in ("ml_dtypes", "gfloat") for peer in PACKAGES[package](name, X)]
        assert [peer.name.split()[0] for peer in found] == ["ml_dtypes", "gfloat"]
        assert all(np.array_equal(peer.call(), mxfp(element)(X)) for peer in found)
        assert all("scales" in peer.lacks for peer in found)
    assert not [peer for package in ("ml_dtypes", "gfloat") for peer in PACKAGES[package]("2:4", X)]


def test_what_takes_long_is_timed_on_the_first_rows() -> None:
    x = np.ones((600, 4096), np.float32)
    (peer,) = PACKAGES["ml_dtypes"]("mxfp8", x)
    assert peer.matrix.shape == (256, 4096) and first(X) is not X and first(X).shape == X.shape
    assert first(np.ones((2, 1 << 21), np.float32)).shape == (1, 1 << 21)


def test_a_package_that_is_missing_is_named_and_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "find_spec", lambda name: None if name in ("torchao", "gfloat") else object())
    asked: list[str] = []

    def ways(package: str) -> Callable[[str, Array], Iterator[Peer]]:
        def give(case: str, x: Array) -> Iterator[Peer]:
            asked.append(package)
            yield Peer(f"{package} 1", lambda: x, x, "a rule for ties")

        return give

    monkeypatch.setattr(listing, "PACKAGES", {name: ways(name) for name in PACKAGES})
    assert absent() == ("gfloat", "torchao")
    assert [peer.name for peer in peers("2:4", X)] == ["ml_dtypes 1", "compressed_tensors 1"]
    assert asked == ["ml_dtypes", "compressed_tensors"]
    *_, found = Bench(size=1, rounds=1, only=("peers of 2:4",)).steps()
    assert isinstance(found, BuildComparison) and found.absent == ("gfloat", "torchao")
    assert "not installed, so not compared: gfloat, torchao (extra peers)" in found.table().title
    assert [line.name for line in found.lines] == ["2:4 by ml_dtypes 1", "2:4 by compressed_tensors 1"]
    assert "lacks: a rule for ties; " in found.markdown()


class Clock:
    """Goes on by what is spent."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def spend(self, seconds: float, result: Array) -> Array:
        self.now += seconds
        return result


def test_a_line_is_the_least_of_the_peer_over_the_least_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, costs = Clock(), iter((1.0, 9.0, 7.0, 0.0))
    image = np.ones((1, 4096), np.float32)
    other = np.where(np.arange(4096) < 1024, 2, image).astype(np.float32)
    peer = Peer("p 1", lambda: clock.spend(next(costs), other), image, "nothing")
    monkeypatch.setattr("sqtheory.bench.peering.peers", lambda case, x: [peer])
    ours = SimpleNamespace(prepare=lambda x: lambda: clock.spend(2.0, image))
    monkeypatch.setattr("sqtheory.bench.peering.CASES", {"k": ours})
    step, line = compare_peers(["k"], 4096, 2, clock)
    assert step == "peers of k" and isinstance(line, Line)
    assert (line.name, line.against, line.ratio) == ("k by p 1", "k here", 3.5)
    assert line.value == pytest.approx(7 / 4096 * 1e9) and line.unit == "ns/entry" and line.held is None
    assert line.lacks == "nothing; 25% of the entries differ"
    assert list(compare_peers([], 1 << 40, 1)) == [], "no matrix for nothing"


class Tensor:
    """As much of a tensor as is asked of one."""

    def __init__(self, values: Array) -> None:
        self.values = values

    def numpy(self) -> Array:
        return self.values


def fake_torch(compile_: Callable[..., Any]) -> ModuleType:
    torch = ModuleType("torch")
    vars(torch).update(
        __version__="9.9",
        threads=[],
        compile=compile_,
        from_numpy=Tensor,
        inference_mode=nullcontext,
    )
    torch.__dict__["set_num_threads"] = torch.__dict__["threads"].append
    return torch


def test_a_function_runs_compiled_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def compile_(function: Callable[[Tensor], Tensor], dynamic: bool) -> Callable[[Tensor], Tensor]:
        asked.append(dynamic)
        return lambda x: Tensor(function(x).values + 1)

    torch = fake_torch(compile_)
    monkeypatch.setitem(sys.modules, "torch", torch)
    peer = compiled("p 1", lambda x: Tensor(x.values * 2), X, "nothing")
    assert peer.name == "p 1, compiled" and np.array_equal(peer.call(), X * 2 + 1)
    assert vars(torch)["threads"] == [1] and asked == [False] and peer.matrix is X


def test_what_torch_does_not_compile_runs_as_it_is_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_(function: object, dynamic: bool) -> Callable[[Tensor], Tensor]:
        def fail(x: Tensor) -> Tensor:
            raise KeyError("float8_e8m0fnu")

        return fail

    monkeypatch.setitem(sys.modules, "torch", fake_torch(compile_))
    peer = compiled("p 1", lambda x: Tensor(x.values * 2), X, "nothing")
    assert peer.name == "p 1, eager: torch.compile of 9.9 fails, KeyError" and np.array_equal(peer.call(), X * 2)


def test_cases_of_peers_are_cases() -> None:
    from sqtheory.bench import CASES

    assert set(PEERED) <= set(CASES) and set(ELEMENTS) <= set(PEERED)
