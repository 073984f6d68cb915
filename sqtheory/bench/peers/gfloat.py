"""The rounding of gfloat."""

from collections.abc import Iterator

from sqtheory.alphabet.formats import E2M1, E2M3, E4M3
from sqtheory.arrays import Array
from sqtheory.bench.peers.peer import Peer, first
from sqtheory.bench.peers.scaled_cast import ELEMENTS, LACKS, prepared


def peers(case: str, x: Array) -> Iterator[Peer]:
    """The rounding of arrays, if the case is one under a shared power of two."""
    import gfloat
    from gfloat import formats

    if case not in ELEMENTS:
        return
    element = ELEMENTS[case]
    info = {
        E4M3: formats.format_info_ocp_e4m3,
        E2M3: formats.format_info_ocp_e2m3,
        E2M1: formats.format_info_ocp_e2m1,
    }[element]
    call = prepared(element, lambda v: gfloat.round_ndarray(info, v, sat=True), first(x))
    yield Peer("gfloat", call, first(x), LACKS)
