"""The model of areas against the synthesis that its constants are of, and part by part against sums."""

import math

import pytest

from sqtheory.models.studies.hbfp.answers import density
from sqtheory.models.studies.hbfp.density import NARROW_SUMS, PUBLISHED, SYNTHESIS, Areas, Unit, reuse_of

MULTIPLIERS = {4: 30.861, 6: 69.498, 8: 122.715, 10: 189.4185, 12: 275.9265, 14: 377.622, 16: 493.4115}
ADDERS = {4: 7.533, 6: 12.15, 8: 16.767, 9: 19.0755, 10: 21.384, 12: 26.001, 16: 35.235}
CONVERSIONS = {4: 70.227, 6: 80.7975, 8: 91.368, 10: 102.303, 12: 113.481, 14: 121.743, 16: 136.9305}
BLOCKS = {  # bfloat16 to blocks of so many mantissas of so many bits
    (4, 2): 203.391,
    (4, 6): 354.537,
    (4, 32): 1281.825,
    (6, 2): 234.981,
    (6, 32): 1490.6835,
    (8, 4): 360.0045,
    (8, 32): 1695.7755,
}
"""µm² of jnbrq/hbfp_hardware_model, commit 1508fdb, eda/output."""


def test_lines_and_parabolas_are_near_the_synthesis() -> None:
    a = SYNTHESIS
    assert all(a.multiply * m**2 == pytest.approx(area, rel=0.04) for m, area in MULTIPLIERS.items())
    assert all(a.add * width - a.add_less == pytest.approx(area, abs=1e-9) for width, area in ADDERS.items())
    assert all(a.to_float * w + a.to_float_more == pytest.approx(area, rel=0.02) for w, area in CONVERSIONS.items())
    for (bits, block), area in BLOCKS.items():
        modelled = a.convert_more + (a.convert + a.convert_bit * bits) * block
        assert modelled == pytest.approx(area, rel=0.12), (bits, block)


def test_a_unit_is_the_sum_of_its_parts() -> None:
    """Eight multipliers of 4 bits: 4 adders of 9 bits, 2 of 10, 1 of 11."""
    a = Areas(1, 1, 0, 10, 0, 20, 30, 2, 0, 5, 100, 50)
    unit = Unit(4, 8, 2, a)
    added = {"multipliers": 16, "adder tree": (4 * 9 + 2 * 10 + 11) / 8, "exponent": 10 / 8, "to float": 20 / 8}
    assert unit.parts == {**added, "accumulation": 30 / 8, "converters": (5 + 2 * 8) / 8 / 2}
    assert unit.area == sum(unit.parts.values()) and unit.density == 150 / unit.area


def test_density_grows_with_the_block_and_falls_with_the_mantissa() -> None:
    by_block = [Unit(4, block).density for block in (4, 16, 64, 256, 1024)]
    by_bits = [Unit(bits, 64).density for bits in (4, 6, 8)]
    by_reuse = [Unit(4, 64, reuse).density for reuse in (1, 2, 8, math.inf)]
    assert by_block == sorted(by_block) and by_bits == sorted(by_bits, reverse=True) and by_reuse == sorted(by_reuse)


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: each.version)
def test_the_fitted_reuse_gives_the_published_ratio(published: object) -> None:
    ratio = published.ratio  # type: ignore[attr-defined]
    fitted = 0
    for areas in (SYNTHESIS, NARROW_SUMS):
        for block in (16, 64, 256):
            reuse = reuse_of(ratio, 4, block, areas)
            if reuse is None:
                assert Unit(4, block, areas=areas).density <= ratio
            else:
                assert Unit(4, block, reuse, areas).density == pytest.approx(ratio, rel=1e-12)
                fitted += 1
    assert fitted


def test_the_report_gives_both_and_says_which_is_fitted() -> None:
    found = density()
    assert found.table.header[-3:] == ("16.98× at reuse", "21.3× at reuse", "25× at reuse")
    row = next(row for row in found.table.rows if row[:2] == ("64", "bfloat16"))
    assert row[2] == f"{Unit(4, 64, areas=NARROW_SUMS).density:.2f}" and row[-1] == "65.8"
    assert "fitted" in found.sentences[0]
