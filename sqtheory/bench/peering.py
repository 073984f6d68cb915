"""Peers beside our own operators, on the same matrix, by turns."""

import time
from collections.abc import Iterator, Sequence

import numpy as np

from sqtheory.bench.cases import CASES
from sqtheory.bench.comparison import Line
from sqtheory.bench.measuring import matrix
from sqtheory.bench.peers import peers
from sqtheory.bench.turns import Clock, turns

PEERED = ("int8", "mxfp8", "mxfp6", "mxfp4", "nvfp4", "2:4")
"""The cases that other packages can do."""


def compare_peers(
    names: Sequence[str], size: int, rounds: int, clock: Clock = time.thread_time
) -> Iterator[str | Line]:
    """Every installed peer of these cases over our own operator under the present engine: steps and lines.

    A matrix of ``size`` standard normal float32 entries, rounded up to whole rows of 4096; times are those of one
    thread. What a line lacks says last which share of the entries differs from ours.
    """
    x = matrix(size if names else 1)
    for name in names:
        yield f"peers of {name}"
        for peer in peers(name, x):
            own = CASES[name].prepare(peer.matrix)
            ours, theirs = turns([own, peer.call], rounds, clock)
            differ = float(np.mean(np.asarray(peer.call()) != np.asarray(own())))
            ratio = min(theirs) / min(ours)
            lacks = f"{peer.lacks}; {100 * differ:.3g}% of the entries differ"
            value = min(theirs) / peer.matrix.size * 1e9
            yield Line(f"{name} by {peer.name}", value, "ns/entry", f"{name} here", ratio, None, lacks=lacks)
