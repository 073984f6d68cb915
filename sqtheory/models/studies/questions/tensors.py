"""What the weights alone answer: collisions of codes, unstructured masks, frozen scales."""

from dataclasses import replace

import numpy as np

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scores import Random
from sqtheory.alphabet.sparsifiers import TopSparsifier, nm
from sqtheory.models.studies.questions.answer import Answer, Subject, listed, percent
from sqtheory.orders.applied import Winner, both
from sqtheory.orders.report import OrderReport, compare
from sqtheory.tables import Table

FORMATS = ("int8", "int4", "mxfp8", "mxfp6", "mxfp4", "hbfp8", "hbfp6", "hbfp4", "nvfp4")
NARROW = ("int8", "int4", "mxfp4", "hbfp4", "nvfp4")
UNSTRUCTURED = ("50%", "75%", "90%")


def quantizer(text: str) -> Quantizer:
    """A format by its short spelling."""
    return parse_as(Quantizer, "format", text)


def mask(text: str) -> TopSparsifier:
    """A top mask by its short spelling."""
    return parse_as(TopSparsifier, "mask", text)


def collisions(subject: Subject) -> Answer:
    """Ties of |q(x)| at the cut of a 2:4 mask, and what they change."""
    rows, shares = [], {}
    s, loose = nm(2, 4), mask("50%")
    for name in FORMATS:
        q = quantizer(name)
        groups = tied = swapped = entries = moved = 0
        for layer in subject.linears:
            two, free = both(layer.weight, s, q), both(layer.weight, loose, q)
            groups += s.groups.count(layer.weight.shape)
            tied += two.tied
            swapped += int(np.count_nonzero(two.reselected & two.mask))
            entries += layer.weight.size
            moved += int(np.count_nonzero(free.reselected & free.mask))
        shares[name] = tied / groups
        rows.append((name, *(percent(v, 3) for v in (tied / groups, swapped / groups, moved / entries))))
    header = ("format", "2:4 groups tied at the cut", "swaps a group", "50%: entries swapped")
    most, least = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
    said = f"Codes of the second and third largest of four collide in {percent(shares[least])} ({least}) to "
    return Answer(
        "How often do codes collide?",
        Table(header, tuple(rows)),
        (f"{said}{percent(shares[most])} ({most}) of the groups.",),
    )


def unstructured(subject: Subject) -> Answer:
    """On how many tensors Q→S loses less than S→Q under masks over the whole tensor, in the 2-norm."""
    rows, preferring = [], []
    for pattern in UNSTRUCTURED:
        for name in NARROW:
            found = [compare(layer.weight, mask(pattern), quantizer(name)) for layer in subject.linears]
            won = [report for report in found if report.winner is Winner.qs]
            lead = max(((r.errors.sq - r.errors.qs) / r.errors.sq for r in won), default=0.0)
            sq = sum(report.winner is Winner.sq for report in found)
            rows.append(
                (f"{pattern} {name}", str(sq), str(len(found) - sq - len(won)), str(len(won)), percent(lead, 4))
            )
            preferring += [f"{pattern} {name}"] if won else []
    tensors = len(subject.linears)
    return Answer(
        "Do unstructured masks ever prefer Q→S on real weights?",
        Table(("pipeline", "S→Q better", "equal", "Q→S better", "by at most"), tuple(rows)),
        (f"Of {tensors} tensors each, Q→S was better on some with: {listed(preferring)}.",),
    )


def frozen_scales(subject: Subject) -> Answer:
    """S→Q with scales of the masked tensor against S→Q at the scales of the dense one, by what ranks the mask."""
    rows, moved = [], []
    rng = np.random.default_rng(0)
    for name in NARROW:
        q = quantizer(name)
        for score in ("magnitude", "wanda", "random"):
            found: list[OrderReport] = []
            for layer in subject.linears:
                ranked = nm(2, 4)
                if score != "magnitude":
                    ranked = replace(ranked, score=subject.wanda[layer.name] if score == "wanda" else Random(rng))
                found.append(compare(layer.weight, ranked, q))
            own, dense = (np.sqrt(sum(getattr(r.errors, e) ** 2 for r in found)) for e in ("sq", "sq_dense"))
            differing = sum(report.errors.sq != report.errors.sq_dense for report in found)
            rows.append((name, score, str(differing), f"{own:.5g}", f"{dense:.5g}", percent(dense / own - 1, 3)))
            moved += [f"{name} ({score}: {percent(dense / own - 1)})"] if differing else []
    header = ("format", "2:4 ranked by", "tensors whose error differs", "own scales", "frozen scales", "frozen costs")
    return Answer(
        "What do frozen dense scales change?",
        Table(header, tuple(rows)),
        (f"Errors of S→Q in the 2-norm differ with: {listed(moved)}; elsewhere not at all.",),
    )
