"""Certificates of real layers: bounds hold, gaps are those of the outputs, the law speaks where it may."""

from functools import cache

import numpy as np
import pytest

from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import int_, scaled
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.arithmetic import accumulation
from sqtheory.models.evaluation.weight_images import ordered_weights
from sqtheory.models.studies.networks import (
    HardwareGuarantee,
    LayerGuarantee,
    certify_layers,
    guarantee_table,
    hardware_sentence,
    hardware_table,
    totals,
)
from sqtheory.models.studies.networks.activations import inputs_of, moments_of
from sqtheory.models.studies.networks.hardware import ROWS
from sqtheory.models.studies.networks.layers import law_of
from sqtheory.orders.applied import Order
from sqtheory.orders.matrix_errors import gram_norm
from sqtheory.theory.certificates import AccumulationCertificate
from tests.models.architectures.small import model, samples

MODELS = ("lm-dense", "vit-dense")
S, Q = nm(2, 4), int_(3)


@cache
def found(name: str) -> tuple[LayerGuarantee, ...]:
    return certify_layers(model(name), samples(name, 2), S, Q)


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_stays_within_its_bound_which_is_not_idle(name: str) -> None:
    for each in found(name):
        for certificate in each.certificates.values():
            assert 0.1 < certificate.tightness <= 1
        assert each.coverage.share >= 0.95 and 0.1 < each.coverage.tightness < 1


@pytest.mark.parametrize("name", MODELS)
def test_measured_errors_and_gaps_are_those_of_the_outputs(name: str) -> None:
    weights, inputs = ordered_weights(model(name), S, Q), inputs_of(model(name), samples(name, 2))
    for layer, each in zip(model(name).linears, found(name), strict=True):
        x = inputs[layer.name].astype(np.float64)
        errors = {o: float(((x @ (layer.weight - weights[o][layer.name]).T) ** 2).sum()) for o in (Order.sq, Order.qs)}
        assert each.name == layer.name and each.rows == len(x)
        assert each.certificates[Order.qs].measured ** 2 == pytest.approx(errors[Order.qs], rel=1e-6)
        gap = (errors[Order.qs] - errors[Order.sq]) / len(x)
        assert each.measured_gap == pytest.approx(gap, rel=1e-4)
        assert each.gap is not None and each.gap.measured == pytest.approx(each.measured_gap, rel=1e-6)


def test_on_real_inputs_the_law_decides_most_layers_at_three_bits_and_rightly() -> None:
    laws = [each.gap for each in found("lm-dense")]
    decided = [law for law in laws if law is not None and law.decided]
    assert len(decided) >= 5 and all(law.measured > 0 for law in decided)


def test_masks_over_several_scales_have_no_law_and_other_refusals_stay() -> None:
    layer = model("lm-dense").linears[0]
    moments = moments_of(model("lm-dense"), samples("lm-dense", 1))[layer.name]
    assert law_of(Q, top(0.5), layer.weight, moments) is None
    with pytest.raises(ValueError, match="second moments of 192 inputs"):
        law_of(Q, S, layer.weight, moments[:3, :3])


def test_moments_are_means_over_all_positions_of_all_samples() -> None:
    some = samples("lm-dense", 6)  # more than one batch
    whole, moments = inputs_of(model("lm-dense"), some), moments_of(model("lm-dense"), some)
    for name, x in whole.items():
        assert len(x) == 6 * 256
        w = next(layer.weight for layer in model("lm-dense").linears if layer.name == name)
        energy = np.square(x.astype(np.float64) @ w.T).sum() / len(x)
        assert gram_norm(w, moments[name]) ** 2 == pytest.approx(float(energy), rel=1e-5)


def test_totals_add_what_layers_say() -> None:
    each, together = found("vit-dense"), totals(found("vit-dense"))
    assert together["gap"] == pytest.approx(sum(one.measured_gap for one in each))
    assert together["sq"]["measured"] ** 2 == pytest.approx(
        sum(one.certificates[Order.sq].measured ** 2 for one in each)
    )
    assert together["layers"] == 4 and together["decided_rightly"] <= together["decided"] <= 4
    assert len(guarantee_table(each).rows) == 4
    loose = certify_layers(model("vit-dense"), samples("vit-dense", 1), top(0.5), Q, [Order.sq])
    assert totals(loose)["law"] is None and list(loose[0].certificates) == [Order.sq]
    assert guarantee_table(loose).rows[0][-1] == "–"


def test_what_an_accumulator_adds_is_beside_its_bound_and_the_orders() -> None:
    by, some = accumulation("fp8_fast"), samples("vit-dense", 1)
    each = certify_layers(model("vit-dense"), some, S, Q, [Order.sq], accumulation=by)
    weights, inputs = ordered_weights(model("vit-dense"), S, Q), inputs_of(model("vit-dense"), some)
    for one, layer in zip(each, model("vit-dense").linears, strict=True):
        hardware = one.hardware
        assert hardware is not None and hardware.rows <= ROWS
        x = inputs[layer.name][:: -(-one.rows // ROWS)]
        q = scaled(E4M3, per=Rows())
        sq, qs = (q(weights[o][layer.name]).astype(np.float64) for o in (Order.sq, Order.qs))
        assert hardware.apart == pytest.approx(float(np.linalg.norm(q(x).astype(np.float64) @ (sq - qs).T)), rel=1e-6)
        for certificate in hardware.certificates.values():
            assert 0 < certificate.measured < certificate.bound and certificate.measured < 0.01 * certificate.output
    told = [one.hardware for one in each if one.hardware is not None]
    assert len(hardware_table(told).rows) == 4 and "fp8_fast: in " in hardware_sentence(told)


def test_what_is_larger_is_said_only_where_it_is_certain() -> None:
    def decided(apart: float, measured: float, bound: float) -> str:
        one = AccumulationCertificate("x", measured, bound, 1.0, 0.0)
        return HardwareGuarantee("l", 1, {Order.sq: one, Order.qs: one}, apart).decided

    assert [decided(a, 1, 2) for a in (0.9, 1.1, 3.9, 4.1)] == ["accumulator", "open", "open", "order"]
