"""Where the rankings of one long group are cut: a sample says about where, one sweep counts exactly."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.kernels.brackets import DEVIATIONS, WIDER, Bracket, Place, Scores
from sqtheory.alphabet.kernels.cuts import Cuts
from sqtheory.arrays import Array
from sqtheory.orders.cut_tiles import RANKINGS, SIZES, TILE, Blocked, CutTile, Ranked
from sqtheory.orders.shared import Shared
from sqtheory.orders.sweeps import Sweeps

SAMPLE = 1 << 17
"""About so many entries of a group are sorted."""
Survey: TypeAlias = Callable[[CutTile, dict[int, Bracket]], None]
"""Count in a tile what lies in the bracket of each ranking that is asked for."""


@final
@dataclass(frozen=True, eq=False)
class Sought:
    """The k-th largest of so many scores of a group, by a sample of them."""

    k: int
    size: int
    sample: Scores


@final
@dataclass
class SizesCut:
    """Where a mask cuts magnitudes, which the first of the pairs that have it finds for all of them."""

    sought: bool = False
    place: Place | None = None


def cuts_of(blocked: Blocked, sizes: SizesCut) -> Sweeps[Ranked | None]:
    """Where each ranking is cut; None where an entry is NaN or infinite."""
    sample = yield from _sample(blocked)
    if sample is None:
        return None
    k, mine = blocked.groups.keep, not sizes.sought
    sizes.sought = True
    rankings = RANKINGS if mine else [i for i in RANKINGS if i != SIZES]
    found = yield from _places(blocked, {i: Sought(k, blocked.size, sample[i]) for i in rankings}, CutTile.survey)
    if found is None:
        return None
    if mine:
        sizes.place = found[SIZES]
    while sizes.place is None:
        while (yield) is not None:
            pass
    found[SIZES] = sizes.place
    among = {
        i: Sought(k - cut.above, cut.ties, sample[SIZES][sample[i] == cut.score])
        for i, cut in found.items()
        if not blocked.by_index(i, cut)
    }

    def survey(tile: CutTile, brackets: dict[int, Bracket]) -> None:
        for i, bracket in brackets.items():
            tile.survey_ties(i, found[i], bracket)

    keys = (yield from _places(blocked, among, survey)) or {}
    first, second, third = (Cuts.at(found[i], keys.get(i), k, blocked.low_index[i]) for i in RANKINGS)
    return first, second, third


def _places(blocked: Blocked, sought: dict[int, Sought], survey: Survey) -> Sweeps[dict[int, Place] | None]:
    """What is sought in each ranking; one sweep for all that a bracket of the sample holds."""
    found: dict[int, Place] = {}
    deviations = DEVIATIONS
    while len(found) < len(sought):
        brackets = {
            i: Bracket.around(np.sort(one.sample), one.k, one.size, deviations)
            for i, one in sought.items()
            if i not in found
        }
        while (shared := (yield)) is not None:
            tile = blocked.tile(shared)
            if tile is None:
                return None
            survey(tile, brackets)
        for i, bracket in brackets.items():
            place = bracket.place(sought[i].k)
            assert place is not None or not bracket.unbounded, "a sweep did not count what another did"
            if place is not None:
                found[i] = place
        deviations *= WIDER
    return found


def _sample(blocked: Blocked) -> Sweeps[list[Scores] | None]:
    """The scores of the same entries in every ranking, from blocks all over the group that follow no short period.

    About one block of ``step``, and one of every part at least; they are ranked a tile of them at once.
    """
    step = max(1, blocked.size // SAMPLE)
    found: list[list[Scores]] = [[] for _ in RANKINGS]
    held: list[Array] = []
    number = 0
    while (shared := (yield)) is not None:
        blocks = shared.x.reshape(-1, blocked.block)
        start = np.arange(0, len(blocks), step)
        jitter = ((start // step + number * len(start)) * 7919) % step
        held.append(blocks[np.minimum(start + jitter, len(blocks) - 1)])
        number += 1
        if sum(taken.size for taken in held) >= TILE:
            if not _scored(blocked, step, held, found):
                return None
            held.clear()
    if held and not _scored(blocked, step, held, found):
        return None
    return [np.concatenate(scores) for scores in found]


def _scored(blocked: Blocked, step: int, held: list[Array], found: list[list[Scores]]) -> bool:
    """Add the scores of these blocks; False where an entry is NaN or infinite."""
    thin = max(1, blocked.block * step // TILE)  # where even one block of a part is much
    tile = blocked.tile(Shared(np.concatenate(held).reshape(1, -1)))
    if tile is None:
        return False
    for i in RANKINGS:
        found[i].append(tile.scores(i).reshape(-1)[::thin].copy())
    return True
