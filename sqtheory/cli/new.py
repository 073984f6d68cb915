"""``sqtheory new theorem SLUG``: the two files of a theorem, to be filled in."""

import argparse
import re
from pathlib import Path

from sqtheory.cli.verb import Document, Verb

STATEMENT = '''"""TITLE."""

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ, NORM
from sqtheory.theory.theorem import Theorem

THEOREM = Theorem(
    slug="SLUG",
    title="TITLE",
    claims=(Claim(ERROR_QS, "<=", ERROR_SQ),),
    where=(ERROR_QS, ERROR_SQ),
    given=(NORM.shown(Case.of([1, 1], int_(4), nm(1, 2), 0.5)),),
    domain=Domain(x=Arrays(8), q=OneOf(int_(4)), s=OneOf(nm(2, 4)), p=OneOf(1.0, 2.0)),
    witness=NoneKnown("it has not been looked for yet"),
    source=NEW,
)
'''
PROOF = '''"""TITLE: its proof."""

from sqtheory.theory.theorems.SLUG import THEOREM

from .conclusions import Concludes
from .proof import Proof
from .shapes import Groups

PROOF = Proof(THEOREM, steps=(Concludes(Groups(2, 4)),))
'''
LIST = Path("sqtheory/theory/theorems/__init__.py")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("kind", choices=("theorem",), help="what to begin")
    parser.add_argument("slug", metavar="SLUG", help="its name: small letters, digits and _")
    parser.add_argument("--title", default=None, metavar="SENTENCE", help="what it says, without a full stop (SLUG)")
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the folder of the source (here)")


def run(arguments: argparse.Namespace) -> Document:
    """Write both files; nothing that is there is replaced, and nothing is written unless both can be."""
    slug, root = arguments.slug, arguments.root
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        raise ValueError(f"a theorem is named by small letters, digits and _, not {slug!r}")
    if not (root / LIST).is_file():
        raise ValueError(f"{root / LIST} is missing: this is written in the folder of the source, or name it by --root")
    title = arguments.title or slug
    if '"' in title or "\n" in title or "\\" in title:
        raise ValueError(f"a title is one line without quotation marks and backslashes, not {title!r}")
    files = {LIST.parent / f"{slug}.py": STATEMENT, Path("proofs") / f"{slug}.py": PROOF}
    for path in files:
        if (root / path).exists():
            raise ValueError(f"{root / path} is there already")
    for path, text in files.items():
        with (root / path).open("x", encoding="utf-8") as file:
            file.write(text.replace("SLUG", slug).replace("TITLE", title))
    written = "\n".join(f"    {path}" for path in files)
    again = f"pytest tests/theory/test_theorems.py -k {slug}"
    told = (
        f"written:\n{written}\n\n"
        f"Its claim is false until it is yours: e_qs ≤ e_sq. Register it by two lines in {LIST}:\n"
        f"    {slug},             among the names imported\n"
        f"    {slug}.THEOREM,     in ALL, where the tables shall print it\n\n"
        f"sqtheory prove {slug} then shows what its proof lacks; {again} tries it, drops each\n"
        "assumption and looks at its witness; python -m tests.readme gives it its rows in the tables."
    )
    return Document(text=lambda render: told)


VERB = Verb(
    name="new",
    help="begin a theorem: write its statement and its proof as files to fill in",
    description="Write the two files of a new theorem in the folder of the source, its statement and its proof, with a "
    "false claim in the place of yours, so that the test suite refutes it until it is replaced; and say by which two "
    "lines it is registered. Files that are there are never replaced.",
    options=add_options,
    run=run,
)
