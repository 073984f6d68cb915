"""Whether a rotation pays: theory over what was measured, in the committed data and on weights of its own."""

import csv

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import bcq, int_
from sqtheory.alphabet.sparsifiers import nm, threshold
from sqtheory.show.figures import rotation_law
from sqtheory.show.figures.rotation_law import RotationLaw, Turned, expected
from sqtheory.theory.expectations import Normal
from sqtheory.theory.expectations.named import student
from tests.show.figures.references import HERE

ROWS = list(csv.DictReader((HERE / "rotation_law.csv").read_text(encoding="utf-8").splitlines()))


def changes(weight: str, expected: str = "") -> dict[int, float]:
    """log of rotated over before, by bits."""
    own = [row for row in ROWS if row["weight"] == weight]
    return {int(r["bits"]): np.log(float(r[f"{expected}rotated"]) / float(r[f"{expected}before"])) for r in own}


@pytest.mark.parametrize("weight", ["normal", "Laplace", "t(5)", "t(3)"])
def test_theory_is_near_what_is_measured(weight: str) -> None:
    measured, theory = changes(weight), changes(weight, "expected_")
    assert measured.keys() == theory.keys() and len(measured) == 5
    assert all(abs(measured[b] - theory[b]) < 0.04 for b in measured)


def test_a_rotation_pays_at_two_bits_and_not_from_four_on_the_less_the_thicker_the_tails() -> None:
    for find in ("", "expected_"):
        at = {weight: changes(weight, find) for weight in ("normal", "Laplace", "t(5)", "t(3)")}
        assert at["t(5)"][2] < -0.02
        for bits in (4, 6, 8):
            assert 0.1 < at["t(5)"][bits] < at["Laplace"][bits] < at["t(3)"][bits]
            assert abs(at["normal"][bits]) < 0.01


def test_without_a_mask_by_magnitude_or_levels_of_one_maximum_no_expectation_is_known() -> None:
    shape = (8, 64)
    assert np.isnan(expected(Normal(), threshold(1), int_(4), shape))
    assert np.isnan(expected(Normal(), nm(2, 4), bcq(2), shape))
    assert expected(student(5), nm(2, 4), int_(8), shape) < expected(Normal(), nm(2, 4), int_(8), shape)


def test_the_caption_names_bits_at_which_it_pays_clearly() -> None:
    points = [Turned("w", bits, 1.0, after, 1.0, 1.0) for bits, after in ((2, 0.9), (3, 0.995), (4, 1.1))]
    assert RotationLaw("m", "nm(2, 4)", tuple(points)).caption.endswith("measured: w: 2.")
    assert rotation_law.KIND.name == "rotation_law"
