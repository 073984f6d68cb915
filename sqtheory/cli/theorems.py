"""``sqtheory theorems``: the table of the registry."""

import argparse

from sqtheory.cli.options import Verbs
from sqtheory.cli.printing import print_json


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "theorems",
        help="list every theorem: statement, tightness, proof, source",
        description="List the theorems: what each says, in which sense it is tight (attained: some tensor makes it "
        "an equality; approached: the ratio of its sides tends to 1; separation: it asserts that tensors exist and "
        "shows them), what proves it, where it comes from. See one with: sqtheory show SLUG",
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--markdown", action="store_true", help="print Markdown with links into the repository")
    shape.add_argument("--json", action="store_true", help="print one JSON object, schema sqtheory.theorems/1")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    from sqtheory.theory.theorem import plain_table
    from sqtheory.theory.theorems import ALL

    if arguments.json:
        print_json({"schema": "sqtheory.theorems/1", "theorems": [t.to_dict() for t in ALL]})
    else:
        print(markdown() if arguments.markdown else plain_table(ALL).text())
    return 0


def markdown() -> str:
    """The table with what concludes the claims of each theorem."""
    from sqtheory.proofs.proof import proof_of
    from sqtheory.theory.theorem import linked_table
    from sqtheory.theory.theorems import ALL

    return linked_table(ALL, lambda t: proof_of(t).extent).markdown()
