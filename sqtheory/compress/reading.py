"""Reading the report beside a checkpoint: only one that is, byte for byte, what apply writes."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sqtheory.alphabet.storage import Index
from sqtheory.compress.layout import Packing
from sqtheory.compress.recipe import Recipe
from sqtheory.compress.report import SCHEMA, Applied, LeftAlone, Report, signed
from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.tensors import plain, refused
from sqtheory.orders.applied import Order

MAX_REPORT = 256 << 20
"""Bytes of a report that are read at all."""

Kind = TypeVar("Kind")


def read_report(path: Path) -> Report:
    """The report that a file holds; CheckpointError where it is not one, or changed by a single bit.

    Its last value must be the hash of all others, and what follows from others must be what they make it.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_REPORT + 1)
    except FileNotFoundError as error:
        raise refused(path, "there is no such file: verify needs the report that apply wrote beside OUT") from error
    except OSError as error:
        raise refused(path, f"cannot be opened: {plain(str(error))}") from error
    if len(text) > MAX_REPORT:
        raise refused(path, f"a report has at most {MAX_REPORT} bytes")
    content = json_object(path, text, "the report")
    if content.get("schema") != SCHEMA:
        raise refused(path, f"not a report of schema {SCHEMA}")
    if signed(text.decode()).encode() != text:
        raise refused(path, "changed after it was written: its sha256 is not that of its text")
    try:
        report = _report(content)
        twice = [name for name, count in Counter(one.name for one in report.recorded).items() if count > 1]
        if twice:
            raise refused(path, "a report has every tensor once", twice[0])
        again = report.to_json().encode()
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise refused(path, f"not a whole report: {type(error).__name__}: {plain(str(error))}") from error
    if again != text:
        where = difference(report.to_dict(), {key: value for key, value in content.items() if key != "sha256"})
        raise refused(
            path, f"the report contradicts itself: {plain(where or 'its text is not laid out as apply does')}"
        )
    return report


def difference(made: object, said: object, where: str = "") -> str | None:
    """The first place where a JSON document says another thing than is made again, in words; None if none does."""
    if isinstance(made, dict) and isinstance(said, dict):
        for key in {**made, **said}:
            at = f"{where}.{key}" if where else str(key)
            if key not in made or key not in said:
                return f"{at} is {'missing' if key in made else 'one too many'}"
            found = difference(made[key], said[key], at)
            if found is not None:
                return found
        return None
    if isinstance(made, list) and isinstance(said, list) and len(made) == len(said):
        pairs = enumerate(zip(made, said, strict=True))
        return next((found for i, pair in pairs if (found := difference(*pair, f"{where}[{i}]"))), None)
    return None if type(made) is type(said) and made == said else f"{where} is {said!r}, not {made!r}"


def _report(content: Mapping[str, object]) -> Report:
    return Report(
        version=_text(content["version"]),
        recipe=_recipe(_mapping(content["recipe"])),
        packing=None if content["packing"] is None else _packing(_mapping(content["packing"])),
        source=_source(content["source"]),
        copied=_texts(content["copied"]),
        headers=_texts(content["headers"]),
        tensors=tuple(_applied(_mapping(one)) for one in _items(content["tensors"])),
        left_alone=tuple(_left_alone(_mapping(one)) for one in _items(content["left_alone"])),
    )


def _recipe(content: Mapping[str, object]) -> Recipe:
    return Recipe(
        mask=_text(content["mask"]),
        format=_text(content["format"]),
        order=Order[_text(content["order"])],
        norm=_real(content["norm"]),
        frozen_scale=_is(bool, content["frozen_scale"]),
        seed=_is(int, content["seed"]),
        statistics=None if "statistics" not in content else _text(content["statistics"]),
    )


def _packing(content: Mapping[str, object]) -> Packing:
    index = content["index"]
    return Packing(_text(content["layout"]), None if index is None else Index[_text(index)])


def _applied(content: Mapping[str, object]) -> Applied:
    readers: dict[str, Callable[[object], Any]] = {
        **dict.fromkeys(("name", "dtype", "open", "winner", "sha256"), _text),
        **dict.fromkeys(("x_norm", "e_s", "e_q", "e_sq", "e_qs", "e_sq_dense", "e_gain", "error"), _real),
        **dict.fromkeys(("rounded", "zeros", "bits_in_file"), lambda value: _is(int, value)),
        **dict.fromkeys(("patterns", "failed"), lambda value: tuple(_text(one) for one in _items(value))),
        "shape": _shape,
        "theorem": lambda value: None if value is None else _text(value),
        "on_grid": lambda value: _is(bool, value),
        "bits": lambda value: None if value is None else _is(int, value),
    }
    return Applied(**{name: read(content[name]) for name, read in readers.items()})


def _left_alone(content: Mapping[str, object]) -> LeftAlone:
    words = {name: _text(content[name]) for name in ("name", "dtype", "reason", "sha256")}
    return LeftAlone(shape=_shape(content["shape"]), **words)


def _is(kind: type[Kind], value: object) -> Kind:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"needed {kind.__name__}, got {value!r}")
    return value


def _text(value: object) -> str:
    return _is(str, value)


def _real(value: object) -> float:
    real = float(value) if isinstance(value, int | float | str) else math.nan
    if math.isnan(real):
        raise TypeError(f"needed a number, got {value!r}")
    return real


def _items(value: object) -> list[object]:
    return _is(list, value)


def _mapping(value: object) -> dict[str, object]:
    return _is(dict, value)


def _texts(value: object) -> dict[str, str]:
    return {_text(key): _text(text) for key, text in _mapping(value).items()}


def _source(value: object) -> dict[str, str]:
    source = _texts(value)
    if not source:
        raise ValueError("source names no file")
    return source


def _shape(value: object) -> tuple[int, ...]:
    return tuple(_is(int, n) for n in _items(value))
