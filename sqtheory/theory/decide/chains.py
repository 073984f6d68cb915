"""Is a claim about the places of a mask in a chain true for every tensor? Proved, refuted with a witness, or open."""

import math
from difflib import get_close_matches

from numpy.random import Generator

from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Shape
from sqtheory.orders.letters import Letters
from sqtheory.theory.decide.answers import Decision, Effort, Spent, Verdict
from sqtheory.theory.decide.chain_answers import ChainDecision
from sqtheory.theory.decide.chain_search import ChainSearch
from sqtheory.theory.decide.shapes import default_shape
from sqtheory.theory.render import claim_text
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL

OF_CHAINS = {t.slug: t for t in ALL if t.domain is not None and t.domain.then is not None}
"""The theorems that speak of the places of a mask in a chain."""
ALSO_CALLED = {"sq_never_worse": "first_is_best"}
SOON = Effort(seconds=3.0)


def decide_chain(
    claim: str,
    chain: Operator | str,
    *,
    p: float | None = None,
    shape: Shape | None = None,
    rng: Generator,
    effort: Effort = SOON,
) -> ChainDecision:
    """∀x: claim(x), for every tensor x of a shape under a chain of quantizers and one mask, wherever that stands.

    ``claim`` is a theorem of ``OF_CHAINS``, or ``sq_never_worse``: the mask is nowhere better than before all
    quantizers. Raises ValueError for another claim and for chains of several masks, and as ``Letters``.

    >>> import numpy as np
    >>> decide_chain("sq_never_worse", "int8 >> 2:4 >> mxfp4", rng=np.random.default_rng(0)).theorem
    'first_is_best'
    """
    letters = Letters.of(chain)
    if len(letters.masks) > 1:
        raise ValueError(f"a claim about chains is one about a single mask among quantizers, and {letters} has several")
    theorem, p = theorem_of(claim), 2.0 if p is None else check_norm(p)
    if not theorem.claims_for(p):
        raise ValueError(theorem.silence(p))
    where = common_shape(letters) if shape is None else shape
    if not where or min(where) < 1:
        raise ValueError(f"a claim is decided for tensors that have entries, got shape {where}")
    hunt = ChainSearch(theorem, letters, p, where, rng, effort)
    ruled = tuple(hunt.discharged(a) for a in theorem.given)
    said = f"{theorem.title}: {'; '.join(map(claim_text, theorem.claims_for(p)))}"
    pipeline = f"{letters}, p = {spell_norm(p)}"
    proved = all(d.closed for d in ruled)
    witness = None if proved else hunt.witness()
    verdict: Verdict = "proved" if proved else "open" if witness is None else "refuted"
    notes = () if verdict == "refuted" else tuple(hunt.notes)
    spent = Spent(hunt.tried, hunt.seconds if hunt.tried else 0.0, hunt.best, notes)
    by, chance = theorem.slug if proved else None, hunt.chance
    return ChainDecision(Decision(verdict, claim, said, pipeline, where, by, ruled, None, spent, chance), witness)


def theorem_of(claim: str) -> Theorem:
    """The theorem of a claim about chains. Raises ValueError naming the closest."""
    named = ALSO_CALLED.get(claim, claim)
    if named in OF_CHAINS:
        return OF_CHAINS[named]
    known = [*OF_CHAINS, *ALSO_CALLED]
    close = get_close_matches(claim, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    raise ValueError(f"there is no claim {claim!r} about chains: {hint}")


def common_shape(letters: Letters) -> Shape:
    """The smallest tensors with two mask groups and two blocks of each quantizer on every axis that they name."""
    shapes = [default_shape(letters.masks[0], q) for q in letters.quantizers]
    axes = max(map(len, shapes))
    padded = [(*(1,) * (axes - len(shape)), *shape) for shape in shapes]
    return tuple(math.lcm(*sides) for sides in zip(*padded, strict=True))
