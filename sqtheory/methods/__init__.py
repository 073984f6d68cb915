"""Work methods of compression: where each is from, what it must know, what it assigns, and when S→Q is right."""

from difflib import get_close_matches

from sqtheory.methods import (
    armor,
    bdwp,
    beyond_l1,
    blockpruner,
    cett,
    chess,
    codesign,
    cospadi,
    crate,
    cwd,
    darts,
    dass,
    dsl,
    dsnot,
    efficientnet,
    erk,
    gptq,
    hbfp,
    interplay,
    linear_attention,
    lost,
    mobilenet,
    moe,
    obc,
    obr,
    progressive,
    rewinding,
    rsparse,
    rsq,
    sap,
    sharq,
    shiftaddllm,
    shortgpt,
    slicegpt,
    slim,
    sparse_bitnet,
    sparsegpt,
    sparsejepa,
    sparseland,
    spt,
    srste,
    ste,
    teal,
    wanda,
    waterfill,
    wgsef,
    wina,
)
from sqtheory.methods.evidence import Evidence, Fails, Holds, OnWeight, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.methods.method import Built, Facts, Method, Variant
from sqtheory.methods.work import PrunedOperand, Work

__all__ = [
    "ALL",
    "Built",
    "Evidence",
    "Facts",
    "Fails",
    "Holds",
    "Idea",
    "Method",
    "OnWeight",
    "OrderVerdict",
    "PrunedOperand",
    "Runs",
    "Variant",
    "Work",
    "find",
]

ALL: tuple[Work, ...] = (
    interplay.METHOD,
    wanda.METHOD,
    hbfp.METHOD,
    wina.METHOD,
    teal.METHOD,
    chess.METHOD,
    rsparse.METHOD,
    cett.METHOD,
    obc.METHOD,
    gptq.METHOD,
    sparsegpt.METHOD,
    obr.METHOD,
    slim.METHOD,
    rsq.METHOD,
    slicegpt.METHOD,
    sap.METHOD,
    dsnot.METHOD,
    armor.METHOD,
    shiftaddllm.METHOD,
    srste.METHOD,
    erk.METHOD,
    waterfill.METHOD,
    sharq.METHOD,
    sparse_bitnet.METHOD,
    progressive.METHOD,
    rewinding.METHOD,
    dsl.METHOD,
    ste.METHOD,
    spt.METHOD,
    linear_attention.METHOD,
    moe.METHOD,
    shortgpt.METHOD,
    blockpruner.METHOD,
    cwd.METHOD,
    sparseland.METHOD,
    codesign.METHOD,
    sparsejepa.METHOD,
    dass.METHOD,
    darts.METHOD,
    mobilenet.METHOD,
    efficientnet.METHOD,
    wgsef.METHOD,
    beyond_l1.METHOD,
    cospadi.METHOD,
    crate.METHOD,
    lost.METHOD,
    bdwp.METHOD,
)
"""Every method; a new one is its file and a line here."""


def find(name: str) -> Work:
    """The method of this name, or METHOD:VARIANT. Raises ValueError naming the closest."""
    known = {method.name: method for method in ALL}
    own, _, variant = name.partition(":")
    if own in known:
        return known[own].variant(variant) if variant else known[own]
    close = get_close_matches(own.lower(), known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    raise ValueError(f"there is no method {name!r}: {hint}")
