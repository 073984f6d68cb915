"""The JSON files that Hugging Face's layout keeps beside tensors: config.json and tokenizer.json, key by key."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.shards import inside
from sqtheory.records import fits


@final
@dataclass(frozen=True, eq=False)
class Companion:
    """The object in a JSON file, or one inside it; every refusal is a CheckpointError that names the file and key."""

    file: Path
    values: Mapping[str, Any]
    at: str = ""
    """The keys that lead here, each followed by a dot."""

    @classmethod
    def beside(cls, folder: Path, name: str, family: str) -> "Companion":
        """The file of this name in the folder of the tensors."""
        file = folder / name
        return cls(file, json_object(file, read(file, family), "the file"))

    def inner(self, key: str) -> "Companion":
        """The object under a key."""
        return Companion(self.file, self._checked(key, dict, "an object", ...), f"{self.at}{key}.")

    def count(self, key: str, usual: int | None = None) -> int:
        """A positive integer; ``usual`` where the key is absent or null."""
        found: int = self._checked(key, int, "a positive integer", usual)
        if found < 1:
            raise self.refused(key, "a positive integer")
        return found

    def number(self, key: str, usual: float | None = None) -> float:
        """A positive finite number; ``usual`` where the key is absent or null."""
        found = self._checked(key, float, "a positive number", usual)
        if not 0 < found < math.inf:
            raise self.refused(key, "a positive number")
        return float(found)

    def flag(self, key: str, usual: bool) -> bool:
        """True or false; ``usual`` where the key is absent or null."""
        return bool(self._checked(key, bool, "true or false", usual))

    def text(self, key: str, usual: str | None = None) -> str:
        """A text; ``usual`` where the key is absent or null."""
        return str(self._checked(key, str, "a text", usual))

    def list(self, key: str) -> "list[Any]":
        """A list, of anything."""
        found: list[Any] = self._checked(key, list, "a list", ...)
        return found

    def only(self, needed: Mapping[str, object]) -> None:
        """Refuse what cannot be computed: each key is absent, null or has the one value that can."""
        for key, value in needed.items():
            if self.values.get(key) not in (None, value):
                raise self.refused(key, "absent" if value is None else repr(value))

    def refused(self, key: str, needed: str) -> CheckpointError:
        """The refusal of the value under a key."""
        shown = repr(self.values[key]) if key in self.values else "no such key"
        shown = shown if len(shown) <= 200 else f"{shown[:200]}…"
        return CheckpointError(f"{self.file}: {self.at + key!r} must be {needed}, got {shown}")

    def _checked(self, key: str, kind: Any, needed: str, usual: object) -> Any:
        value = self.values.get(key)
        value = usual if value is None else value
        if not fits(value, kind):
            raise self.refused(key, needed)
        return value


def read(file: Path, family: str) -> bytes:
    """The content of a file that a family keeps beside its tensors."""
    if not file.exists():
        raise CheckpointError(f"{file}: there is no such file, and a {family} needs it beside its tensors")
    try:
        return inside(file.parent, file).read_bytes()
    except OSError as error:
        raise CheckpointError(f"{file}: cannot be read: {error.strerror}") from error


def vocabulary(model: Companion, size: int) -> tuple[str, ...]:
    """The tokens of ``vocab``, each under its own number below ``size``; empty where a number has none."""
    tokens = [""] * size
    for token, number in model.inner("vocab").values.items():
        if not fits(number, int) or not 0 <= number < size or tokens[number]:
            raise CheckpointError(
                f"{model.file}: token {token!r} needs a number of its own below {size}, got {number!r}"
            )
        tokens[number] = token
    return tuple(tokens)
