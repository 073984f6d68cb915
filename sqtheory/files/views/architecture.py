"""What the ``config.json`` beside a checkpoint says of the model: its kind, and how wide its layers are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

CONFIG = "config.json"
NESTED = ("text_config", "language_config", "llm_config", "thinker_config")
"""Parts of a ``config.json`` that describe the language model of a larger one."""
_LARGEST = 1 << 24


@final
@dataclass(frozen=True)
class Architecture:
    """The kinds that a configuration names (``gpt2``, ``gpt_oss``), and the widths of its hidden states."""

    kinds: frozenset[str] = frozenset()
    widths: frozenset[int] = frozenset()

    @property
    def is_known(self) -> bool:
        """Some kind is named."""
        return bool(self.kinds)

    @classmethod
    def beside(cls, path: Path) -> "Architecture":
        """What the folder of a checkpoint says; nothing where there is no such file or it is of another kind."""
        try:
            with (path.parent / CONFIG).open("rb") as file:
                text = file.read(_LARGEST + 1)
            content: Any = json.loads(text) if len(text) <= _LARGEST else None
        except (OSError, ValueError, RecursionError):
            return cls()
        places: list[Mapping[str, Any]] = [content] if _is_object(content) else []
        return cls.of([*places, *(place[key] for place in places for key in NESTED if _is_object(place.get(key)))])

    @classmethod
    def of(cls, places: list[Mapping[str, Any]]) -> "Architecture":
        """What the parts of a configuration say together."""
        kinds = {place.get("model_type") for place in places}
        widths = {place.get(key) for place in places for key in ("hidden_size", "n_embd", "d_model", "dim")}
        return cls(
            frozenset(kind for kind in kinds if type(kind) is str),
            frozenset(width for width in widths if type(width) is int),
        )


def _is_object(value: object) -> bool:
    return type(value) is dict
