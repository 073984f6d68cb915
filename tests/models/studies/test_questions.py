from functools import cache

import numpy as np
import pytest

from sqtheory import hbfp, int_, wanda
from sqtheory.arrays import Array
from sqtheory.models import ACCURACY, EXACT, Linear, Watched
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.studies.questions import QUESTIONS, Answer, Subject
from tests.models.architectures.small import model, samples
from tests.nightly import thin


@cache
def subject(name: str) -> Subject:
    return Subject(Evaluations(model(name), samples(name, 6)))


@cache
def answer(question: str, name: str = "lm-dense") -> Answer:
    return QUESTIONS[question](subject(name))


def column(found: Answer, name: str) -> dict[str, str]:
    at = found.table.header.index(name)
    return {" ".join(row[: at if at < 2 else 1]): row[at] for row in found.table.rows}


@thin(3)
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_has_numbers_and_says_what_they_are(question: str) -> None:
    found = answer(question)
    assert found.question.endswith("?") and found.sentences and found.table.rows
    assert found.markdown().startswith(f"## {found.question}\n\n| ")


def test_collisions_are_counted_group_by_group() -> None:
    tied = groups = 0
    for layer in model("lm-dense").linears:
        image = np.sort(np.abs(hbfp(4)(layer.weight)).reshape(-1, 4), axis=1)
        tied += int((image[:, 1] == image[:, 2]).sum())
        groups += len(image)
    assert column(answer("collisions"), "2:4 groups tied at the cut")["hbfp4"] == f"{100 * tied / groups:.3f}%"


def test_the_orders_differ_at_ties_and_where_scales_turn_ranks_round() -> None:
    """Theorem ``ties_by_original`` in whole groups of 2:4; over a tensor both are counted entry by entry."""
    differ, left = (column(answer("why"), name) for name in ("entries differ", "not at ties"))
    assert {share for name, share in left.items() if name.startswith("2:4")} == {"0.000%"}
    entries = different = untied = 0
    for layer in model("lm-dense").linears:
        w, q = layer.weight.ravel(), int_(4)(layer.weight).ravel()
        kept, kept_of_image = (np.zeros(w.size, bool) for _ in range(2))
        half, positions = -(-w.size // 2), np.arange(w.size)
        kept[np.lexsort((positions, -np.abs(w)))[:half]] = True
        pruned_first = int_(4)(np.where(kept, w, 0).reshape(layer.weight.shape)).ravel()
        for counted, keys in (("differ", positions), ("left", -np.abs(w))):
            kept_of_image[:] = False
            kept_of_image[np.lexsort((positions, keys, -np.abs(q)))[:half]] = True
            count = int((pruned_first != np.where(kept_of_image, q, 0)).sum())
            different, untied = (different + count, untied) if counted == "differ" else (different, untied + count)
        entries += w.size
    assert (differ["50% int4"], left["50% int4"]) == tuple(f"{100 * n / entries:.3f}%" for n in (different, untied))


def test_the_cost_of_the_order_grows_as_bits_go() -> None:
    found = column(answer("widths"), "squared error of the weights")
    costs = [float(found[f"hbfp{bits}"].rstrip("%")) for bits in (8, 6, 4, 3)]
    assert costs == sorted(costs) and costs[0] < 0.1 < costs[-1]


def test_wanda_weighs_channels_by_their_inputs() -> None:
    inputs: dict[str, Array] = {}

    def see(layer: Linear, x: Array, y: Array) -> None:
        inputs[layer.name] = x.reshape(-1, x.shape[-1]).copy()

    model("lm-dense").logits(samples("lm-dense", 6).inputs, Watched(EXACT, see))
    for layer in model("lm-dense").linears:
        np.testing.assert_allclose(
            subject("lm-dense").wanda[layer.name].of(layer.weight),
            wanda(inputs[layer.name]).of(layer.weight),
            rtol=1e-5,
        )


def test_masks_by_magnitude_keep_their_scales_and_others_do_not() -> None:
    found = {(row[0], row[1]): row for row in answer("frozen").table.rows}
    assert all(row[2] == "0" for (_, ranked), row in found.items() if ranked == "magnitude")
    assert int(found["hbfp4", "random"][2]) > 0 and found["hbfp4", "random"][3] != found["hbfp4", "random"][4]


def test_harm_is_positive_where_a_metric_is_worse() -> None:
    asked = subject("vit-dense")
    assert asked.metric is ACCURACY
    dense = asked.evaluations.dense()
    ruined = asked.evaluations.with_weights({layer.name: 0 * layer.weight for layer in asked.linears})
    assert asked.harm(ruined, dense).value == dense.hits.mean() - ruined.hits.mean()


def test_ties_by_the_original_make_both_orders_one() -> None:
    """Theorem ``ties_by_original``: a difference of exactly 0; under the other rules there is one."""
    found = answer("ties")
    assert set(column(found, "Q→S worse by: by_original").values()) == {"0.00000"}
    assert all(float(v) != 0 for v in column(found, "Q→S worse by: low_index").values())
