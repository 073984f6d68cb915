"""Where the rankings of one long group are cut: a sample says about where, one sweep counts exactly."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.kernels.brackets import DEVIATIONS, WIDER, Bracket, Place, Scores
from sqtheory.alphabet.kernels.cuts import Cuts
from sqtheory.arrays import Array
from sqtheory.orders.cut_tiles import RANKINGS, SIZES, TILE, Blocked, CutTile, Ranked

SAMPLE = 1 << 17
"""About so many entries of a group are sorted."""
Parts: TypeAlias = Callable[[], Iterator[Array]]
"""The rows (rows, n) of one tile after the other, as often as they are asked for."""


Survey: TypeAlias = Callable[[CutTile, dict[int, Bracket]], None]
"""Count in a tile what lies in the bracket of each ranking that is asked for."""


@final
@dataclass(frozen=True, eq=False)
class Sought:
    """The k-th largest of so many scores of a group, by a sample of them."""

    k: int
    size: int
    sample: Scores


def cuts_of(parts: Parts, blocked: Blocked) -> Ranked | None:
    """Where each ranking is cut; None where an entry is NaN or infinite."""
    sample = _sample(parts, blocked)
    if sample is None:
        return None
    k = blocked.groups.keep
    found = _places(parts, blocked, {i: Sought(k, blocked.size, sample[i]) for i in RANKINGS}, CutTile.survey)
    if found is None:
        return None
    among = {
        i: Sought(k - cut.above, cut.ties, sample[SIZES][sample[i] == cut.score])
        for i, cut in found.items()
        if not blocked.by_index(i, cut)
    }

    def survey(tile: CutTile, brackets: dict[int, Bracket]) -> None:
        for i, bracket in brackets.items():
            tile.survey_ties(i, found[i], bracket)

    keys = _places(parts, blocked, among, survey) or {}
    first, second, third = (Cuts.at(found[i], keys.get(i), k, blocked.low_index[i]) for i in RANKINGS)
    return first, second, third


def _places(parts: Parts, blocked: Blocked, sought: dict[int, Sought], survey: Survey) -> dict[int, Place] | None:
    """What is sought in each ranking; one sweep for all that a bracket of the sample holds."""
    found: dict[int, Place] = {}
    deviations = DEVIATIONS
    while len(found) < len(sought):
        brackets = {
            i: Bracket.around(np.sort(one.sample), one.k, one.size, deviations)
            for i, one in sought.items()
            if i not in found
        }
        for tile in map(blocked.tile, parts()):
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


def _sample(parts: Parts, blocked: Blocked) -> list[Scores] | None:
    """The scores of the same entries in every ranking, from blocks all over the group that follow no short period."""
    step = max(1, blocked.size // SAMPLE)
    thin = max(1, blocked.block * step // TILE)  # where even one block of a part is much
    found: list[list[Scores]] = [[] for _ in RANKINGS]
    for taken in _gathered(parts, blocked.block, step):
        tile = blocked.tile(taken)
        if tile is None:
            return None
        for i in RANKINGS:
            found[i].append(tile.scores(i).reshape(-1)[::thin].copy())
    return [np.concatenate(scores) for scores in found]


def _gathered(parts: Parts, block: int, step: int) -> Iterator[Array]:
    """About one block of ``step``, and one of every part at least, a tile of them at once."""
    held: list[Array] = []
    for number, part in enumerate(parts()):
        blocks = part.reshape(-1, block)
        start = np.arange(0, len(blocks), step)
        jitter = ((start // step + number * len(start)) * 7919) % step
        held.append(blocks[np.minimum(start + jitter, len(blocks) - 1)])
        if sum(taken.size for taken in held) >= TILE:
            yield np.concatenate(held).reshape(1, -1)
            held = []
    if held:
        yield np.concatenate(held).reshape(1, -1)
