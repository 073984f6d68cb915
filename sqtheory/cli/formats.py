"""``sqtheory formats``: the element formats and the quantizers, or all values of one format."""

import argparse
from typing import TYPE_CHECKING

from sqtheory.cli.verb import MARKDOWN, Document, Verb, json_of

if TYPE_CHECKING:
    from sqtheory.alphabet.formats import Format


WHAT = ("formats", "quantizers", "aliases", "casts")
"""The tables by name."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="an element format: e2m1, int4, nf4, …")


def run(arguments: argparse.Namespace) -> Document:
    """Print the tables."""
    from sqtheory.alphabet import catalogue

    name = arguments.name
    everything = [catalogue.formats, catalogue.quantizers, catalogue.aliases, catalogue.casts]
    tables = [table() for table in everything] if name is None else [catalogue.values(_format(name))]
    listed = [[dict(zip(t.header, row, strict=True)) for row in t.rows] for t in tables]
    return Document(
        "sqtheory.formats/1",
        lambda: {"values": listed[0]} if name else dict(zip(WHAT, listed, strict=True)),
        lambda render: "\n\n".join(map(render, tables)),
    )


def _format(name: str) -> "Format":
    """The element format of this name; a quantizer's name is answered with that of its elements."""
    from sqtheory.alphabet.formats import Format
    from sqtheory.alphabet.notation import parse, parse_as
    from sqtheory.alphabet.quantizers import Quantizer
    from sqtheory.exceptions import SpellingError

    try:
        return parse_as(Format, "format", name)
    except SpellingError:
        try:
            q = parse(name)
        except SpellingError:
            q = None
        if isinstance(q, Quantizer):
            raise SpellingError(f"{name} is a quantizer, its elements are {q.format}", name, 0) from None
        raise


VERB = Verb(
    name="formats",
    help="list the number formats, or all values of one",
    description="List the element formats with their range and properties, the named quantizers built on them, "
    "the names under which tools know formats, and casts by what they make of numbers that are too large; with a NAME "
    "print every value of that format. Everything is computed from the definitions.",
    options=add_options,
    forms=(MARKDOWN, json_of("sqtheory.formats/1")),
    run=run,
)
