"""Recipe files: TOML with one table ``[[rule]]`` for each rule, read by the standard library.

Keys of a rule are ``targets`` and ``ignore`` (a name or ``re:PATTERN``, or a list of them), ``mask``, ``format``,
``order`` (sq, qs, gain), ``frozen_scale``, ``axis`` and ``leave``; all may be missing but ``format``, unless
``leave = true``.
"""

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from sqtheory.exceptions import InputRefused
from sqtheory.execution.rules import RecipeRule, Rules
from sqtheory.files.checkpoints.tensors import plain
from sqtheory.orders.applied import ENTRYWISE, Order

LARGEST = 1 << 20
"""Bytes of a file that are read at all."""


def read_rules(path: str | os.PathLike[str]) -> Rules:
    """The rules of a file.

    Raises ValueError that names the file, the number of the rule and the key, for what is no TOML, for a key that is
    not known (with the nearest), and for a value that is none of that key; InputRefused where it cannot be opened.
    """
    file = Path(path)
    where = plain(str(file))
    try:
        with file.open("rb") as opened:
            octets = opened.read(LARGEST + 1)
    except OSError as error:
        raise InputRefused(f"{where}: cannot be opened: {error.strerror}") from error
    if len(octets) > LARGEST:
        raise ValueError(f"{where}: a recipe has at most {LARGEST} bytes")
    try:
        content = tomllib.loads(octets.decode())
    except (ValueError, RecursionError) as error:  # of TOML, or of UTF-8
        raise ValueError(f"{where}: not TOML: {plain(str(error))}") from error
    _check_keys(content, ("rule",), where)
    tables = content.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{where}: rules are tables, written [[rule]]")
    return Rules(tuple(_rule(table, f"{where}: rule {number}") for number, table in enumerate(tables, 1)), where)


def _rule(table: Mapping[str, Any], where: str) -> RecipeRule:
    _check_keys(table, tuple(KEYS), where)
    given = {key: KEYS[key](value, f"{where}: {key}") for key, value in table.items()}
    if "mask" in given:
        _try_alone({"mask": given["mask"], "format": "int4"}, f"{where}: mask")
    if "format" in given:
        _try_alone({"format": given["format"]}, f"{where}: format")
    try:
        return RecipeRule(**given)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _try_alone(given: dict[str, Any], where: str) -> None:
    """Raise ValueError that names the key, where it is this text that is no operator."""
    try:
        RecipeRule(**given)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _check_keys(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise ValueError(f"{where}: unknown key {plain(key)!r}: {advice}")


def _words(value: object, where: str) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        _refuse(where, "a name or re:PATTERN, or a list of them", value)
    return tuple(words)


def _text(value: object, where: str) -> str:
    return value if isinstance(value, str) and value else _refuse(where, "a text", value)


def _order(value: object, where: str) -> Order:
    known = [order.name for order in ENTRYWISE]
    if not isinstance(value, str) or value not in known:
        _refuse(where, f"one of {', '.join(known)}", value)
    return Order[value]


def _axis(value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or "=" in str(value):
        _refuse(where, "the number of an axis, or axes as --axis takes them", value)
    return str(value)


def _flag(value: object, where: str) -> bool:
    return value if isinstance(value, bool) else _refuse(where, "true or false", value)


def _refuse(where: str, needed: str, value: object) -> NoReturn:
    raise ValueError(f"{where} is {needed}, got {plain(repr(value))[:80]}")


KEYS: Mapping[str, Callable[[object, str], Any]] = {
    "targets": _words,
    "ignore": _words,
    "mask": _text,
    "format": _text,
    "order": _order,
    "frozen_scale": _flag,
    "axis": _axis,
    "leave": _flag,
}
"""How the value of each key of a rule is read."""
