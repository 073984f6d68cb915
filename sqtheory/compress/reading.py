"""Reading the report beside a checkpoint: only one that is, byte for byte, what apply writes."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqtheory.compress.report import SCHEMA, Report, signed
from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.tensors import plain, refused
from sqtheory.records import fits, from_json

MAX_REPORT = 256 << 20
"""Bytes of a report that are read at all."""


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
    except KeyError as error:
        raise refused(path, f"not a whole report: {plain(str(error))} is missing") from error
    except (TypeError, ValueError) as error:
        raise refused(path, f"not a whole report: {plain(str(error))}") from error
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


def _report(content: dict[str, Any]) -> Report:
    """The report without what is not its own but follows: the schema, the tie rule, bounds, the hash."""
    own = {"decoding": None, **_without(content, "schema", "sha256")}
    own["recipe"] = _recipe(content["recipe"])
    own["tensors"] = [_viewed(_without(one, "bound", "slack")) for one in content["tensors"]]
    own["left_alone"] = list(map(_viewed, content["left_alone"]))
    report = from_json(Report, own)
    for one in report.recorded:
        if one.view is not None:
            report.views[one.name].check(one.shape)
    return replace(report, recipe=report.recipe.seeing(report.views))


def _recipe(content: Any) -> Any:
    """A recipe as one object with its kind; each rule of one that has rules holds its targets."""
    if not fits(content, dict) or "rules" not in content:
        return {"kind": "uniform", "statistics": None, "axes": [], "method": "", **_without(content, "ties")}
    rules: list[Any] = content["rules"] if fits(content["rules"], list) else []
    named = {"rules": [_without(rule, "tensors") for rule in rules], "tensors": [rule["tensors"] for rule in rules]}
    return {"kind": "ruled", "statistics": None, "axes": [], **content, **named}


def _viewed(content: Any) -> Any:
    return {"view": None, **content} if fits(content, dict) else content


def _without(content: Any, *names: str) -> Any:
    return {key: part for key, part in content.items() if key not in names} if fits(content, dict) else content
