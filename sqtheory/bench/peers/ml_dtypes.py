"""The casts of ml_dtypes."""

from collections.abc import Iterator

from sqtheory.alphabet.formats import E2M1, E2M3, E4M3
from sqtheory.arrays import Array
from sqtheory.bench.peers.peer import Peer, first
from sqtheory.bench.peers.scaled_cast import ELEMENTS, LACKS, prepared


def peers(case: str, x: Array) -> Iterator[Peer]:
    """The cast, if the case is one."""
    import ml_dtypes

    if case not in ELEMENTS:
        return
    element = ELEMENTS[case]
    kind = {E4M3: ml_dtypes.float8_e4m3fn, E2M3: ml_dtypes.float6_e2m3fn, E2M1: ml_dtypes.float4_e2m1fn}[element]
    call = prepared(element, lambda v: v.astype(kind), first(x))
    yield Peer(f"ml_dtypes {ml_dtypes.__version__}", call, first(x), LACKS)
