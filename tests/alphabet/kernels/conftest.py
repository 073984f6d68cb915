"""Every test here runs with the tiles of the package and with tiny ones, by numpy and compiled."""

from collections.abc import Iterator

import pytest

from sqtheory.alphabet.kernels import engine, scratch


@pytest.fixture(params=["numpy", "numba"])
def loops(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine that is used."""
    with engine(request.param):
        yield request.param


@pytest.fixture(params=[None, 500], ids=["whole", "tiny tiles"])
def tile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of a tile: as they are, or so few that every tensor is cut."""
    if request.param is not None:
        monkeypatch.setattr(scratch, "TILE", request.param)
