"""What is said of a word that is not in the vocabulary: nothing but what can be written in its place."""

import inspect
import re
from collections.abc import Sequence
from typing import Any

from sqtheory.alphabet.formats import FORMATS
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.words import ALIAS_EXAMPLES, ALIASES, FLOATS, KINDS, OPERATORS

SHOWN = 17
"""Known words listed in a message."""


def a(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def unknown(what: str, word: str, known: Sequence[str], otherwise: str) -> str:
    """The message for a word that is none of what is ``known``; ``otherwise`` is the advice where nothing is."""
    from difflib import get_close_matches

    if what == "operator" and word in FORMATS:
        also = "mxfp" if word in FLOATS else "scaled"
        return f"{word} is a format, not an operator: write cast({word}) or {also}({word})"
    elsewhere = [k.what for k in KINDS.values() if word in k.names or word in k.constructors]
    near = get_close_matches(word[:40].lower(), known, n=1, cutoff=0.5)
    if what == "operator":  # mxfp8 before mxfp, which says nothing without an element
        near = get_close_matches(word[:40].lower(), [k for k in known if k in ALIAS_EXAMPLES], 1, 0.75) or near
    if elsewhere and what != "option":
        advice = f"it is {a(elsewhere[0])}"
    elif near:
        advice = f"did you mean {near[0]!r}?"
    elif known:
        advice = f"known are {', '.join(known[:SHOWN])}{', …' if len(known) > SHOWN else ''}"
    else:
        advice = otherwise
    return f"unknown {what} {word[:40]!r}: {advice}"


def operators(wanted: type[Any]) -> tuple[str, ...]:
    """The words for operators of a kind, constructors first: all for Operator itself."""
    named = (word for word, build in OPERATORS.items() if issubclass(_made(build), wanted))
    short = (word for word in ALIAS_EXAMPLES if isinstance(_alias(word), wanted))
    return tuple(dict.fromkeys((*named, *short)))


def _made(build: Any) -> type[Operator]:
    found: type[Operator] = inspect.signature(build).return_annotation
    return found if isinstance(found, type) and issubclass(found, Operator) else Operator


def _alias(word: str) -> Operator | None:
    for pattern, (_, build) in ALIASES.items():
        match = re.fullmatch(pattern, word, re.ASCII)
        if match:
            built: Operator = build(match)
            return built
    return OPERATORS[word]() if word in OPERATORS else None
