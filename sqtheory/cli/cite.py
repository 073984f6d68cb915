"""``sqtheory cite``: how to cite this software, a theorem, a source."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from sqtheory.cli.verb import Document, Verb

if TYPE_CHECKING:
    from sqtheory.proofs.references import Entry

DESCRIPTION = """\
Print a citation, as BibTeX or as the content of a CITATION.cff file (Citation File Format 1.2.0).

Without a name: of this software, in the version that is installed. With the name of a theorem: of the source it comes
from, with the place there; a theorem derived here cites the software. With a key: of that source."""

EXAMPLES = """\
examples:
  sqtheory cite
  sqtheory cite prune_first_bound
  sqtheory cite --all > references.bib
  sqtheory cite --all --cff > CITATION.cff"""

KINDS = {
    "article": "article",
    "book": "book",
    "inproceedings": "conference-paper",
    "misc": "generic",
    "techreport": "report",
}
"""Each kind of BibTeX entry as the Citation File Format calls it."""
PLAIN = {"journal": "journal", "volume": "volume", "edition": "edition", "url": "url", "howpublished": "notes"}
"""Fields of BibTeX that the Citation File Format has as they are, by its names."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("name", nargs="?", metavar="THEOREM|KEY", help="a theorem, or a key of references.bib")
    parser.add_argument("--all", action="store_true", help="this software and every source")
    parser.add_argument("--cff", action="store_true", help="as CITATION.cff of this software, with what is cited")


def run(arguments: argparse.Namespace) -> Document:
    """Print."""
    from sqtheory.proofs.references import references

    if arguments.name and arguments.all:
        raise ValueError("--all cites everything: leave the name out")
    known = references()
    cited, place = list(known.values()) if arguments.all else [], ""
    if arguments.name:
        found, place = _named(arguments.name, known)
        cited = [found] if found else []
    if arguments.cff:
        return Document(text=lambda render: _cff(cited))
    own = [] if arguments.name and cited else [_own_bibtex()]
    said = "\n\n".join([*own, *(entry.bibtex for entry in cited)]) + (f"\n% {place}" if place else "")
    return Document(text=lambda render: said)


def _named(name: str, known: "dict[str, Entry]") -> "tuple[Entry | None, str]":
    """The source of this name, None for this software, and the place in it."""
    from sqtheory.theory.theorems import find

    if name in known:
        return known[name], ""
    source = find(name).source
    return (None, f"theorem {name}") if source.key == "new" else (known[source.key], source.locator)


def _own() -> dict[str, str]:
    """What the installed package says of itself."""
    from importlib import metadata

    said = metadata.metadata("sqtheory")
    names = {"title": "Name", "abstract": "Summary", "author": "Author", "version": "Version"}
    return {field: said[name] for field, name in names.items()} | {"license": said["License-Expression"]}


def _own_bibtex() -> str:
    own = _own()
    title = f"{own['title']}: {own['abstract'].rstrip('.')}"
    fields = {"author": f"{{{own['author']}}}", "title": title, "version": own["version"], "note": own["license"]}
    inside = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@software{{sqtheory,\n{inside}\n}}"


def _cff(cited: "list[Entry]") -> str:
    """A document of the Citation File Format: YAML, every scalar and list as JSON writes it."""
    own = _own()
    document: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this software, please cite it as below.",
        "type": "software",
        **{name: own[name] for name in ("title", "abstract", "version", "license")},
        "authors": [{"name": own["author"]}],
        **({"references": [_reference(entry) for entry in cited]} if cited else {}),
    }
    lines = []
    for name, value in document.items():
        if isinstance(value, list):
            lines += [f"{name}:", *(f"  - {json.dumps(item, ensure_ascii=False)}" for item in value)]
        else:
            lines.append(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines)


def _reference(entry: "Entry") -> dict[str, Any]:
    """A source as the Citation File Format has it."""
    found: dict[str, Any] = {"type": KINDS[entry.kind], "title": entry.plain("title")}
    named = entry.authors or [("Anonymous", "")]
    found["authors"] = [{"family-names": f, "given-names": g} if g else {"name": f} for f, g in named]
    found["year"] = int(entry.plain("year"))
    found |= {name: entry.plain(field) for field, name in PLAIN.items() if entry.plain(field)}
    if entry.plain("booktitle"):
        found["collection-title"] = entry.plain("booktitle")
        found["conference"] = {"name": entry.plain("booktitle")}
    for role in ("publisher", "institution"):
        if entry.plain(role):
            found[role] = {"name": entry.plain(role)}
    if entry.plain("number"):
        found["issue" if entry.kind == "article" else "number"] = entry.plain("number")
    if pages := entry.plain("pages"):
        start, _, end = pages.partition("--")
        found |= {"start": start} | ({"end": end} if end else {})
    if entry.plain("eprint"):
        scheme = entry.plain("archiveprefix") or "other"
        found["identifiers"] = [{"type": "other", "value": f"{scheme}:{entry.plain('eprint')}"}]
    return found


VERB = Verb(
    name="cite",
    help="print how to cite this software, a theorem or a source",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    run=run,
)
