"""What fails on a tensor, in a sentence with its numbers."""

import math
from decimal import localcontext

from sqtheory.alphabet.norms import spell_norm
from sqtheory.theory.claims import Quantity
from sqtheory.theory.decide.numbers import DIGITS, Radical, say, say_apart
from sqtheory.theory.decide.rational import RationalRow
from sqtheory.theory.measured import readings
from sqtheory.theory.quantities import POWER_Q, POWER_S, POWER_SQ


def values(o: RationalRow, where: tuple[Quantity, ...]) -> str:
    """The quantities of the claims."""
    with localcontext(prec=DIGITS):
        found = {q.name: read(o) for q, read in readings(*where).items()}
        said = (f"{name} = {say(v.value() if isinstance(v, Radical) else v)}" for name, v in found.items())
        return f"{', '.join(said)}, against the claim"


def worse(o: RationalRow) -> str:
    """Pruning first is the worse order."""
    first, last = say_apart(*(o.power(o.minus(o.x, image)) for image in (o.sq, o.qs)))
    return f"{_measure('x − q(s(x))', o.p)} = {first} > {last} = {_measure('x − s(q(x))', o.p)}"


def more(o: RationalRow) -> str:
    """The error of S→Q is more than the sum of both."""
    named = {"x − q(s(x))": POWER_SQ, "x − s(x)": POWER_S, "x − q(x)": POWER_Q}
    sizes = zip(named, readings(*named.values()).values(), strict=True)
    said = ", ".join(f"{_measure(name, o.p)} = {say(read(o))}" for name, read in sizes)
    powers = o.p <= 1 or o.p == math.inf
    return f"{said}: more than the sum" if powers else f"{said}; the first root exceeds the sum of the others"


def apart(o: RationalRow) -> str:
    """The first entry in which the orders differ."""
    return next(
        f"entry {i}: q(s(x)) = {say(a)}, s(q(x)) = {say(b)}"
        for i, (a, b) in enumerate(zip(o.sq, o.qs, strict=True))
        if a != b
    )


def shifted(o: RationalRow) -> str:
    """The first survivor whose scale moves."""
    return next(
        f"entry {i} survives; the scale of its block was {say(old)} and becomes {say(new)}"
        for i, (alive, old, new) in enumerate(zip(o.survivors, o.scale, o.moved, strict=True))
        if alive and old != new
    )


def returned(o: RationalRow) -> str:
    """The first pruned entry that comes back."""
    return next(
        f"entry {i} is pruned and comes back as {say(value)}"
        for i, (kept, value) in enumerate(zip(o.m, o.sq, strict=True))
        if not kept and value
    )


def _measure(name: str, p: float) -> str:
    """The p-th power of a norm (or the norm, for p = 1 and ∞) as a reader writes it."""
    index = "∞" if p == math.inf else spell_norm(p)
    return f"‖{name}‖_{index}" + ("" if p in (1, math.inf) else f"^{index}")
