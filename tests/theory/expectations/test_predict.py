"""The predicted order gap against the measured one, on real weights and on made ones."""

import math
from functools import cache

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.partition import Rows, Tail, Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, int_, nf4
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.alphabet.ties import RandomTies, adversarial, by_original, high_index
from sqtheory.exceptions import NotCovered
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.targets import Targets
from sqtheory.orders.applied import both
from sqtheory.theory.expectations import AgreementReport, agreement, predict_order_gap
from tests.counting import counted
from tests.nightly import NIGHTLY, nightly, thin

MODELS = ("zoo:lm-dense", "zoo:vit-dense")
FORMATS = ("int8", "int6", "int4", "int3", "int2", "hbfp4", "mxfp4", "nvfp4")


@cache
def linears(model: str) -> tuple[tuple[str, np.ndarray], ...]:
    with open_checkpoint(model) as checkpoint:
        taken, _ = Targets((), ()).split(checkpoint.tensors)
        return tuple((t.name, checkpoint.read(t.name).astype(np.float64)) for t in taken)


@cache
def report(model: str, fmt: str, p: float) -> AgreementReport:
    q, s = parse(fmt), nm(2, 4)
    assert isinstance(q, Quantizer)
    return AgreementReport(str(s), str(q), p, tuple(agreement(name, x, s, q, p) for name, x in linears(model)))


@thin(4)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("p", [1, pytest.param(2, marks=nightly)])
def test_every_linear_layer_of_the_models_ties_averaged(model: str, fmt: str, p: int) -> None:
    """The total within 5 % and the correlation over tensors 0.98, from 8 bits to 2."""
    found = report(model, fmt, p)
    assert abs(found.total.share(found.total.tied) - 1) < 0.05
    assert found.correlations[0] > 0.98


@thin(2)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fmt", (*FORMATS, "int9", "int10"))
@pytest.mark.parametrize("p", [1, pytest.param(2, marks=nightly)])
def test_every_linear_layer_of_the_models_under_its_tie_rule(model: str, fmt: str, p: int) -> None:
    """Within 5 %, or four standard errors where few swaps are left; correlation 0.98, or 0.9 from 8 bits up.

    INT8 leaves 3 000 swaps in the whole vit: its 91.6 % (p = 1) is 3.7 standard errors below 100 %, the worst here. The
    deviation is not one of small steps, for it is gone at 9 and 10 bits; and a correlation of 0.97 is what arrangements
    that the law holds for have there (the next test).
    """
    found = report(model, fmt, p)
    total, few = found.total, fmt in ("int8", "int9", "int10")
    assert abs(total.measured - total.predicted) < max(0.05 * total.predicted, 4 * total.errors[1])
    assert found.correlations[1] > (0.9 if few else 0.98)


def test_the_correlation_at_8_bits_is_limited_by_the_number_of_swaps() -> None:
    """The columns of every block in random order: the law holds, and still some correlations are below 0.98."""
    rng = np.random.default_rng(0)
    q, s = int_(8), nm(2, 4)
    found = []
    for _ in range(4 if NIGHTLY else 2):
        rows = []
        for name, x in linears("zoo:vit-dense"):
            order = np.concatenate([start + rng.permutation(64) for start in range(0, x.shape[1], 64)])
            rows.append(agreement(name, x[:, order], s, q))
        found.append(AgreementReport("", "", 1, tuple(rows)))
    assert all(abs(r.total.measured - r.total.predicted) < 4 * r.total.errors[1] for r in found)
    assert 0.95 < min(r.correlations[1] for r in found) < 0.98


@thin(3)
@pytest.mark.parametrize("fmt", ["int8", "int4", "int2", "mxfp4", "nvfp4"])
def test_within_its_standard_error_where_arrangements_are_equally_likely(fmt: str) -> None:
    """The entries of every block of the models in random order: four standard errors, ties averaged or not."""
    q, s = parse(fmt), nm(2, 4)
    assert isinstance(q, Quantizer)
    size = q.partition.sides((1, 64))[-1]
    rng = np.random.default_rng(7)
    for model in MODELS:
        rows = []
        for name, x in linears(model):
            mixed = rng.permuted(x.reshape(-1, size), axis=1).reshape(x.shape)
            rows.append(agreement(name, mixed, s, q))
        total = AgreementReport("", "", 1, tuple(rows)).total
        for value, error in zip((total.tied, total.measured), total.errors, strict=True):
            assert abs(value - total.predicted) < 4 * error
        assert 0 < total.errors[0] < total.errors[1] < 0.04 * total.predicted


