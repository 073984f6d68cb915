"""Trainings on folds: what is held out, what starts alike, what is kept, and the statistics of pairs."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t

from sqtheory.files import zoo
from sqtheory.models.evaluation.data import Samples, labelled
from sqtheory.models.studies.hbfp import Descent, Run, accuracies, orders, train
from sqtheory.models.studies.hbfp.cross_validation import TWO_SIDED, CrossValidation, Paired, spread
from sqtheory.models.studies.hbfp.images import fold
from sqtheory.models.studies.hbfp.trainings import BOOSTED, DENSE, FULL, SPARSE, TRAININGS

SMALL = Descent(hidden=(16,), epochs=2, batch=40, rate=0.1, block=8)
IMAGES = labelled(*(zoo.data(name) for name in zoo.data_names()[:2])).some(250)


def test_every_image_is_held_out_once_and_training_images_set_the_scale() -> None:
    parts = [fold(IMAGES, number) for number in range(5)]
    assert [len(part.test) for part in parts] == [50] * 5 and all(len(part.train) == 200 for part in parts)
    for number, part in enumerate(parts):
        assert part.test_classes.tolist() == IMAGES.targets[number::5, 0].tolist()
        assert part.train.mean(dtype=np.float64) == pytest.approx(0, abs=1e-6)
        assert part.train.std(dtype=np.float64) == pytest.approx(1, abs=1e-6)
    square = IMAGES.inputs[0].reshape(14, 2, 14, 2).astype(np.float64).mean(axis=(1, 3)).ravel()
    ours = parts[0].test[0].astype(np.float64)
    assert np.corrcoef(square, ours)[0, 1] == pytest.approx(1, abs=1e-6) and parts[0].classes == 10
    with pytest.raises(ValueError, match="must be even, got 27 × 28"):
        fold(Samples("image", IMAGES.inputs[:, 1:], IMAGES.targets), 0)


@pytest.mark.parametrize("training", [TRAININGS[4], TRAININGS[7], SPARSE[3]], ids=lambda training: training.name)
def test_a_training_is_a_function_of_its_seed(training: object) -> None:
    part = fold(IMAGES, 1)
    first, again, other = (train(part, training, SMALL, seed) for seed in (1, 1, 2))  # type: ignore[arg-type]
    assert first == again and first != other
    assert len(first.losses) == len(first.accuracies) == 2 and first.losses[1] < first.losses[0]


def test_all_trainings_start_from_the_same_weights_and_see_the_same_samples() -> None:
    """A step of rate 0: what is left is the accuracy of the start, and the loss of float32 on the same batches."""
    part, still = fold(IMAGES, 0), Descent(hidden=(16,), epochs=1, batch=40, rate=0.0)
    exact, near = (train(part, training, still, 0) for training in (FULL, DENSE[1]))
    assert exact.losses[0] == pytest.approx(near.losses[0], rel=0.02) and exact.losses[0] != near.losses[0]


def test_more_bits_in_the_last_epoch_change_that_epoch_only() -> None:
    part = fold(IMAGES, 0)
    plain, boosted = (train(part, training, SMALL, 0) for training in (DENSE[3], DENSE[4]))
    assert plain.losses[0] == boosted.losses[0] and plain.losses[1] != boosted.losses[1]


def test_finished_runs_are_kept_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = CrossValidation(IMAGES, SMALL, (FULL, DENSE[3]), 2, tmp_path)
    counted: list[int] = []
    first = asked.runs(counted.append)
    assert sum(counted) == len(list(tmp_path.iterdir())) == 4
    monkeypatch.setattr("sqtheory.models.studies.hbfp.cross_validation.train", None)
    assert asked.runs() == first
    one = next(iter(tmp_path.iterdir()))
    one.write_text(one.read_text()[:-9])
    with pytest.raises(TypeError):
        asked.runs()


def runs(*values: float) -> tuple[Run, ...]:
    return tuple(Run((1.0,), (value,)) for value in values)


def test_differences_are_paired() -> None:
    found = Paired.of(runs(0.80, 0.84, 0.83), runs(0.81, 0.86, 0.86))
    assert found.value == pytest.approx(-2) and found.standard_error == pytest.approx(1 / math.sqrt(3))
    assert not found.certain and Paired(-2, 0.3, 3).certain
    assert found.cells == ("-2.00", "0.58") and math.isnan(spread([1.0]))
    for degrees, quantile in TWO_SIDED.items():
        assert quantile == pytest.approx(t.ppf(0.975, degrees), abs=5e-4)


def test_the_tables_are_of_the_runs() -> None:
    made = {training: runs(0.8 - 0.01 * place, 0.82 - 0.01 * place) for place, training in enumerate(TRAININGS)}
    table = accuracies(made, "").table
    assert table.rows[0] == ("FP32", "81.00", "1.41", "–", "–", "1.000")
    assert table.rows[3][:4] == ("HBFP4", "78.00", "1.41", "-3.00")
    compared = orders(made)
    assert compared is not None and [row[0] for row in compared.table.rows] == ["HBFP6", "HBFP4", "Boosters"]
    assert {row[3] for row in compared.table.rows} == {"-1.00"}
    assert orders({FULL: made[FULL]}) is None


def test_the_trainings_are_those_that_were_asked_for() -> None:
    assert [training.schedule.bits for training in DENSE[:4]] == [None, 8, 6, 4]
    assert DENSE[6].schedule == BOOSTED and (BOOSTED.bits, BOOSTED.boosted, BOOSTED.epochs, BOOSTED.edges) == (
        4,
        6,
        1,
        True,
    )
    assert len({training.name for training in TRAININGS}) == len(TRAININGS) == 16
