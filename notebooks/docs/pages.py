"""The pages that Sphinx reads: those written by hand, with their links, and those computed from what they describe."""

import contextlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

from sqtheory.cli import main
from sqtheory.cli.verbs import VERBS
from sqtheory.methods import ALL as WORKS
from sqtheory.methods import Work
from sqtheory.methods.telling import method_parts
from sqtheory.proofs import machine_checked
from sqtheory.proofs.proof import proof_of
from sqtheory.show.figures import witness
from sqtheory.show.figures.catalogue import BY_NAME
from sqtheory.show.figures.data import Request
from sqtheory.show.figures.style import DOUBLE, SINGLE, encode
from sqtheory.tables import Table
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, BY_SLUG

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "notebooks" / "docs"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)")
"""A link to a file: what it says, the path, the place there."""
COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
QUICK_START = ("In Python", "One theorem")
"""Sections of the README that a reader needs first."""
EXAMPLE = "margin.py"
"""The theorem that is shown whole, its statement and its proof."""
MODULES: Mapping[str, str] = {
    "sqtheory": "Operators, formats, errors, orders",
    "sqtheory.theory.theorems": "The registry",
    "sqtheory.theory.theorem": "Theorems",
    "sqtheory.theory.claims": "Quantities, claims, assumptions, witnesses",
    "sqtheory.theory.case": "Cases",
    "sqtheory.theory.domain": "Domains",
    "sqtheory.theory.render": "Claims as text and LaTeX",
    "sqtheory.theory.decide": "Proved, refuted or open",
    "sqtheory.theory.expectations": "Expected order gaps",
    "sqtheory.theory.certificates": "Certificates of layers",
    "sqtheory.theory.price": "What neither order can beat",
    "sqtheory.files.checkpoints": "Reading and writing checkpoints",
    "sqtheory.execution": "Sweeps",
    "sqtheory.compress": "Compressing checkpoints",
    "sqtheory.files.packing": "Packed tensors",
    "sqtheory.methods": "Published methods",
    "sqtheory.tools": "Pruners and quantizers of the field",
    "sqtheory.models": "Running models",
    "sqtheory.strategies": "Strategies for property tests",
}
"""Modules with a page of their own, and its title."""
HIDDEN = "\n```{toctree}\n:hidden:\n:maxdepth: 1\n\n"
BELOW: Mapping[str, str] = {
    "theorems.md": HIDDEN + "\n".join(f"theorems/{t.slug}" for t in ALL) + "\n```\n",
    "methods.md": HIDDEN + "\n".join(f"methods/{w.name}" for w in WORKS) + "\n```\n",
}
"""What the documentation adds to pages written by hand: the lists of theorems and of published works."""
WHOLE_THEOREM = """
## A whole theorem

Its statement:

```{literalinclude} extend/statement.py
:language: python
```

and its proof:

```{literalinclude} extend/proof.py
:language: python
```
"""
"""The end of the page for contributors."""
MODEL = "zoo:vit-dense"
"""Of what figures are that need a model: the smaller one."""
Shown: TypeAlias = tuple[str, str, str]
"""A figure by its name, as SVG, with its caption in Markdown."""


class Undischarged(Exception):
    """A line of a proof that no machine confirmed while the pages were written."""


def pages() -> Iterator[tuple[str, str]]:
    """Every generated page: its path and its text. Raises Undischarged."""
    yield "quickstart.md", quick_start((ROOT / "README.md").read_text(encoding="utf-8"))
    for path in sorted(DOCS.glob("*.md")):
        yield path.name, linked(path.read_text(encoding="utf-8"), DOCS) + BELOW.get(path.name, "")
    yield "contributing.md", linked(CONTRIBUTING.read_text(encoding="utf-8"), CONTRIBUTING.parent) + WHOLE_THEOREM
    for theorem in ALL:
        shown = figures_of(theorem)
        yield from ((f"theorems/{name}.svg", svg) for name, svg, _ in shown)
        yield f"theorems/{theorem.slug}.md", theorem_page(theorem, shown)
    for work in WORKS:
        yield f"methods/{work.name}.md", work_page(work)
    verbs = [verb.name for verb in VERBS]
    yield "commands/index.md", listing("Command line", help_of(), verbs)
    for verb in verbs:
        yield f"commands/{verb}.md", f"# sqtheory {verb}\n\n{help_of(verb)}"
    yield "api/index.md", listing("Python", "What can be imported, from the docstrings.\n", MODULES)
    for module, title in MODULES.items():
        yield f"api/{module}.md", f"# {title}\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n```\n"
    yield "cite.md", cite_page()
    for name, folder in {"statement": "sqtheory/theory/theorems", "proof": "proofs"}.items():
        yield f"extend/{name}.py", (ROOT / folder / EXAMPLE).read_text(encoding="utf-8")


def listing(title: str, above: str, names: Iterable[str]) -> str:
    """A page that leads to others in its folder."""
    return f"# {title}\n\n{above}\n```{{toctree}}\n:maxdepth: 1\n\n" + "\n".join(names) + "\n```\n"


def quick_start(readme: str) -> str:
    """The head of the README and its first sections."""
    head, *sections = re.split(r"^## ", readme, flags=re.MULTILINE)
    chosen = {title: body for title, _, body in (s.partition("\n") for s in sections)}
    parts = [head.replace("# sqtheory", "# Quick start", 1)]
    parts += [f"## {title}\n{chosen[title]}" for title in QUICK_START]
    return linked("".join(parts), ROOT)