def test_a_prediction_computes_on_whole_tensors() -> None:
    """A call for every eight entries of the zoo would be one for every block: there are fewer, whatever the machine."""
    entries = 0
    with counted() as calls:
        for model in MODELS:
            for _, x in linears(model):
                entries += x.size
                predict_order_gap(int_(4), nm(2, 4), x)
    print(calls.count, entries)
    assert calls.count < entries / 8


def test_the_mean_over_ties_is_the_mean_of_random_ties() -> None:
    """The standard error of 200 random tie rules on one tensor."""
    x = np.random.default_rng(0).standard_normal((32, 64))
    rng = np.random.default_rng(1)
    gaps = []
    for _ in range(200):
        orders = both(x, nm(2, 4, ties=RandomTies(rng)), int_(3))
        gaps.append(float(np.abs(x - orders.masked_image).sum() - np.abs(x - orders.after_mask).sum()))
    found = agreement("x", x, nm(2, 4), int_(3))
    assert abs(np.mean(gaps) - found.tied) < 4 * np.std(gaps) / math.sqrt(200)


def test_one_group_a_block_leaves_nothing_to_chance_but_ties() -> None:
    x = np.random.default_rng(2).standard_normal((16, 64))
    for s, q in (
        (top(0.5, per=Rows()), int_(3, per=Rows())),
        (top(0.3), int_(3, per=Whole())),
        (nm(2, 4), int_(2, block=4)),
    ):
        found = agreement("x", x, s, q)
        assert found.predicted == pytest.approx(found.tied, rel=1e-12) and found.errors[0] < 1e-12


def test_what_lies_where_in_a_block_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_t(3, (8, 128))
    mixed = rng.permuted(x.reshape(-1, 64), axis=1).reshape(x.shape) * rng.choice([-1, 1], x.shape)
    for s in (nm(2, 4), nm(4, 8, ties=high_index)):
        assert predict_order_gap(int_(4), s, mixed, 2) == pytest.approx(predict_order_gap(int_(4), s, x, 2))


def test_no_gap_where_there_is_none() -> None:
    assert predict_order_gap(int_(4), nm(2, 4), np.zeros((4, 64))) == 0
    found = agreement("zero", np.zeros((4, 64)), nm(2, 4), int_(4))
    assert found.errors == (0, 0) and math.isnan(found.share(found.measured))
    empty = AgreementReport("2:4", "int4", 1, (found,))
    assert all(math.isnan(r) for r in empty.correlations) and "–" in empty.markdown()
    assert empty.to_dict()["correlation"] == {"tied": "NaN", "measured": "NaN"}


def test_refusals() -> None:
    x = np.random.default_rng(0).standard_normal((4, 96))
    for s, q, message in (
        (threshold(0.5), int_(4), "top masks by magnitude"),
        (nm(2, 4, score=wanda(np.eye(96))), int_(4), "top masks by magnitude"),
        (nm(2, 4, ties=by_original), int_(4), "broken blindly"),
        (nm(2, 4, ties=adversarial), int_(4), "broken blindly"),
        (nm(2, 4), int_(4, block=6), "lie in one scale block"),
        (top(0.5), int_(4), "lie in one scale block"),
        (top(2, per=Rows()), bcq(2, per=Rows()), "KEEPS_ZERO"),
        (nm(2, 4), nf4(), "MONOTONE"),
    ):
        with pytest.raises(NotCovered, match=message):
            predict_order_gap(q, s, x)
    with pytest.raises(NotCovered, match="p < ∞"):
        predict_order_gap(int_(4), nm(2, 4), x, np.inf)
    with pytest.raises(NotCovered, match="groups of one size"):
        predict_order_gap(int_(4, per=Rows()), nm(2, 4, tail=Tail.short), x[:, :94])
