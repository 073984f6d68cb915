"""Operators written as text: ``parse("2:4 >> mxfp4")`` and back, ``parse(str(op)) == op``.

A closed vocabulary: every word is looked up in ``words``, and the annotations of a constructor say what
each of its arguments may be; nothing is imported or evaluated. Arrays, generators and custom formats have no
spelling of their own: they are named in the text and bound by the caller.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache, partial
from types import UnionType
from typing import Any, NoReturn, TypeAlias, TypeVar, Union, get_args, get_origin

import numpy as np

from sqtheory.alphabet import hints
from sqtheory.alphabet.hints import a
from sqtheory.alphabet.operators import Operator, chained
from sqtheory.alphabet.partition import Blocks, Heads, Partition, Tiles
from sqtheory.alphabet.words import KINDS, PARTITIONS
from sqtheory.arrays import FixedArray
from sqtheory.exceptions import SpellingError

Bindings: TypeAlias = Mapping[str, Any]
Value: TypeAlias = Any
Constructor: TypeAlias = Callable[..., Any]
Kind = TypeVar("Kind")

BOXES: Mapping[str, Any] = {"block": int, "per": Partition, "axis": int, "tile": tuple[int, int], "heads": int}
"""The keywords that together spell a partition."""
NUMBER = re.compile(r"[+-]?(\d+|(\d+\.\d*|\.\d+|\d+(?=e))(e[+-]?\d+)?)", re.ASCII | re.IGNORECASE)
INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
TOKEN = re.compile(r">>|[(),=/]|[^\s(),=/>]+|>")
MASK, QUANTIZER = "mask: try 2:4, 50% or top(0.5, per=row)", "quantizer: try int4, int4:b32, hbfp6 or mxfp4"
"""What is wanted where one of the two is, for ``parse_as``."""
DEPTH = 16
"""Parentheses in parentheses."""
LONGEST = 1000
"""Characters in a word or number."""


def parse(text: str, bindings: Bindings | None = None) -> Operator:
    """Read an operator or a chain ``a >> b >> c``; ``bindings`` gives the arrays, generators and formats it names.

    An array or a format is also found under the name that ``str`` prints for it; known words keep their meaning.
    Raises SpellingError naming the position and the nearest known word, also for parameters out of range.

    >>> print(parse("2:4 >> int4:b32"))
    nm(2, 4) >> int(4, block=32)
    """
    reader = _Reader(text, bindings or {})
    chain = reader.chain()
    reader.end()
    return chain


def parse_as(kind: type[Kind], what: str, text: Kind | str, bindings: Bindings | None = None) -> Kind:
    """Read an operator, a format or a tie rule and require its kind: a mask where a mask is wanted, and so on.

    ``what`` says what is wanted, for the SpellingError that anything else raises. What is no text is given back.
    """
    if not isinstance(text, str):
        return text
    base = next(known for known in KINDS if issubclass(kind, known))
    reader = _Reader(text, bindings or {}, kind)
    value = reader.chain() if base is Operator else reader.named("", base)
    reader.end()
    if not isinstance(value, kind):
        raise SpellingError(f"{value} is not {a(what)}", text, 0)
    return value


@cache
def _parameters(constructor: Constructor) -> tuple[dict[str, Any], list[str], list[str]]:
    """The parameters of a constructor with their types, those that need no keyword, and those that must be given."""
    named = inspect.signature(constructor).parameters
    types = {n: p.annotation for n, p in named.items()}
    if "per" in types:
        types |= BOXES
    positional = [n for n, p in named.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    return types, positional, [n for n, p in named.items() if p.default is p.empty]


def _types(annotation: Any) -> tuple[Any, ...]:
    """The types that a parameter takes; for anything array-like just an array."""
    union = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return (FixedArray,) if any(get_origin(t) is np.ndarray for t in union) else union


def _printed(value: Value) -> str | None:
    """The name that ``str`` prints for an array or a format."""
    try:
        return FixedArray(value).name if isinstance(value, np.ndarray | list) else getattr(value, "name", None)
    except (TypeError, ValueError):
        return None


class _Reader:
    """Reads tokens from left to right; every error names the character it is about."""

    def __init__(self, text: str, bound: Bindings, wanted: type[Any] | None = None) -> None:
        self.text, self.bound, self.wanted = text, bound, wanted
        self.tokens = [(m[0], m.start()) for m in TOKEN.finditer(text)] + [("", len(text))]
        self.next = self.depth = 0
        for word, at in self.tokens:
            if len(word) > LONGEST:
                self.fail(f"{word[:8]}… has {len(word)} characters, more than {LONGEST}", at)

    @property
    def current(self) -> tuple[str, int]:
        return self.tokens[self.next]

    def takes(self, symbol: str) -> bool:
        found = self.current[0] == symbol
        self.next += found
        return found

    def end(self) -> None:
        word, at = self.current
        if word:
            self.fail(f"needed >> or the end, got {word!r}", at)

    def chain(self) -> Operator:
        links: list[Operator] = [self.named("", Operator)]
        while self.takes(">>"):
            links.append(self.named("", Operator))
        return chained(links)

    def value(self, label: str, annotation: Any) -> Value:
        """The value of a parameter, which its annotation describes."""
        types = _types(annotation)
        word, at = self.current
        if Operator in types:
            return self.chain()
        if annotation == BOXES["tile"]:
            return self.pair(label)
        if {int, float} & {*types} and (NUMBER.fullmatch(word) or (word == "inf" and float in types)):
            return self.number(label, types)
        kind = next((t for t in types if t in KINDS), None)
        if kind is None or NUMBER.fullmatch(word):
            wanted = KINDS[kind].what if kind else "number" if float in types else "integer"
            self.fail(f"{label} needs {a(wanted)}, got {word!r}", at)
        return self.named(label, kind)

    def number(self, label: str, types: tuple[Any, ...]) -> int | float | Fraction:
        word, at = self.current
        self.next += 1
        if Fraction in types and self.takes("/"):
            below, _ = self.current
            self.next += 1
            if not (INTEGER.fullmatch(word) and INTEGER.fullmatch(below) and int(below)):
                self.fail(f"{label} needs a fraction of integers, got {word}/{below}", at)
            return Fraction(int(word), int(below))
        if int in types and INTEGER.fullmatch(word):
            return int(word)
        if float in types:
            return self.real(label, word, at)
        self.fail(f"{label} needs an integer, got {word!r}", at)

    def real(self, label: str, word: str, at: int) -> float:
        """A number that float64 holds: not ∞ for 1e999, nor 0 for 1e-999."""
        value = float(word)
        if (np.isinf(value) and word != "inf") or (value == 0 and set("123456789") & {*word.lower().split("e")[0]}):
            self.fail(f"{label} needs a number in the range of float64, got {word}", at)
        return value

    def pair(self, label: str) -> tuple[Value, Value]:
        _, at = self.current
        sizes = [self.value(label, int) for symbol in "(," if self.takes(symbol)]
        if len(sizes) < 2 or not self.takes(")"):
            self.fail(f"{label} needs two sizes, as in {label}=(4, 4)", at)
        return sizes[0], sizes[1]

    def named(self, label: str, kind: Any) -> Value:
        """A word of a kind, with its arguments if it has any; ``label`` is the parameter it is for."""
        words = KINDS[kind]
        word, at = self.current
        if not word or word in ">>(),=/":
            before = f" before {word!r}" if word else ""
            self.fail(f"{a(words.what)} is missing{f' for {label}' if label else ''}{before}", at)
        self.next += 1
        if self.current[0] == "(" and word in words.constructors:
            return self.call(words.constructors[word], word, at)
        found = self.bare(word, kind, at)
        if self.current[0] == "(":
            short = f": it is short for {found}" if kind is Operator else ""
            self.fail(f"{word} takes no arguments{short}", self.current[1])
        return found

    def bare(self, word: str, kind: Any, at: int) -> Value:
        """What a word without arguments means."""
        words = KINDS[kind]
        if word in words.names:
            return words.names[word]
        for pattern, (_, build) in words.patterns.items():
            match = re.fullmatch(pattern, word, re.ASCII)
            if match:
                return self.checked(partial(build, match), at)
        if word in words.constructors:
            return self.build(words.constructors[word], word, {}, {}, at)
        named = [self.bound[word]] if word in self.bound else []
        for value in named or [v for v in self.bound.values() if _printed(v) == word]:
            if kind is FixedArray:
                return self.checked(partial(FixedArray, value), at)
            if not isinstance(value, kind):
                self.fail(f"{word} is bound to {a(type(value).__name__)}, not {a(words.what)}", at)
            return value
        made = self.wanted if self.wanted and kind is Operator and not self.depth else None
        known = hints.operators(made) if made else (*words.names, *words.constructors, *words.examples)
        need = {k: build for k, build in words.constructors.items() if k not in words.names}
        written = (k for k in known if k not in need or self.can_write(need[k]))
        self.unknown(words.what, word, (*dict.fromkeys(written), *self.bound_to(kind)), at)

    def bound_to(self, kind: Any) -> list[str]:
        """The names of what is bound and is of a kind."""
        base: Any = (FixedArray, np.ndarray, list) if kind is FixedArray else kind
        return [name for name, value in self.bound.items() if isinstance(value, base)]

    def can_write(self, constructor: Constructor) -> bool:
        """Whoever writes to this reader can bind, or has been given, what the constructor cannot do without."""
        types, _, required = _parameters(constructor)
        needed = (_types(types[n]) for n in required)
        return self.wanted is None or all(
            self.bound_to(kinds[0]) for kinds in needed if kinds in ((FixedArray,), (np.random.Generator,))
        )

    def call(self, constructor: Constructor, word: str, at: int) -> Value:
        types, positional, _ = _parameters(constructor)
        arguments: dict[str, Value] = {}
        places: dict[str, int] = {}
        if self.depth == DEPTH:
            self.fail("too many parentheses in parentheses", self.current[1])
        self.next, self.depth = self.next + 1, self.depth + 1
        while not self.takes(")"):
            label, here = self.current
            if not label:
                self.fail("')' is missing", here)
            if self.tokens[self.next + 1][0] == "=":
                self.next += 2
                if label not in types:
                    self.unknown("option", label, tuple(types), here)
                if label in arguments:
                    self.fail(f"{label}= is given twice", here)
            else:
                label = next((n for n in positional if n not in arguments), "")
                if not label:
                    self.fail(f"{word} takes only {', '.join(positional) or 'options'} without a keyword", here)
            arguments[label], places[label] = self.value(label, types[label]), here
            if self.current[0] != ")" and not self.takes(","):
                self.fail("',' or ')' is missing", self.current[1])
        self.depth -= 1
        return self.build(constructor, word, arguments, places, at)

    def build(
        self, constructor: Constructor, word: str, arguments: dict[str, Value], places: dict[str, int], at: int
    ) -> Value:
        types, _, required = _parameters(constructor)
        if "per" in types:
            arguments = self.with_partition(arguments, places)
        missing = [n for n in required if n not in arguments]
        if missing:
            self.fail(f"{word} needs {'block=, tile=, heads= or per=' if missing[0] == 'per' else missing[0]}", at)
        return self.checked(partial(constructor, **arguments), at)

    def with_partition(self, arguments: dict[str, Value], places: dict[str, int]) -> dict[str, Value]:
        """``block=``, ``axis=``, ``per=``, ``tile=`` and ``heads=`` become the one parameter ``per``."""
        rest = {k: v for k, v in arguments.items() if k not in BOXES}
        axis, per = arguments.get("axis"), arguments.get("per")
        given = [k for k in ("block", "per", "tile", "heads") if k in arguments]
        if len(given) > 1:
            self.fail(f"{given[0]}= and {given[1]}= exclude each other", max(places[k] for k in given))
        if axis is not None and not {"block", "heads"} & {*given} and per is not PARTITIONS["channel"]:
            self.fail("axis= needs block=, heads= or per=channel", places["axis"])
        if not given:
            return rest
        value = arguments[given[0]]
        builders: dict[str, Callable[[], Partition]] = {
            "block": lambda: Blocks(value, -1 if axis is None else axis),
            "per": lambda: value if isinstance(value, Partition) else value(axis),
            "tile": lambda: Tiles(*value),
            "heads": lambda: Heads(value, axis or 0),
        }
        return {**rest, "per": self.checked(builders[given[0]], places[given[0]])}

    def checked(self, build: Callable[[], Value], at: int) -> Value:
        try:
            return build()
        except (TypeError, ValueError, ArithmeticError) as error:
            self.fail(str(error), at)

    def unknown(self, what: str, word: str, known: tuple[str, ...], at: int) -> NoReturn:
        bind = f"bind it, as in parse(text, {{{word[:40]!r}: …}})"
        otherwise = bind if self.wanted is None else "it has no spelling and is bound in Python only"
        self.fail(hints.unknown(what, word, known, otherwise), at)

    def fail(self, message: str, at: int) -> NoReturn:
        raise SpellingError(message, self.text, at)
