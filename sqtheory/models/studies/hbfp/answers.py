"""The design space, the silicon and the share of operations, as sections of a report."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from sqtheory.alphabet.partition import Blocks
from sqtheory.files import zoo
from sqtheory.files.checkpoints import reading
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.seeing import seen
from sqtheory.models.studies.hbfp.density import NARROW_SUMS, PUBLISHED, SYNTHESIS, Areas, Unit, reuse_of
from sqtheory.models.studies.hbfp.operations import PAPERS, NetworkCost, perceptron
from sqtheory.models.studies.hbfp.schedule import Schedule, shares
from sqtheory.models.studies.hbfp.space import BLOCKS, DISTRIBUTIONS, Cell, cells, decibels
from sqtheory.models.studies.hbfp.training import Descent
from sqtheory.models.studies.hbfp.trainings import BOOSTED
from sqtheory.models.studies.questions.answer import Answer, listed, percent
from sqtheory.tables import Table

MODELS = ("lm-dense", "vit-dense")
SEED = 0
STATED = 0.997
"""The share of operations at 4 bits that the abstracts of `harma2022accuracy` state."""
SCRIPT = Schedule(4, boosted=6, epochs=5)
"""Where ``mixed_precision`` is 85,90: the epochs above 85, counted from 1."""
LAST, EDGES = Schedule(4, boosted=6, epochs=1), Schedule(4, boosted=6, edges=True)


def distributions() -> Answer:
    """Every format on samples of every law."""
    found = {name: cells([draw(_rng())], _rng()) for name, draw in DISTRIBUTIONS.items()}
    return _space("What do mantissa and block do to samples?", found)


def tensors() -> Answer:
    """Every format on the tensors of the zoo's dense models, each model as one."""
    found = {}
    for name in MODELS:
        with reading(str(zoo.path(name))) as opened:
            checkpoint = seen(opened, Targets(), Axes(), apart=True)
            taken, _ = Targets().split(checkpoint.tensors)
            found[name] = cells((checkpoint.read(info.name) for info in taken), _rng())
    return _space("What do mantissa and block do to the weights of the zoo?", found)


def density() -> Answer:
    """What the public synthesis gives by block and accumulation, and what would reproduce each published ratio."""
    rows = []
    for block in BLOCKS:
        for sums, areas in _sums().items():
            unit, once = Unit(4, block, areas=areas), Unit(4, block, 1, areas)
            wider = [Unit(bits, block, areas=areas).density for bits in (6, 8)]
            reuses = [reuse_of(each.ratio, 4, block, areas) for each in PUBLISHED]
            ratios = [f"{value:.2f}" for value in (unit.density, once.density, *wider)]
            rows.append((str(block), sums, *ratios, *("–" if r is None else f"{r:.1f}" for r in reuses)))
    header = ("block", "sums", "HBFP4", "converted each time", "HBFP6", "HBFP8")
    fitted = tuple(f"{each.ratio:g}× at reuse" for each in PUBLISHED)
    said = (
        "Multiplications in an area over those of float32 units, from areas of a public synthesis "
        "(jnbrq/hbfp_hardware_model); converters are left out, or serve one product. The last columns are fitted: the "
        "number of products that a converted operand must serve to give a published ratio at 4 bits; a dash where no "
        "reuse does.",
        "Published: " + "; ".join(f"{each.ratio:g}× ({each.version}: {each.says})" for each in PUBLISHED) + ".",
        f"In blocks of 64 without converters: {Unit(4, 64).density:.2f} with sums in float32, "
        f"{Unit(4, 64, areas=NARROW_SUMS).density:.2f} in bfloat16.",
    )
    return Answer("Which constants give the published densities?", Table((*header, *fitted), tuple(rows)), said)


