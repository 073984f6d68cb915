"""What a mask, a format and their partitions say about every tensor of a shape, before any tensor is seen."""

from dataclasses import dataclass
from math import prod
from typing import final

import numpy as np

from sqtheory.alphabet.formats import is_nearly_monotone
from sqtheory.alphabet.partition import Partition, Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Reach
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.ties import Sight
from sqtheory.alphabet.traits import KEEPS_ZERO, MONOTONE, Trait


@final
@dataclass(frozen=True)
class Ruling:
    """Whether a condition holds for every tensor of a shape, and why: ``closed`` means that it does."""

    closed: bool
    why: str


@final
@dataclass(frozen=True)
class Rulings:
    """What holds for every tensor of a shape under one pipeline."""

    mask: str
    format: str
    shape: Shape
    selection: Ruling
    """M: m(q(x)) = m(x) wherever q(x) is not 0."""
    scale: Ruling
    """Σ: σ_B(s(x)) = σ_B(x) for every block B with a survivor."""
    zero: Ruling
    """Z: q(s(x))_i = 0 for every pruned i."""
    one_scale: Ruling
    """Every group lies in one scale block, or all blocks have one scale."""
    one_block: Ruling
    """Every group lies in one scale block."""
    magnitude: Ruling
    """s keeps the entries of largest magnitude in every group."""
    monotone: Ruling
    """|x_i| ≤ |x_j| in one block implies |q(x)_i| ≤ |q(x)_j|."""
    deterministic: bool
    """q draws nothing."""
    keeps_all: bool
    """No tensor loses an entry."""
    groups: int
    """Mask groups."""
    short_groups: int
    """Mask groups shorter than a full one."""
    short_blocks: int
    """Scale blocks shorter than a full one."""
    prune_first_dominates: bool = False
    """Theorem ``prune_first_dominates`` applies for every p ≥ 1."""


EVERYTHING = Ruling(True, "every entry is kept")


def selection(s: Sparsifier, q: Quantizer, everything: bool, single: bool) -> Ruling:
    """m(q(x)) = m(x) wherever q(x) is not 0: quantization cannot change the mask.

    ``everything``: no tensor loses an entry; ``single``: every group has one scale, or all entries one map.
    """
    score = s.score
    by_original = s.ties.look_at is Sight.originals
    if score is None or s.ignores_values:
        return Ruling(True, "the mask does not look at values")
    if everything:
        return EVERYTHING
    if score.is_constant and by_original:
        return Ruling(True, "the score does not look at values and ties are broken by the original magnitude")
    if score.is_constant:
        why = f"the score does not look at values, but ties={s.ties} can choose otherwise on q(x) than on x"
        return Ruling(False, why)
    if not score.is_magnitude:
        return Ruling(False, f"the score {score.title} on q(x) need not rank like the score on x")
    if MONOTONE not in q.traits:
        return Ruling(False, "q does not keep the order of magnitudes, so masks on x and on q(x) can differ")
    if not s.fixed_budget:
        return Ruling(False, "rounding moves scores across the cut")
    if not single:
        why = "a group spans blocks of different scales, whose rounded values do not compare like the originals"
        return Ruling(False, why)
    if by_original:
        return Ruling(True, "q keeps the order of magnitudes and ties are broken by the original magnitude")
    return Ruling(False, "q keeps the order of magnitudes, so only ties of q(x) at the cut can change the mask")


def scale(s: Sparsifier, q: Quantizer, shape: Shape, everything: bool, splits: bool) -> Ruling:
    """σ_B(s(x)) = σ_B(x) for every block B with a survivor: masking cannot move a scale.

    ``everything``: no tensor loses an entry; ``splits``: some block can keep one entry and lose another.
    """
    scaling = q.scaling
    if scaling.looks_at is Reach.nothing:
        return Ruling(True, f"the scale is {scaling}")
    if everything:
        return EVERYTHING
    if not splits and scaling.looks_at is not Reach.tensor:
        return Ruling(True, "every scale block is kept or pruned whole")
    if s.units is not None:
        if splits:
            return Ruling(False, "a scale block extends beyond one pruned unit")
        return Ruling(False, "pruning a unit can remove the maximum of the tensor, which sets the upper scale")
    if not scaling.max_determined:
        return Ruling(False, f"{scaling} depends on more than the block maximum, which masking does not preserve")
    if s.score is None or not s.score.is_magnitude:
        why = "the mask does not rank by magnitude, so it can prune a block's maximum and keep smaller entries"
        return Ruling(False, why)
    if s.cut is not None:
        return Ruling(True, "a threshold on magnitudes prunes a block's maximum only with the whole block")
    if not s.fills_budget:
        return Ruling(False, "entries do not compete by magnitude alone, so a block's maximum can be pruned")
    if q.partition.overlaps(s.groups, shape).offender(s.budget) is not None:
        why = (
            "a group has at least as many entries outside a scale block that it meets as it keeps, "
            "so they can displace the block's maximum (theorem overlap)"
        )
        return Ruling(False, why)
    return Ruling(True, "magnitude masks keep the maximum of every surviving block (theorem overlap)")


