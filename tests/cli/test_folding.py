"""A folded table has lines of so many signs and every word of the table."""

from sqtheory.cli.folding import NARROWEST, folded
from sqtheory.tables import Table

TABLE = Table(("name", "what"), (("a-long-name", "many words that do not fit one line of few signs"), ("b", "few")))


def test_a_table_that_fits_is_as_it_is() -> None:
    assert folded(TABLE, 100) == TABLE.text()


def test_lines_have_so_many_signs_and_nothing_is_lost() -> None:
    text = folded(TABLE, 30)
    assert max(map(len, text.splitlines())) <= 30 and text.split() == TABLE.text().split()
    assert text.splitlines()[1:3] == ["a-long-name  many words that", " " * 13 + "do not fit one"]


def test_the_first_column_is_whole_and_others_are_not_too_narrow() -> None:
    narrow = folded(TABLE, 5).splitlines()
    assert max(map(len, narrow)) <= 11 + 2 + NARROWEST and narrow[-1].startswith("b            few")
    assert folded(Table(("a", "b"), (("x", "y" * 50),), "of few signs"), 30).startswith("of few signs\na")