def operations() -> Answer:
    """The share of multiplications at 4 bits by architecture, epochs and what is boosted."""
    descent = Descent()
    own = NetworkCost("the perceptron trained here", perceptron((196, *descent.hidden, 10)), descent.epochs)
    found = {
        each: [float(shares(schedule, each.layers, each.epochs).get(4, 0)) for schedule in (LAST, EDGES, BOOSTED)]
        for each in (*PAPERS, own)
    }
    rows = tuple(
        (each.name, f"{each.multiplications / 1e6:.3f}", str(each.epochs), *map(percent, values))
        for each, values in found.items()
    )
    imagenet = PAPERS[-1]
    emulated = shares(SCRIPT, imagenet.layers, imagenet.epochs)[4]
    header = ("network", "million a sample", "epochs", "last epoch at 6", "edge layers at 6", "both at 6")
    alone, together = (
        listed(f"{each.name} in {each.epochs}" for each, values in found.items() if round(values[i], 3) == STATED)
        for i in (0, 2)
    )
    said = (
        f"The published {percent(STATED, 1)} of multiplications are at 4 bits with the last epoch alone at 6: {alone} "
        f"epochs; with the first and the last layer at 6 as well: {together}.",
        "The public script for ResNet-50 (simlaharma/HBFPEmulator_AB, imagenet_booster.sh) has 6 bits in the last "
        f"{SCRIPT.epochs} of {imagenet.epochs} epochs: {percent(float(emulated))}.",
        "Counted are linear and convolutional layers: forward, by weights, and by inputs, which the first layer does "
        "not need; shapes are those of the public architectures.",
    )
    return Answer("What share of operations is at 4 bits?", Table(header, rows), said)


def _sums() -> Mapping[str, Areas]:
    return {"float32": SYNTHESIS, "bfloat16": NARROW_SUMS}


def _rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


def _space(question: str, found: Mapping[str, Sequence[Cell]]) -> Answer:
    header = (
        *("of", "boxes", "bits", "SQNR", "stochastic", "W₁/bound", "W₂/bound", "clipped"),
        *("2:4: Q→S worse", "50%: Q→S worse", "bits/entry"),
    )
    rows = tuple((name, *_row(each)) for name, every in found.items() for each in every)
    per_bit = [_slope(every) for every in found.values()]
    gaps = {(name, each.bits, str(each.boxes)): each.gaps[0] for name, every in found.items() for each in every}
    where = max(gaps, key=gaps.__getitem__)
    everything = [each for every in found.values() for each in every]
    ahead = [[each.bits for each in everything if each.gaps[mask] < 0] for mask in (0, 1)]
    loose = [f"{name} {_best(every)}" for name, every in found.items()]
    said = (
        f"From 5 to 8 bits a bit is worth {min(per_bit):.2f} to {max(per_bit):.2f} dB in blocks of 64.",
        f"The best block at 4 bits of those that store less than 4.3 bits an entry: {listed(loose)}.",
        f"Q→S loses most beyond S→Q, {percent(gaps[where])} in squared error under 2:4, with {where[0]}, {where[1]} "
        f"bits, {where[2]}. Of {len(everything)} cells it loses less in {len(ahead[0])} under 2:4 and in "
        f"{len(ahead[1])} under 50%, of at most {max((*ahead[0], *ahead[1]), default=0)} bits.",
        "SQNR is to the nearest; the bound of W₁ is the mean of half a step, that of W₂ its root mean square, which "
        "hold where nothing is clipped; clipped are entries beyond the last level by more than half a step; Q→S worse "
        "is in squared error.",
    )
    return Answer(question, Table(header, rows), said)


def _row(each: Cell) -> tuple[str, ...]:
    bounds = (each.first / each.half_steps, math.sqrt(each.second / each.squared_half_steps))
    random = decibels(each.squares, each.lost_random)
    levels = (f"{each.sqnr:.2f} dB", f"{random:.2f} dB", *(f"{b:.3f}" for b in bounds))
    shares = (percent(each.clipped / each.entries), *(percent(gap) for gap in each.gaps))
    return (str(each.boxes), str(each.bits), *levels, *shares, f"{each.stored / each.entries:.3f}")


def _slope(every: Sequence[Cell]) -> float:
    """Decibels a bit from 5 to 8 bits in blocks of 64."""
    wide = {each.bits: each.sqnr for each in every if each.boxes == Blocks(64)}
    return (wide[8] - wide[5]) / 3


def _best(every: Sequence[Cell]) -> str:
    fitting = [each for each in every if each.bits == 4 and each.stored / each.entries < 4.3]
    best = max(fitting, key=lambda each: each.sqnr)
    return f"{best.boxes} ({best.sqnr:.1f} dB)"


SECTIONS: Mapping[str, Callable[[], Answer]] = MappingProxyType(
    {"distributions": distributions, "tensors": tensors, "density": density, "operations": operations}
)
"""The sections that need no training."""
