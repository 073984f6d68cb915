"""Byte-pair encoding of the GPT-2 family, of GGUF files or tokenizer.json: every byte a letter, merged by rank."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import final

PARTS = r"'s|'t|'re|'ve|'m|'ll|'d|{digits}| ?[^\W\d_]+| ?(?:[^\s\w]|_)+|{space}\s+(?!\S)|\s+"
SINGLE_DIGITS = re.compile(PARTS.format(digits=r"\d", space=r"\s+(?=\d)|"))
"""Contractions, single digits, letters with a space before, other signs, white space: no merge crosses these."""
NUMBERS = re.compile(PARTS.format(digits=r" ?\d+", space=""))
"""The same with whole numbers, a space before them as before letters (GPT-2)."""
PLAIN = (*range(33, 127), *range(161, 173), *range(174, 256))
"""Bytes that stand for themselves; the others are written as letters from 256 on (`radford2019language`)."""


def letters() -> Mapping[int, str]:
    """The letter for every byte."""
    others = [byte for byte in range(256) if byte not in PLAIN]
    return {byte: chr(byte) for byte in PLAIN} | {byte: chr(256 + i) for i, byte in enumerate(others)}


@final
@dataclass(frozen=True, eq=False)
class BytePairs:
    """Texts as numbers of tokens, and back; ``merges`` are pairs with a space between, the first to be merged first."""

    tokens: Sequence[str]
    merges: Sequence[str]
    words: re.Pattern[str] = SINGLE_DIGITS

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {token: number for number, token in enumerate(self.tokens)}

    @cached_property
    def _ranks(self) -> Mapping[tuple[str, ...], int]:
        return {tuple(pair.split(" ", 1)): rank for rank, pair in enumerate(self.merges)}

    @cached_property
    def _words(self) -> dict[str, tuple[int, ...]]:
        return {}

    def encode(self, text: str) -> list[int]:
        """The numbers of the tokens of a text. Raises ValueError where the vocabulary lacks one."""
        return [number for word in self.words.findall(text) for number in self._word(word)]

    def decode(self, numbers: Sequence[int]) -> str:
        """The text of tokens; bytes that are no UTF-8 are replaced."""
        byte_of = {letter: byte for byte, letter in letters().items()}
        content = bytes(byte_of[letter] for n in numbers for letter in self.tokens[n] if letter in byte_of)
        return content.decode("utf-8", "replace")

    def _word(self, word: str) -> tuple[int, ...]:
        if word not in self._words:
            spelled = letters()
            parts = [spelled[byte] for byte in word.encode()]
            while len(parts) > 1:
                best = min(pairwise(parts), key=lambda pair: self._ranks.get(pair, len(self._ranks)))
                if best not in self._ranks:
                    break
                parts = list(_merged(parts, best))
            try:
                self._words[word] = tuple(self._numbers[part] for part in parts)
            except KeyError as missing:
                raise ValueError(f"the vocabulary has no token {missing} of the word {word!r}") from None
        return self._words[word]


def _merged(parts: list[str], pair: tuple[str, ...]) -> Iterator[str]:
    at = 0
    while at < len(parts):
        if tuple(parts[at : at + 2]) == pair:
            yield "".join(pair)
            at += 2
        else:
            yield parts[at]
            at += 1
