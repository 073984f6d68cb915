"""The kinds of operator that the alphabet holds."""

from typing import Any


def alphabet_kinds(base: type[Any]) -> set[type[Any]]:
    """The classes of the alphabet under an abstract one that are concrete."""
    below = {kind for child in base.__subclasses__() for kind in alphabet_kinds(child) | {child}}
    own = {kind for kind in below if kind.__module__.startswith("sqtheory.alphabet.")}
    return {kind for kind in own if not getattr(kind, "__abstractmethods__", None)}
