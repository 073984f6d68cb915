"""The entries of ``references.bib``."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import final

FILE = Path(__file__).with_name("references.bib")
HEAD = re.compile(r"@(\w+)\{(\w+),")
FIELD = re.compile(r"\s+(\w+) = \{(.*)\},?")
ACCENT = re.compile(r"\\(['`^\"~])\{?(\w)\}?")
COMBINING = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303"}


@final
@dataclass(frozen=True)
class Entry:
    """One source: its kind and fields as BibTeX spells them, and its lines."""

    key: str
    kind: str
    fields: dict[str, str]
    bibtex: str

    def plain(self, field: str) -> str:
        """A field in Unicode, without TeX's braces and accents; empty if it is absent."""
        value = ACCENT.sub(lambda m: unicodedata.normalize("NFC", m[2] + COMBINING[m[1]]), self.fields.get(field, ""))
        return re.sub(r"[{}]", "", value)

    @property
    def authors(self) -> list[tuple[str, str]]:
        """Family and given names; none if no author is known."""
        if "author" not in self.fields:
            return []
        named = (name.partition(", ") for name in self.plain("author").split(" and "))
        return [(family, given) for family, _, given in named]


def entries(text: str) -> dict[str, Entry]:
    """The entries of a file with one field a line, by key. Raises ValueError naming the line it cannot read."""
    found: dict[str, Entry] = {}
    key, kind, fields, lines = "", "", dict[str, str](), list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        lines.append(line)
        if head := HEAD.fullmatch(line):
            if head[2] in found:
                raise ValueError(f"line {number}: {head[2]!r} is there twice")
            kind, key, fields, lines = head[1], head[2], {}, [line]
        elif key and (field := FIELD.fullmatch(line)):
            fields[field[1]] = field[2]
        elif key and line == "}":
            found[key] = Entry(key, kind, fields, "\n".join(lines))
            key = ""
        elif line or key:
            raise ValueError(f"line {number}: neither the head, a field nor the end of an entry: {line!r}")
    if key:
        raise ValueError(f"the entry {key!r} has no end")
    return found


def references() -> dict[str, Entry]:
    """The sources of this project by key."""
    return entries(FILE.read_text(encoding="utf-8"))
