"""What needs the model to run: the bit width from which the order matters, other rankings, depth."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.scores import Gain, Score
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import Ties, by_original, high_index, low_index
from sqtheory.arrays import Array
from sqtheory.models.architectures.linears import Linear
from sqtheory.models.evaluation.weight_images import images
from sqtheory.models.studies.depth import layer_reports
from sqtheory.models.studies.questions.answer import Answer, Subject, listed, percent
from sqtheory.models.studies.questions.tensors import quantizer
from sqtheory.orders.applied import Order
from sqtheory.orders.report import compare
from sqtheory.tables import Table

WIDTHS = (8, 7, 6, 5, 4, 3, 2)
FAMILIES = ("int", "hbfp")
RANKINGS = ("magnitude", "wanda", "gain")
RANKED = ("int4", "int3", "hbfp4", "mxfp4")
RULES: Mapping[str, Ties] = {"low_index": low_index, "high_index": high_index, "by_original": by_original}
DEPTH_SAMPLES = 16
DEEP = ("int4", "hbfp4", "mxfp4")


def bit_widths(subject: Subject) -> Answer:
    """What Q→S costs beyond S→Q at every width, in the squared error of the weights and in the metric."""
    rows, sentences = [], []
    s = nm(2, 4)
    for family in FAMILIES:
        certain = []
        for bits in WIDTHS:
            name = f"{family}{bits}"
            q = quantizer(name)
            errors = [compare(layer.weight, s, q).errors for layer in subject.linears]
            sq, qs = (sum(getattr(e, order) ** 2 for e in errors) for order in ("sq", "qs"))
            scores = subject.evaluations.of_orders(s, q, (Order.sq, Order.qs))
            worse = subject.harm(scores[Order.qs], scores[Order.sq])
            rows.append((name, percent(qs / sq - 1, 3), f"{worse.value:.5f}", f"{worse.standard_error:.5f}"))
            certain += [bits] if worse.low > 0 or worse.high < 0 else []
        noisy = [bits for bits in WIDTHS if bits not in certain]
        sentences.append(
            f"{family.upper()}: the order is certain (95 %) in the {subject.metric_name} at "
            f"{listed(map(str, certain))} bits, within noise at {listed(map(str, noisy))}."
        )
    header = ("format", "squared error of the weights", f"{subject.metric_name} worse by", "±")
    return Answer(
        "At which bit width does the order stop mattering (2:4)?", Table(header, tuple(rows)), tuple(sentences)
    )


def rankings(subject: Subject) -> Answer:
    """The order effect under masks ranked by magnitude, by Wanda, and by the gain, 2:4."""
    rows, effects = [], {}
    for name in RANKED:
        q = quantizer(name)
        for ranking in RANKINGS:
            scores = []
            for first in (True, False):
                given = images(subject.evaluations.model, partial(_chain, subject, q, ranking, first))
                scores.append(subject.evaluations.with_weights(given))
            worse = subject.harm(scores[1], scores[0])
            effects[name, ranking] = worse
            values = [f"{subject.metric.estimate(each).value:.5f}" for each in scores]
            rows.append((name, ranking, *values, f"{worse.value:.5f}", f"{worse.standard_error:.5f}"))
    sentences = []
    for ranking in RANKINGS[1:]:
        parts = {name: (effects[name, ranking].value, effects[name, "magnitude"].value) for name in RANKED}
        shown = listed(f"{a / b:.2f} ({name})" for name, (a, b) in parts.items() if b)
        sentences.append(f"The effect under {ranking} over that under magnitude: {shown}.")
    header = ("format", "2:4 ranked by", "S→Q", "Q→S", "Q→S worse by", "±")
    return Answer(
        "Do other rankings of the mask change the order effect?", Table(header, tuple(rows)), tuple(sentences)
    )


def tie_rules(subject: Subject) -> Answer:
    """Q→S, which prunes weights on a grid, under three tie rules, against S→Q, 2:4."""
    rows, effects = [], {}
    s = nm(2, 4)
    for name in RANKED:
        q = quantizer(name)
        first = subject.evaluations.of(s >> q)
        cells = [f"{subject.metric.estimate(first).value:.5f}"]
        for rule, ties in RULES.items():
            worse = subject.harm(subject.evaluations.of(q >> replace(s, ties=ties)), first)
            effects[name, rule] = worse
            cells += [f"{worse.value:.5f}", f"{worse.standard_error:.5f}"]
        rows.append((name, *cells))
    sentences = []
    for rule in RULES:
        certain = [name for name in RANKED if effects[name, rule].low > 0 or effects[name, rule].high < 0]
        sentences.append(f"Under {rule} the order is certain (95 %) with: {listed(certain)}.")
    header = ("format", "S→Q", *(part for rule in RULES for part in (f"Q→S worse by: {rule}", "±")))
    return Answer(
        "What does the tie rule change where weights sit on a grid (2:4)?", Table(header, tuple(rows)), tuple(sentences)
    )


def _chain(subject: Subject, q: Operator, ranking: str, prune_first: bool, layer: Linear) -> Array:
    """Either order with a mask ranked in one of three ways."""
    scores: dict[str, Score] = {"wanda": subject.wanda[layer.name], "gain": Gain(q)}
    s = replace(nm(2, 4), score=scores[ranking]) if ranking in scores else nm(2, 4)
    return (s >> q if prune_first else q >> s)(layer.weight)


def depth(subject: Subject) -> Answer:
    """The relative error of the block linears' outputs, averaged over each block."""
    samples = subject.evaluations.samples
    few = samples.some(min(DEPTH_SAMPLES, len(samples)))
    columns, sentences = [], []
    for name in DEEP:
        found = layer_reports(subject.evaluations.model, few, nm(2, 4), quantizer(name))
        blocks = sorted({_block(report.name) for report in found})
        for order in (Order.sq, Order.qs):
            mean = [np.mean([r.deviations[order].relative for r in found if _block(r.name) == b]) for b in blocks]
            columns.append((f"{name} {order}", [float(m) for m in mean]))
        pruned_first = columns[-2][1]
        first, last, rising = pruned_first[0], pruned_first[-1], int((np.diff(pruned_first) > 0).sum())
        sentences.append(
            f"{name}, S→Q: from {percent(first, 1)} in the first block to {percent(last, 1)} in the last, "
            f"rising at {rising} of {len(blocks) - 1} steps."
        )
    rows = tuple((str(b), *(percent(values[i]) for _, values in columns)) for i, b in enumerate(blocks))
    header = ("block", *(name for name, _ in columns))
    return Answer("Does the relative error attenuate with depth (2:4)?", Table(header, rows), tuple(sentences))


def _block(name: str) -> int:
    """The number in the name of a tensor."""
    return next(int(part) for part in name.split(".") if part.isdecimal())
