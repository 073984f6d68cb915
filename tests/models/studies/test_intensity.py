"""The sign rule and the monotony of the progressive-intensity hypothesis, on scores of which the answer is known."""

import numpy as np
import pytest

from sqtheory.models import METRICS
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.metrics import Scores
from sqtheory.models.studies.questions import Subject, intensity
from sqtheory.models.studies.questions.intensity import HEADER, Pipeline, concordance, weaker_first
from tests.models.architectures.small import model, samples


def scores(mean: float, seed: int = 0) -> Scores:
    return Scores(mean + np.random.default_rng(seed).normal(0, 1e-3, 50), np.zeros(50), 4)


@pytest.fixture
def subject() -> Subject:
    return Subject(Evaluations(model("lm-dense"), samples("lm-dense", 6)))


def test_pairs_that_agree_less_those_that_do_not() -> None:
    assert concordance([1, 2, 3], [4, 5, 9]) == 1 and concordance([1, 2, 3], [9, 5, 4]) == -1
    assert concordance([1, 2, 3], [1, 3, 2]) == pytest.approx(1 / 3)
    assert concordance([1, 1, 2], [1, 2, 3]) == pytest.approx(2 / 3)


def test_the_sign_rule_is_kept_broken_or_undecided(subject: Subject) -> None:
    """One nat of loss is 1/ln 2 bits; the hypothesis prunes first where q alone costs more."""
    stronger_q = Pipeline("a", scores(1), scores(2), scores(3), scores(4))
    stronger_s = Pipeline("b", scores(2), scores(1), scores(3), scores(4))
    level = Pipeline("c", scores(1), scores(2), scores(3), scores(3, 1))
    found = [intensity._verdict(p.gap(subject), p.advantage(subject)) for p in (stronger_q, stronger_s, level)]
    assert found == ["yes", "no", "unclear"]
    assert stronger_q.gap(subject).value == pytest.approx(1 / np.log(2))
    assert stronger_s.gap(subject).value == pytest.approx(-1 / np.log(2))


def test_a_pipeline_of_some_samples_is_theirs_as_often_as_they_are_named(subject: Subject) -> None:
    whole = Pipeline("a", *(scores(mean, seed) for seed, mean in enumerate((1.0, 2, 3, 4))))
    some = whole.taken(np.array([3, 3, 7]))
    lost = [np.mean([s.losses[3], s.losses[3], s.losses[7]]) for s in (whole.quantized, whole.sparse)]
    assert some.gap(subject).value == pytest.approx((lost[0] - lost[1]) / np.log(2))


def test_an_advantage_that_falls_while_q_gets_stronger_is_named_and_one_that_rises_is_not(subject: Subject) -> None:
    def at(name: str, quantized: float, advantage: float) -> Pipeline:
        return Pipeline(name, scores(1), scores(quantized), scores(3), scores(3 + advantage))

    six = Subject(Evaluations(model("lm-dense"), samples("lm-dense", 6)))
    few = np.arange(6)
    falling = [at("x int4", 1, 1).taken(few), at("x int3", 2, 3).taken(few), at("x int2", 3, 2).taken(few)]
    said = intensity._monotony(six, "x", falling)
    assert "from int3 to int2 by 1.44270 ± 0.00000" in said and "int4 to" not in said
    assert "is 0.33 over the widths [0.33, 0.33]" in said
    rising = intensity._monotony(six, "x", falling[:2])
    assert "is 1.00" in rising and "no width to the next" in rising


def test_the_rows_are_what_the_metric_says_of_each_evaluation(
    monkeypatch: pytest.MonkeyPatch, subject: Subject
) -> None:
    monkeypatch.setattr(intensity, "WIDTHS", (4, 2))
    monkeypatch.setattr(intensity, "PATTERNS", ("2:4",))
    found = weaker_first(subject)
    metric, evaluations = METRICS["bits_per_byte"], subject.evaluations
    s, q = intensity.mask("2:4"), intensity.quantizer("int2")
    values = {f: metric.estimate(evaluations.of(f)).value for f in (s, q, s >> q, q >> s)}
    dense = metric.estimate(evaluations.dense()).value
    want = (values[s] - dense, values[q] - dense, values[q] - values[s], values[q >> s] - values[s >> q])
    row = dict(zip(HEADER, found.table.rows[1], strict=False))
    assert row["pipeline"] == "2:4 int2" and len(found.table.rows) == 2
    shown = [found.table.rows[1][i] for i in (1, 2, 3, 5)]
    assert shown == [f"{v:.5f}" for v in want]
    assert row["weaker first"] == ("S→Q" if want[2] > 0 else "Q→S")
