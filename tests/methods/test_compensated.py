"""GPTQ, SparseGPT and OBC as methods: what they build of moments, and what each variant does otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from sqtheory.alphabet.compensation.column_grid import ScalesOf
from sqtheory.alphabet.compensation.rounding import ColumnOrder, Zeros
from sqtheory.alphabet.procedures import Procedure
from sqtheory.alphabet.procedures.error_feedback import ErrorFeedback
from sqtheory.alphabet.procedures.greedy_removal import GreedyRemoval
from sqtheory.alphabet.procedures.pruning_feedback import PruningFeedback
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import FixedArray
from sqtheory.methods import Facts, OrderVerdict, find
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ProcedureImages
from tests.alphabet.compensation.twins import layer

W, H = layer(6, 16)
M, S, Q = FixedArray(H), nm(2, 4), int_(4, block=8)
KNOWN = Facts("w", {Statistic.moments: H}, {})
SWEEP, PASS, GREEDY = ErrorFeedback(M), PruningFeedback(M), GreedyRemoval(M)
BUILT: dict[str, Procedure] = {
    "gptq": SWEEP,
    "gptq:act_order": replace(SWEEP, order=ColumnOrder.power),
    "gptq:frozen": replace(SWEEP, scales=ScalesOf.dense),
    "gptq:running": replace(SWEEP, scales=ScalesOf.running),
    "gptq:spared": replace(SWEEP, zeros=Zeros.spared),
    "gptq:refilled": replace(SWEEP, zeros=Zeros.refilled),
    "sparsegpt": PASS,
    "sparsegpt:frozen": replace(PASS, scales=ScalesOf.dense),
    "sparsegpt:inclusive": replace(PASS, inclusive=True),
    "obc": GREEDY,
    "obc:frozen": replace(GREEDY, scales=ScalesOf.dense),
}


@pytest.mark.parametrize("name", BUILT)
def test_a_method_builds_its_procedure_of_the_moments(name: str) -> None:
    assert find(name).build(S, Q, KNOWN) == Pair(S, Q, BUILT[name])


def test_every_variant_is_tried_here() -> None:
    methods = [find(name) for name in ("gptq", "sparsegpt", "obc")]
    assert {*BUILT} == {m.name for m in methods} | {name for m in methods for name in m.spelled_variants}


@pytest.mark.parametrize("name", ["gptq", "sparsegpt", "obc"])
def test_neither_order_is_always_right(name: str) -> None:
    method = find(name)
    assert method.verdict is OrderVerdict.depends
    assert {one.favours for one in method.evidence} >= {OrderVerdict.holds, OrderVerdict.fails}


def test_on_average_the_more_is_answered_the_less_is_lost() -> None:
    """Summed over layers: entry by entry, GPTQ after a mask, SparseGPT, OBC, each less than the one before, S→Q."""
    totals = np.zeros(4)
    for seed in range(8):
        w, h = layer(6, 16, seed + 90)
        known = Facts("w", {Statistic.moments: h}, {})
        pairs = [Pair(S, int_(4)), *(find(name).build(S, int_(4), known) for name in ("gptq", "sparsegpt", "obc"))]
        totals += [ProcedureImages.of(w, pair).output_errors(h).sq for pair in pairs]
    assert totals[3] < 0.9 * totals[2] < 0.8 * totals[0] and totals[2] < 0.9 * totals[1]
