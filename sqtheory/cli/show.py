"""``sqtheory show SLUG``: one theorem, its assumptions, its witness, the lines of its proof."""

import argparse

from sqtheory.cli.options import Verbs


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "show",
        help="show one theorem with its assumptions, witness and proof",
        description="Show a theorem: its claim and what the symbols stand for, every assumption with a tensor that "
        "breaks the theorem without it, the witness that it is tight, its source, every line of its proof, and the "
        "formal statement with its axioms where Coq has one. Slugs are listed by: sqtheory theorems",
    )
    parser.add_argument("slug", metavar="SLUG", help="prune_first_dominates, swap_constant, …")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--latex", action="store_true", help="print the statement as a LaTeX theorem environment")
    shape.add_argument("--markdown", action="store_true", help="print the statement as Markdown with LaTeX formulas")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the statement, then the proof."""
    from sqtheory.theory.theorems import find

    theorem = find(arguments.slug)
    if arguments.latex or arguments.markdown:
        print(theorem.latex() if arguments.latex else theorem.markdown())
        return 0
    from sqtheory.proofs.showing import outline

    print(theorem.text())
    outline(theorem)
    return 0
