"""What verbs print, safe to read: no character of a name moves the cursor, hides, or turns what follows around."""

import sys
from typing import Any


def print_json(document: Any) -> None:
    """Print one JSON object on one line, as ``sqtheory.tables.json_text`` writes it; every ``--json`` comes here."""
    from sqtheory.tables import json_text

    print(json_text(document))


def print_text(text: str, *, to_stderr: bool = False) -> None:
    """Print lines in which names and paths may stand; what in them does not print is shown as its escape."""
    from sqtheory.tables import shown

    print("\n".join(map(shown, text.split("\n"))), file=sys.stderr if to_stderr else sys.stdout)


def say(sentence: str) -> None:
    """Print a sentence on stderr, as the words of this program."""
    print_text(f"sqtheory: {sentence}", to_stderr=True)
