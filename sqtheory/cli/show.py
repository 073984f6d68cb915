"""``sqtheory show SLUG``: one theorem, its assumptions, its witness, its proof; or what an assumption is for."""

import argparse
from typing import TYPE_CHECKING

from sqtheory.cli import options
from sqtheory.cli.verb import Document, Form, Verb

if TYPE_CHECKING:
    from sqtheory.theory.theorem import Theorem


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("slug", metavar="SLUG", help="prune_first_dominates, swap_constant, …")
    parser.add_argument(
        "--drop",
        default=None,
        metavar="ASSUMPTION",
        help="solve it again without this assumption, and look for a tensor on which it fails",
    )
    options.add_seed(parser, "seed of the rows that --drop tries (0)")


def run(arguments: argparse.Namespace) -> Document:
    """Print the statement, then the proof."""
    from sqtheory.theory.theorems import find

    theorem = find(arguments.slug)
    if arguments.drop is not None:
        if arguments.latex or arguments.markdown:
            raise ValueError("--drop answers in text: leave --latex and --markdown out")
        return dropped(theorem, arguments.drop, arguments.seed)
    if arguments.latex or arguments.markdown:
        stated = theorem.latex() if arguments.latex else theorem.markdown()
        return Document(text=lambda render: stated)
    from sqtheory.proofs.showing import outline

    print(theorem.text())
    outline(theorem)
    return Document()


def dropped(theorem: "Theorem", name: str, seed: int) -> Document:
    """What became of the theorem without the assumption."""
    import numpy as np

    from sqtheory.proofs.dropping import drop

    found = drop(theorem, name, np.random.default_rng(seed))
    return Document(text=lambda render: found.text())


VERB = Verb(
    name="show",
    help="show one theorem with its assumptions, witness and proof",
    description="Show a theorem: its claim and what the symbols stand for, every assumption with a tensor that "
    "breaks the theorem without it, the witness that it is tight, its source, every line of its proof, and the "
    "formal statement with its axioms where Coq has one. With --drop: what the solver says of its derivations without "
    "one assumption, and a small tensor that breaks it, entry by entry. Slugs are listed by: sqtheory theorems",
    options=add_options,
    forms=(
        Form("--latex", "print the statement as a LaTeX theorem environment"),
        Form("--markdown", "print the statement as Markdown with LaTeX formulas"),
    ),
    run=run,
)
