"""What runs by day: of thinned cases a share, the same one each day, and none that is for the night alone."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from threadpoolctl import threadpool_info

from tests import conftest
from tests.nightly import nightly, thin

SHARES = [(1, 12), (5, 3), (12, 1), (100, 1)]
"""One of so many, of twelve cases, and how many are left."""


@dataclass(frozen=True, eq=False)
class Item:
    """A case as pytest collects it."""

    nodeid: str
    marks: tuple[pytest.MarkDecorator, ...] = ()

    def iter_markers(self, name: str) -> Iterator[pytest.Mark]:
        return (each.mark for each in self.marks if each.name == name)

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return next(self.iter_markers(name), None)


def left(monkeypatch: pytest.MonkeyPatch, items: list[Item], *, night: bool = False) -> list[Item]:
    monkeypatch.setattr(conftest, "NIGHTLY", night)
    kept: list[Any] = [*items]
    gone: list[Item] = []
    config: Any = SimpleNamespace(hook=SimpleNamespace(pytest_deselected=lambda items: gone.extend(items)))
    conftest.pytest_collection_modifyitems(config, kept)
    assert {*kept} | {*gone} == {*items} and len(kept) + len(gone) == len(items)
    return kept


@pytest.mark.parametrize(("share", "count"), SHARES)
def test_a_share_by_day_and_all_every_night(share: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, cases = [Item("a::b")], [Item(f"a::c[{i}]", (thin(share),)) for i in range(12)]
    found = left(monkeypatch, whole + cases)
    assert found[0] == whole[0] and len(found) == 1 + count and found == left(monkeypatch, whole + cases)
    assert left(monkeypatch, whole + cases, night=True) == whole + cases


def test_what_is_for_the_night_alone_stands_for_nothing_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [Item(f"a::c[{i}]", (thin(12), *[nightly] * (i > 0))) for i in range(12)]
    assert cases[0] in left(monkeypatch, cases)


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process may use every core")
def test_a_worker_multiplies_in_one_thread() -> None:
    import numpy  # noqa: F401

    asked = int(os.environ["OPENBLAS_NUM_THREADS"])
    assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} <= {asked}
