"""How often the package asks an operator for its class instead of what it can: a number that only shrinks."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import sqtheory

ROOT = Path(sqtheory.__file__).parent
ALPHABET = "alphabet"
KINDS = frozenset({"Operator", "Sparsifier", "Scaling", "Partition", "Format", "Rounding", "Score", "Ties"})
"""What may be asked for: the kinds of operator that a reader of text has to tell apart."""
BUDGET = 21
"""Type tests outside the alphabet. A change that lowers their number lowers this one."""


@cache
def sources() -> dict[str, str]:
    return {f.relative_to(ROOT).as_posix(): f.read_text(encoding="utf-8") for f in sorted(ROOT.rglob("*.py"))}


def operator_classes(files: dict[str, str]) -> frozenset[str]:
    """The classes of the alphabet below ``KINDS``, concrete ones and those between."""
    trees = [ast.parse(source) for file, source in files.items() if file.startswith(f"{ALPHABET}/")]
    bases = {
        node.name: {ast.unparse(base) for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found: set[str] = set()
    while more := {name for name, above in bases.items() if above & (KINDS | found)} - found:
        found |= more
    return frozenset(found - KINDS)


def type_tests(source: str, classes: frozenset[str]) -> Iterator[str]:
    """One line for each ``isinstance``, ``issubclass``, comparison of ``type(x)`` or class pattern of such classes."""
    for node in ast.walk(ast.parse(source)):
        asked: list[ast.expr] = []
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("isinstance", "issubclass")
        ):
            asked = node.args[1:]
        elif isinstance(node, ast.MatchClass):
            asked = [node.cls]
        elif isinstance(node, ast.Compare) and any(_is_type(side) for side in (node.left, *node.comparators)):
            asked = [side for side in (node.left, *node.comparators) if not _is_type(side)]
        names = {_name(part) for expression in asked for part in ast.walk(expression)} & classes
        if names:
            yield f"{asked[0].lineno}: {' | '.join(sorted(names))}"


def _is_type(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type"


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


@cache
def classes_that_count() -> frozenset[str]:
    return operator_classes(sources())


def test_the_package_asks_operators_what_they_can() -> None:
    files, classes = sources(), classes_that_count()
    found = [
        f"{file}:{line}"
        for file, source in files.items()
        if not file.startswith(f"{ALPHABET}/")
        for line in type_tests(source, classes)
    ]
    listed = "\n".join(found)
    print(f"{len(found)} type tests outside the alphabet:\n{listed}")
    assert len(found) <= BUDGET, f"{len(found)} type tests outside the alphabet, {BUDGET} allowed:\n{listed}"


def test_the_classes_that_count_are_all_of_them() -> None:
    classes = classes_that_count()
    assert {
        "TwoLevel",
        "FromMaximum",
        "TopSparsifier",
        "Blocks",
        "Quantizer",
        "ByOriginal",
        "Gain",
        "IntFormat",
    } <= classes
    assert not classes & KINDS and len(classes) > 40


ASKED = {
    "isinstance": ("isinstance(q.scaling, Frozen | Unscaled)", 1),
    "a tuple, qualified": ("isinstance(s, (sparsifiers.TopSparsifier, int))", 1),
    "issubclass": ("issubclass(kind, TwoLevel)", 1),
    "patterns": (
        "match s:\n    case Frozen() | Unscaled():\n        pass\n    case (Blocks(size=1),):\n        pass",
        3,
    ),
    "the type itself": ("type(x) is Blocks or Rows == type(x)", 2),
    "a kind": ("isinstance(s, Sparsifier) and isinstance(q, Operator)", 0),
    "another class": ("isinstance(x, Fraction) and type(x) is int", 0),
}


@pytest.mark.parametrize("name", ASKED)
def test_type_tests_are_seen(name: str) -> None:
    source, count = ASKED[name]
    assert len([*type_tests(source, classes_that_count())]) == count