def zero(q: Quantizer, everything: bool, splits: bool) -> Ruling:
    """q(s(x))_i = 0 for every pruned i: pruned entries come back as zero."""
    nonzero = f"{q.format} has no zero" if not q.format.has_zero else f"0 need be no level under {q.scaling}"
    if KEEPS_ZERO in q.traits:
        return Ruling(True, f"0 is a value of {q.format} and its own image")
    if everything:
        return EVERYTHING
    if q.scaling.zero_block_is_zero and not splits:
        why = f"{nonzero}, but every scale block is kept or pruned whole, and a zero block has image 0"
        return Ruling(True, why)
    return Ruling(False, f"{nonzero}, so pruned entries come back as other values")


def one_scale_per_group(q: Quantizer, shape: Shape, single: Ruling) -> Ruling:
    """All entries of a mask group share one scale, as where the group lies in a ``single`` block."""
    if q.scaling.looks_at is Reach.nothing:
        dense = q.placed(np.zeros(shape))
        if all(not one.size or bool(one.min() == one.max()) for one in dense):
            return Ruling(True, "all blocks have one scale")
    return single


def one_block_per_group(s: Sparsifier, q: Quantizer, shape: Shape) -> Ruling:
    """Every mask group lies in one scale block."""
    if s.groups.overlaps(q.partition, shape).nested:
        return Ruling(True, "every mask group lies in one scale block")
    return Ruling(False, "a mask group spans several scale blocks")


def by_magnitude(s: Sparsifier, spelled: str) -> Ruling:
    """s keeps the entries of largest magnitude in every group; ``spelled``: s in words."""
    if s.ranks and s.score is not None and s.score.is_magnitude and not s.fixed_budget:
        return Ruling(False, f"{spelled} keeps more or fewer entries of a group where magnitudes tie")
    keeps = "keeps" if s.by_magnitude else "does not keep"
    return Ruling(s.by_magnitude, f"{spelled} {keeps} the entries of largest magnitude in every group")


def having(q: Quantizer, trait: Trait, spelled: str) -> Ruling:
    """q has a trait; ``spelled``: q in words."""
    has = trait in q.traits
    return Ruling(has, f"{spelled} {'has' if has else 'lacks'} the trait {trait}: {trait.statement}")


def nearly_ordered(q: Quantizer, spelled: str) -> Ruling:
    """|q(x)_i| grows with |x_i|, but for x and −x of unlike images, of which the smaller is no further off.

    ``spelled``: q in words. In real arithmetic, up to the largest ratio x/σ where all blocks have the same.
    """
    if MONOTONE in q.traits:
        return having(q, MONOTONE, spelled)
    shares = [q.scaling.share(q.format, negative) for negative in (False, True)]
    reach = max((1 / share for share in shares if share), default=None) if all(shares) else None
    codes = q.scaling.exact_codes and not q.scaling.turns and not q.scaling.shifts
    holds = codes and q.saturate and is_nearly_monotone(q.format, q.rounding, reach)
    within = "" if reach is None else f" for |x| ≤ {reach} σ"
    if holds:
        why = "keeps the order of magnitudes but for x and −x, of whose images the smaller is no further off"
        return Ruling(True, f"{spelled} {why}{within}")
    return Ruling(False, f"{spelled} reverses the order of magnitudes, or rounds one of x and −x further")


def tied_rows(s: Sparsifier, q: Quantizer, shape: Shape) -> str | None:
    """What makes the rows of a tensor depend on each other; None if each is an instance of its own."""
    if prod(shape[:-1]) <= 1:
        return None
    if s.units is not None:
        return f"{s} ranks the units of all rows together"
    if s.fixed_budget and _spans_rows(s.groups, shape):
        return f"the groups of {s} extend over several rows"
    ranked_by = () if s.score is None else s.score.images
    for part in (q, *(f for f in ranked_by if isinstance(f, Quantizer))):
        if _spans_rows(part.partition, shape):
            return f"the scale blocks of {part} extend over several rows"
        if part.scaling.by_rows() != part.scaling:
            return f"the upper scale of {part} is that of all rows together"
    return None


def _spans_rows(boxes: Partition, shape: Shape) -> bool:
    return any(min(side, n) > 1 for side, n in zip(boxes.sides(shape)[:-1], shape[:-1], strict=True))
