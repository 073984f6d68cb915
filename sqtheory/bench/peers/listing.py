"""Which peers there are for a case, and which packages would bring more."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec

from sqtheory.arrays import Array
from sqtheory.bench.peers import compressed_tensors, gfloat, ml_dtypes, torchao
from sqtheory.bench.peers.peer import Peer

PACKAGES: dict[str, Callable[[str, Array], Iterator[Peer]]] = {
    "ml_dtypes": ml_dtypes.peers,
    "gfloat": gfloat.peers,
    "torchao": torchao.peers,
    "compressed_tensors": compressed_tensors.peers,
}
"""Every package with what gives its ways to do a case on a matrix."""


def absent() -> tuple[str, ...]:
    """The packages that are not installed."""
    return tuple(name for name in PACKAGES if find_spec(name) is None)


def peers(case: str, x: Array) -> Iterator[Peer]:
    """Every way of an installed package to do this case on x."""
    missing = absent()
    for name, ways in PACKAGES.items():
        if name not in missing:
            yield from ways(case, x)
