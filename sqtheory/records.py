"""A dataclass and its JSON are one by the hints of its fields: what is read as a value is what that value writes.

A dataclass is an object of its fields, a tuple a list, a member of an enum its name (of a StrEnum its value); numbers
that JSON does not have are the texts NaN, Infinity and -Infinity.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum, StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NoReturn, TypeGuard, TypeVar, Union, final, get_args, get_origin, get_type_hints

from sqtheory.exceptions import real
from sqtheory.tables import json_ready

Value = TypeVar("Value")
BEYOND = ("NaN", "Infinity", "-Infinity")
SINGLE: Mapping[Any, str] = {int: "an integer", float: "a number", str: "a text", bool: "true or false"}
"""The types of a single value, and what a refusal calls them."""


_PLAIN: Mapping[type[object], frozenset[type[object]]] = {
    float: frozenset({int, float}),
    **{kind: frozenset({kind}) for kind in (int, str, bool, dict, list)},
}
"""The types that a parsed value of a type may have."""


@final
@dataclass(frozen=True)
class Kinds:
    """In a hint, ``Annotated[Scales, Kinds({"none": NoScales, …})]``: the class that the key ``kind`` names."""

    classes: Mapping[str, type]


def fits(value: object, kind: type[Value]) -> TypeGuard[Value]:
    """Whether a parsed value is of a type as it stands: an integer is a float too, a truth value no integer."""
    plain = _PLAIN.get(kind)
    if plain is not None:
        return type(value) in plain
    hint: Any = kind
    origin, inner = _origin(hint)
    if origin is list:
        return type(value) is list and _all_fit(value, inner[0])
    if origin is dict:
        return type(value) is dict and _all_fit(value.values(), inner[1])
    return type(value) is kind


def _all_fit(values: Collection[object], kind: type[object]) -> bool:
    plain = _PLAIN.get(kind)
    return all(fits(one, kind) for one in values) if plain is None else plain.issuperset(map(type, values))


@cache
def _origin(kind: type[object]) -> tuple[object, tuple[type[object], ...]]:
    return get_origin(kind), get_args(kind)


def as_json(value: Any, hint: Any = None) -> Any:
    """The parsed JSON of a value, by the hint of where it stands. Raises ValueError for one of no kind of the hint."""
    kind, kinds, _ = _unfolded(type(value) if hint is None else hint)
    if value is None:
        return None
    if kinds is not None:
        names = [name for name, one in kinds.classes.items() if type(value) is one]
        if not names:
            raise ValueError(f"there is no record of {value}: known are {', '.join(kinds.classes)}")
        return {"kind": names[0], **as_json(value)}
    own: Any = type(value)
    if _is_record(own):
        return {name: as_json(getattr(value, name), inner) for name, inner in _hints(own).items()}
    if isinstance(value, Enum):
        return _word(value)
    if isinstance(value, tuple):
        return [as_json(part, get_args(kind)[0]) for part in value]
    if isinstance(value, Mapping):
        return {str(key): as_json(part, get_args(kind)[1]) for key, part in value.items()}
    return json_ready(float(value) if kind is float else value)


def from_json(kind: type[Value], content: object) -> Value:
    """The value whose parsed JSON this is.

    Raises ValueError that names the place (``recipe.norm``) and what it needs, for a key that is missing, one that is
    unknown, and a value of another type; and what the classes themselves raise.
    """
    value: Value = _read(kind, content, "")
    return value


def sealed(value: object) -> str:
    """A dataclass as one line of JSON that ends with its own SHA-256."""
    content = json.dumps(as_json(value), allow_nan=False)
    return f'{content[:-1]}, "sha256": "{hashlib.sha256(content.encode()).hexdigest()}"}}\n'


def unsealed(kind: type[Value], text: str) -> Value | None:
    """The value that ``sealed`` writes as this very text; None for a text that is cut or changed."""
    try:
        content = json.loads(text)
        del content["sha256"]
        value = from_json(kind, content)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return value if sealed(value) == text else None


def _read(hint: Any, value: Any, at: str) -> Any:
    kind, kinds, optional = _unfolded(hint)
    if value is None and optional:
        return None
    if kinds is not None:
        named = _fitting(dict, value, at, "an object with the key kind")
        chosen = _one_of(kinds.classes, named.get("kind"), _below(at, "kind"))
        return _read(chosen, {key: part for key, part in named.items() if key != "kind"}, at)
    if _is_record(kind):
        hints = _hints(kind)
        needed = f"an object with the keys {', '.join(hints)}"
        found = _fitting(dict, value, at, needed)
        for name in (*hints, *found):
            if name not in hints or name not in found:
                _refuse(at, f"{needed}: {name!r} is {'missing' if name in hints else 'one too many'}")
        return kind(**{name: _read(inner, found[name], _below(at, name)) for name, inner in hints.items()})
    if get_origin(kind) is tuple:
        parts = _fitting(list, value, at, "a list")
        return tuple(_read(get_args(kind)[0], part, f"{at}[{i}]") for i, part in enumerate(parts))
    if get_origin(kind) is not None:
        to, inner = get_args(kind)
        pairs = _fitting(dict, value, at, "an object").items()
        return {_key(to, name, at): _read(inner, part, _below(at, name)) for name, part in pairs}
    if kind not in SINGLE:
        return _one_of({_word(member): member for member in kind}, value, at)
    if kind is float and value in BEYOND:
        return float(value)
    single = _fitting(kind, value, at, SINGLE[kind])
    return real(single, at) if kind is float else single


def _fitting(kind: type[Value], value: object, at: str, needed: str) -> Value:
    return value if fits(value, kind) else _refuse(at, f"{needed}, got {_short(value)}")


def _one_of(known: Mapping[str, Value], value: object, at: str) -> Value:
    if fits(value, str) and value in known:
        return known[value]
    _refuse(at, f"one of {', '.join(known)}, got {_short(value)}")


def _key(kind: type, name: str, at: str) -> str | int:
    """The key of a mapping, an integer in its one spelling where the keys are integers."""
    if kind is str:
        return name
    if not name.isdecimal() or len(name) > 20 or str(int(name)) != name:
        _refuse(at, f"an object whose keys are integers, got {_short(name)}")
    return int(name)


def _refuse(at: str, needed: str) -> NoReturn:
    raise ValueError(f"{at} is {needed}" if at else f"needed {needed}")


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"


def _below(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _word(member: Enum) -> str:
    return member.value if isinstance(member, StrEnum) else member.name


def _unfolded(hint: Any) -> tuple[Any, Kinds | None, bool]:
    """The type in a hint, its kinds, and whether None may stand there."""
    if get_origin(hint) in (Union, UnionType):
        [present] = [one for one in get_args(hint) if one is not NoneType]
        return (*_unfolded(present)[:2], True)
    if get_origin(hint) is Annotated:
        inner = get_args(hint)[0]
        return inner, next(one for one in hint.__metadata__ if isinstance(one, Kinds)), NoneType in get_args(inner)
    return hint, None, False


def _is_record(kind: object) -> bool:
    return isinstance(kind, type) and is_dataclass(kind)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The hints of the fields that a dataclass is made of, in their order."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind) if field.init}
