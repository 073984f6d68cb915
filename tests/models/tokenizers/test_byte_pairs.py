"""Byte pairs against merges by hand and what the tokenizers library (0.23) said of the same files."""

import pytest

from sqtheory.models.tokenizers.byte_pairs import NUMBERS, SINGLE_DIGITS, BytePairs
from tests.models.architectures.folders import MERGES, TOKENS


def test_merges_go_by_rank_and_never_across_words() -> None:
    pairs = BytePairs(TOKENS, MERGES)
    for text, expected in {
        "the the then 12": ["the", "Ġthe", "Ġthe", "n", "Ġ", "1", "2"],
        "th'll": ["th", "'", "l", "l"],
    }.items():
        assert [TOKENS[number] for number in pairs.encode(text)] == expected
    for text in ("naïve — 7 _x_\n\n  tabs\tand 中文 😀", "", " ", "a  b"):
        assert pairs.decode(pairs.encode(text)) == text
    with pytest.raises(ValueError, match="the vocabulary has no token 'z'"):
        BytePairs([t for t in TOKENS if t != "z"], MERGES).encode("zoo")


@pytest.mark.parametrize(
    ("text", "single", "whole"),
    [
        ("the 12  34", "the Ġ 1 2 Ġ Ġ 3 4", "the Ġ 12 Ġ Ġ 3 4"),
        ("12the", "1 2 the", "12 the"),
        ("_ 12_", "_ Ġ 1 2 _", "_ Ġ 12 _"),
    ],
)
def test_digits_are_words_or_numbers_are(text: str, single: str, whole: str) -> None:
    for words, expected in ((SINGLE_DIGITS, single), (NUMBERS, whole)):
        pairs = BytePairs(TOKENS, MERGES, words)
        assert [TOKENS[number] for number in pairs.encode(text)] == expected.split()


def test_white_space_before_a_single_digit_is_one_word() -> None:
    assert SINGLE_DIGITS.findall("a  1 \n b") == ["a", "  ", "1", " \n", " b"]
    assert NUMBERS.findall("a  12 \n b") == ["a", " ", " 12", " \n", " b"]
