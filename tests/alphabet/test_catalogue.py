from sqtheory import parse
from sqtheory.alphabet import catalogue
from sqtheory.alphabet.formats import FORMATS
from sqtheory.alphabet.named_scores import SCORES


def test_every_format_has_a_line() -> None:
    assert [row[0] for row in catalogue.formats().rows] == list(FORMATS)


def test_every_value_has_a_line_in_ascending_order() -> None:
    for fmt in FORMATS.values():
        if fmt.bits <= 8:
            values = [float(row[1]) for row in catalogue.values(fmt).rows]
            assert values == sorted(values) and set(values) >= set(fmt.values.tolist())


def test_every_score_that_needs_no_argument_has_a_mask() -> None:
    written = [parse(row[0]) for row in catalogue.masks().rows]
    assert {s.score for s in written if s.score is not None} >= {*SCORES.values()}


def test_spellings_in_the_tables_mean_what_they_say() -> None:
    for table in (catalogue.quantizers(), catalogue.masks()):
        for row in table.rows:
            assert str(parse(row[0])) == row[1] and parse(row[0]) == parse(row[1])