def linked(text: str, folder: Path) -> str:
    """A page written by hand in a folder, its links to theorems and pages as they are in the documentation.

    Theorems, proofs and notebooks have pages of their own; of other files in the repository a link leaves its text.
    """

    def link(match: re.Match[str]) -> str:
        says, path, place = match[1], (folder / match[2]).resolve(), match[3] or ""
        if path == CONTRIBUTING:
            return f"[{says}](contributing.md{place})"
        if DOCS in path.parents:
            return f"[{says}]({path.relative_to(DOCS).as_posix()}{place})"
        if path.suffix == ".ipynb":
            return f"[{says}](notebooks/{path.name})"
        if path.suffix == ".py" and path.stem in BY_SLUG:
            return f"[{says}](theorems/{path.stem}.md{'#proof' * (path.parent.name == 'proofs')})"
        return says

    return LINK.sub(link, COMMENT.sub("", text))


def theorem_page(theorem: Theorem, shown: Iterable[Shown]) -> str:
    """Statement, assumptions, witness, figures, source, and every line of the proof with what discharged it."""
    _, _, statement = theorem.markdown().partition("\n")
    parts = [f"# {theorem.slug}", statement, bib_entry(theorem.source.key)]
    parts += [f"```{{figure}} {name}.svg\n:alt: {name}\n\n{caption}\n```" for name, _, caption in shown]
    parts += ["## Proof", proof_table(theorem).markdown()]
    parts.append(f"Statement: `sqtheory/theory/theorems/{theorem.slug}.py`. Proof: `proofs/{theorem.slug}.py`.")
    for name in theorem.formal:
        file, text = machine_checked.statement(name)
        parts.append(f"In Coq, `proofs/formal/{file}`:\n\n```coq\n{text}\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def work_page(work: Work) -> str:
    """What ``sqtheory methods NAME`` prints of a published work, computed now, its theorems and its source."""
    parts = [part if isinstance(part, str) else part.markdown() for part in method_parts(work)]
    theorems = ", ".join(f"[{t.slug}](../theorems/{t.slug}.md)" for t in work.theorems)
    ends = [f"Theorems: {theorems}."] if theorems else []
    return "\n\n".join([f"# {work.name}", *parts, *ends, bib_entry(work.source.key)]) + "\n"


def figures_of(theorem: Theorem) -> list[Shown]:
    """The figure of the catalogue that shows a theorem, and its witness: name, SVG and caption of each there is."""
    found = []
    if theorem.slug in witness.SHOWN:
        found.append(catalogue_figure(witness.SHOWN[theorem.slug]))
    if (data := witness.compute(theorem)) is not None:
        svg = encode(witness.draw(data, SINGLE), "svg", SINGLE).decode()
        found.append((f"witness_{theorem.slug}", svg, plain(data.caption)))
    return found


@cache
def catalogue_figure(name: str) -> Shown:
    """A figure as ``sqtheory figure`` draws it of the smallest model."""
    command = f"sqtheory figure {name} --model {MODEL}"
    files = BY_NAME[name].files(Request(MODEL), DOUBLE, ("svg",), command)
    caption = files[f"{name}.txt"].decode().removesuffix(f"\n\n{command}\n")
    return name, files[f"{name}.svg"].decode(), f"{plain(caption)} Drawn by `{command}`."


def plain(text: str) -> str:
    """Text in Markdown as it is, whatever signs are in it."""
    return re.sub(r"([\\`*_\[\]<>$|])", r"\\\1", text)


def proof_table(theorem: Theorem) -> Table:
    """The lines of a proof, discharged now. Raises Undischarged naming the first that is not."""
    rows = []
    for line in proof_of(theorem).lines():
        if not line.discharged:
            raise Undischarged(f"{theorem.slug}: {line.says}: {line.detail}")
        rows.append((line.status, line.says))
    return Table(("by", "line"), tuple(rows))


def bib_entry(key: str) -> str:
    """The entry of ``references.bib``; empty for what is new here."""
    text = (ROOT / "proofs" / "references.bib").read_text(encoding="utf-8")
    found = re.search(rf"^@\w+\{{{re.escape(key)},.*?^\}}", text, re.DOTALL | re.MULTILINE)
    return f"```bibtex\n{found[0]}\n```" if found else ""


def help_of(*verb: str) -> str:
    """What ``--help`` prints."""
    return f"```text\n{printed(*verb, '--help')}```\n"


def printed(*words: str) -> str:
    """What a command prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        main(words)
    return output.getvalue()


def cite_page() -> str:
    """How to cite this version, and what it builds on: what ``sqtheory cite`` prints."""
    return (
        f"# How to cite\n\n```bibtex\n{printed('cite')}```\n\nThe same as the file `CITATION.cff` of a repository that "
        f"uses it:\n\n```yaml\n{printed('cite', '--cff')}```\n\nEvery theorem names its source. If you use one, cite "
        "that source too: `sqtheory cite THEOREM` prints it. All sources, and this software (`sqtheory cite --all`):"
        f"\n\n```bibtex\n{printed('cite', '--all')}```\n"
    )
