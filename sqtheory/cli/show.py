"""``sqtheory show SLUG``: one theorem, its assumptions, its witness, the lines of its proof."""

import argparse

from sqtheory.cli.verb import Document, Form, Verb


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("slug", metavar="SLUG", help="prune_first_dominates, swap_constant, …")


def run(arguments: argparse.Namespace) -> Document:
    """Print the statement, then the proof."""
    from sqtheory.theory.theorems import find

    theorem = find(arguments.slug)
    if arguments.latex or arguments.markdown:
        stated = theorem.latex() if arguments.latex else theorem.markdown()
        return Document(text=lambda render: stated)
    from sqtheory.proofs.showing import outline

    print(theorem.text())
    outline(theorem)
    return Document()


VERB = Verb(
    name="show",
    help="show one theorem with its assumptions, witness and proof",
    description="Show a theorem: its claim and what the symbols stand for, every assumption with a tensor that "
    "breaks the theorem without it, the witness that it is tight, its source, every line of its proof, and the "
    "formal statement with its axioms where Coq has one. Slugs are listed by: sqtheory theorems",
    options=add_options,
    forms=(
        Form("--latex", "print the statement as a LaTeX theorem environment"),
        Form("--markdown", "print the statement as Markdown with LaTeX formulas"),
    ),
    run=run,
)
