"""WordPiece as checkpoints shaped like BERT use it: words split at white space and signs, then into longest pieces."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

from sqtheory.exceptions import CheckpointError
from sqtheory.models.configurations import Companion, read, vocabulary

FIRST, LAST, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
INNER = "##"
"""What a piece starts with that does not start its word."""
LONGEST = 100
"""Characters of a word, beyond which it is unknown."""
IDEOGRAPHS = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F)),
    *((0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)),
)
"""Ranges of characters each of which is a word."""


@final
@dataclass(frozen=True, eq=False)
class WordPieces:
    """Texts as numbers of tokens (`wu2016google`, as `devlin2019bert` use it), without the tokens at both ends."""

    tokens: Sequence[str]
    lowercase: bool = True
    unaccented: bool = True
    ideographs: bool = True
    """Chinese characters are words of their own."""

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of every token."""
        return {token: number for number, token in enumerate(self.tokens)}

    @cached_property
    def _words(self) -> dict[str, tuple[int, ...]]:
        return {}

    def encode(self, text: str) -> list[int]:
        """The numbers of the tokens of a text; a word that no pieces make is one unknown token."""
        return [number for word in self._split(text) for number in self._word(word)]

    def _split(self, text: str) -> Iterator[str]:
        """Words and single signs, after what is done to characters."""
        kept = (character for character in text if not _is_control(character))
        spread = "".join(f" {c} " if self.ideographs and _is_ideograph(c) else c for c in kept)
        if self.unaccented:
            spread = "".join(c for c in unicodedata.normalize("NFD", spread) if unicodedata.category(c) != "Mn")
        if self.lowercase:
            spread = "".join(c.lower() for c in spread)  # one by one: no form of a letter depends on its neighbours
        return iter("".join(f" {c} " if _is_sign(c) else c for c in spread).split())

    def _word(self, word: str) -> tuple[int, ...]:
        if word not in self._words:
            self._words[word] = self._pieces(word)
        return self._words[word]

    def _pieces(self, word: str) -> tuple[int, ...]:
        """The longest piece that starts the word, and so on with the rest."""
        found, at, numbers = [], 0, self.numbers
        while at < len(word) <= LONGEST:
            ends = range(len(word), at, -1)
            pieces = ((end, numbers.get(word[at:end] if at == 0 else INNER + word[at:end])) for end in ends)
            end, number = next(((end, number) for end, number in pieces if number is not None), (at, None))
            if number is None:
                break
            found.append(number)
            at = end
        return tuple(found) if at == len(word) else (numbers[UNKNOWN],)


def word_pieces(folder: Path, size: int, family: str) -> WordPieces:
    """The tokenizer of a folder, of at most ``size`` tokens: tokenizer.json, or vocab.txt with tokenizer_config.json.

    Raises CheckpointError for any other tokenizer than BERT's.
    """
    whole, listed = folder / "tokenizer.json", folder / "vocab.txt"
    if whole.exists() or not listed.exists():
        found = _from_json(Companion.beside(folder, whole.name, family), size)
    else:
        found = _from_list(listed, folder, size, family)
    for token in (FIRST, LAST, UNKNOWN):
        if token not in found.numbers:
            raise CheckpointError(f"{folder}: the vocabulary of a {family} needs the token {token!r}")
    return found


def _from_json(file: Companion, size: int) -> WordPieces:
    model, normalizer = file.inner("model"), file.inner("normalizer")
    model.only(
        {
            "type": "WordPiece",
            "unk_token": UNKNOWN,
            "continuing_subword_prefix": INNER,
            "max_input_chars_per_word": LONGEST,
        }
    )
    normalizer.only({"type": "BertNormalizer", "clean_text": True})
    file.inner("pre_tokenizer").only({"type": "BertPreTokenizer"})
    lowercase = normalizer.flag("lowercase", True)
    unaccented, ideographs = normalizer.flag("strip_accents", lowercase), normalizer.flag("handle_chinese_chars", True)
    return WordPieces(vocabulary(model, size), lowercase, unaccented, ideographs)


def _from_list(file: Path, folder: Path, size: int, family: str) -> WordPieces:
    try:
        tokens = read(file, family).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{file}: not a text in UTF-8: {error.reason}") from error
    if len(tokens) > size or len(set(tokens)) < len(tokens):
        raise CheckpointError(f"{file}: needed at most {size} different tokens, got {len(tokens)}")
    said = Companion.beside(folder, "tokenizer_config.json", family)
    lowercase = said.flag("do_lower_case", True)
    unaccented, ideographs = said.flag("strip_accents", lowercase), said.flag("tokenize_chinese_chars", True)
    return WordPieces(tuple(tokens), lowercase, unaccented, ideographs)


def _is_control(character: str) -> bool:
    """What is left out: control, format, private and unassigned characters but tab and ends of lines; U+FFFD."""
    return character == "\ufffd" or (character not in "\t\n\r" and unicodedata.category(character)[0] == "C")


def _is_ideograph(character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in IDEOGRAPHS)


def _is_sign(character: str) -> bool:
    """Punctuation, and whatever in ASCII is neither a letter nor a digit."""
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character)[0] == "P"
