"""JSON objects from files: each key once, and every fault one refusal."""

import json
from collections import Counter
from pathlib import Path

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.tensors import plain, quoted, refused

MAX_ITEMS = 1 << 23
"""Values and brackets of a text that is read at all: what it makes in memory is bounded by these, not by its bytes."""


def json_object(path: Path, text: bytes, what: str) -> dict[str, object]:
    """The object that bytes of a file spell, in which no key comes twice; ``what`` names them in a CheckpointError."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            (key, _), *_ = Counter(key for key, _ in pairs).most_common(1)
            values = [value for name, value in pairs if name == key]
            texts = [quoted(value) for value in values if isinstance(value, str)][:2]
            both = f": {texts[0]} and {texts[1]}" if len(texts) == 2 else ""
            raise refused(path, f"{what} has the key {quoted(key)} twice{both}")
        return found

    items = sum(text.count(sign) for sign in b",[{")
    if items > MAX_ITEMS:
        raise refused(path, f"{what} has {items} commas and brackets, the limit is {MAX_ITEMS}")
    try:
        parsed = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except CheckpointError:
        raise
    except UnicodeDecodeError as error:
        raise refused(path, f"{what} is not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError as error:
        raise refused(path, f"{what} is nested too deeply") from error
    except ValueError as error:
        raise refused(path, f"{what} is not JSON: {plain(str(error))}") from error
    if not isinstance(parsed, dict):
        raise refused(path, f"{what} is not a JSON object")
    return parsed
