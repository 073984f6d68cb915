"""The witness of each theorem as a picture, and the figures that theorems point to."""

import numpy as np
import pytest

from sqtheory.show.figures import witness
from sqtheory.show.figures.catalogue import BY_NAME
from sqtheory.show.figures.style import STYLES, encode
from sqtheory.theory.theorems import ALL, BY_SLUG
from tests.nightly import thin
from tests.show.figures.texts import text_faults

DRAWN = {t.slug: data for t in ALL if (data := witness.compute(t)) is not None}


def test_every_theorem_has_a_figure_or_neither_exists() -> None:
    bare = [t.slug for t in ALL if t.slug not in DRAWN and t.slug not in witness.SHOWN]
    assert all(not isinstance(BY_SLUG[slug].witness, witness.Separation) for slug in bare)
    assert set(witness.SHOWN) <= set(BY_SLUG) and set(witness.SHOWN.values()) <= set(BY_NAME)
    assert len(DRAWN) > 20


@thin(10)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("slug", DRAWN)
def test_no_text_is_cut_or_covered(slug: str, style: str) -> None:
    assert text_faults(witness.draw(DRAWN[slug], STYLES[style]), STYLES[style]) == []


def test_the_first_separation_is_the_one_of_the_theorem() -> None:
    found = DRAWN["quantize_first_separation"]
    (_, x), (_, sq), (_, qs) = found.rows
    separation = BY_SLUG["quantize_first_separation"].witness
    assert isinstance(separation, witness.Separation)
    case = separation.cases[0]
    assert x == tuple(case.x[0])
    assert np.array_equal(sq, (case.s >> case.q)(case.x[0])) and np.array_equal(qs, (case.q >> case.s)(case.x[0]))
    assert found.errors[1] > found.errors[0]
    assert str(found.errors[0])[:5] in found.caption and len(found.table().rows) == len(x)


def test_equal_data_give_equal_bytes() -> None:
    data, style = DRAWN["quantize_first_bound"], STYLES["single"]
    assert encode(witness.draw(data, style), "svg", style) == encode(witness.draw(data, style), "svg", style)
