"""Dataclasses and their JSON: the same value again, or a refusal that names the place."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Annotated, Any, final

import pytest

from sqtheory.records import Kinds, as_json, fits, from_json, sealed, unsealed


class Colour(Enum):
    red = "the colour of blood"
    blue = "the colour of the sky"


class Word(StrEnum):
    two_parts = "two-parts"


@final
@dataclass(frozen=True)
class Disc:
    radius: float


@final
@dataclass(frozen=True)
class Box:
    sides: tuple[int, ...]
    name: str = field(init=False, default="a box")


@final
@dataclass(frozen=True)
class Thing:
    shape: Annotated[Disc | Box, Kinds({"disc": Disc, "box": Box})]
    colour: Colour
    word: Word
    inside: "Thing | None"
    weights: tuple[float, ...]
    counts: Mapping[int, int]
    notes: Mapping[str, str]
    whole: bool


THING = Thing(
    Box((2, 3)),
    Colour.blue,
    Word.two_parts,
    Thing(Disc(2), Colour.red, Word.two_parts, None, (math.inf, 0.1), {}, {}, False),
    (-math.inf,),
    {4: 2, 10: 5},
    {"a": "b"},
    True,
)
JSON: dict[str, Any] = {
    "shape": {"kind": "box", "sides": [2, 3]},
    "colour": "blue",
    "word": "two-parts",
    "inside": {
        "shape": {"kind": "disc", "radius": 2.0},
        "colour": "red",
        "word": "two-parts",
        "inside": None,
        "weights": ["Infinity", 0.1],
        "counts": {},
        "notes": {},
        "whole": False,
    },
    "weights": ["-Infinity"],
    "counts": {"4": 2, "10": 5},
    "notes": {"a": "b"},
    "whole": True,
}


def test_a_value_is_its_json_and_back() -> None:
    assert as_json(THING) == JSON and list(as_json(THING)) == list(JSON)
    assert from_json(Thing, JSON) == THING
    assert type(from_json(Disc, {"radius": 2}).radius) is float, "an integer is read as the number it is"


WRONG: dict[str, tuple[tuple[str | int, ...], Any, str]] = {
    "no object": ((), [], "needed an object with the keys shape, colour"),
    "a kind of no name": (("shape", "kind"), "ring", "shape.kind is one of disc, box, got 'ring'"),
    "a kind of no text": (("shape", "kind"), ["disc"], "shape.kind is one of disc, box, got ['disc']"),
    "no kind": (("shape",), 3, "shape is an object with the key kind, got 3"),
    "no member": (("colour",), "green", "colour is one of red, blue, got 'green'"),
    "the member's value": (("colour",), "the colour of blood", "colour is one of red, blue"),
    "no word": (("word",), "two_parts", "word is one of two-parts"),
    "unhashable": (("word",), {}, "word is one of two-parts, got {}"),
    "no list": (("weights",), {}, "weights is a list, got {}"),
    "deep": (("inside", "weights", 1), "x", "inside.weights[1] is a number, got 'x'"),
    "truth for a number": (("inside", "weights", 1), True, "inside.weights[1] is a number, got True"),
    "beyond float64": (("inside", "weights", 1), 10**400, "inside.weights[1] is a number in the range of float64"),
    "real for an integer": (("shape", "sides", 0), 2.0, "shape.sides[0] is an integer, got 2.0"),
    "truth for an integer": (("counts", "4"), True, "counts.4 is an integer, got True"),
    "integer for truth": (("whole",), 1, "whole is true or false, got 1"),
    "no text": (("notes", "a"), None, "notes.a is a text, got None"),
    "no key": (("counts",), {"04": 1}, "counts is an object whose keys are integers, got '04'"),
    "null": (("colour",), None, "colour is one of red, blue, got None"),
}


@pytest.mark.parametrize(("at", "value", "rule"), WRONG.values(), ids=WRONG)
def test_what_no_value_writes_is_refused_by_its_place(at: tuple[str | int, ...], value: Any, rule: str) -> None:
    content = json.loads(json.dumps(JSON))
    inner = content
    for step in at[:-1]:
        inner = inner[step]
    if at:
        inner[at[-1]] = value
    else:
        content = value
    with pytest.raises(ValueError) as caught:
        from_json(Thing, content)
    assert rule in str(caught.value) and str(caught.value).isprintable()


def test_keys_that_are_missing_or_unknown_are_named() -> None:
    inner = {key: value for key, value in JSON["inside"].items() if key != "notes"}
    with pytest.raises(ValueError, match=r"inside is an object with the keys .*: 'notes' is missing"):
        from_json(Thing, {**JSON, "inside": inner})
    with pytest.raises(ValueError, match="shape is an object with the keys sides: 'name' is one too many"):
        from_json(Thing, {**JSON, "shape": {"kind": "box", "sides": [], "name": "x"}})


def test_a_value_of_no_kind_has_no_record() -> None:
    with pytest.raises(ValueError, match=r"there is no record of .*: known are disc, box"):
        as_json(Thing(Colour.red, *list(vars(THING).values())[1:]))


def test_a_sealed_line_reads_as_what_it_was_and_as_nothing_else() -> None:
    line = sealed(THING)
    assert line.endswith('"}\n') and line.count("\n") == 1 and unsealed(Thing, line) == THING
    for at in range(len(line)):
        changed = line[:at] + ("0" if line[at] != "0" else "1") + line[at + 1 :]
        assert unsealed(Thing, changed) is None, at
        assert unsealed(Thing, line[:at]) is None
    assert unsealed(Thing, sealed(Disc(1.0))) is None and unsealed(Thing, "[]") is None
    assert unsealed(Thing, "[" * 10**5) is None


def test_an_integer_is_a_number_and_no_truth_value_is() -> None:
    assert fits(1, float) and fits(1.0, float) and fits(1, int) and fits("", str) and fits([], list)
    assert not fits(True, float) and not fits(True, int) and not fits(1.0, int) and not fits(1, bool)
    assert fits([1, 2], list[int]) and not fits([1, True], list[int]) and not fits((1,), list[int])
    assert fits({"a": "b"}, dict[str, str]) and not fits({"a": 1}, dict[str, str]) and not fits([], dict[str, str])
