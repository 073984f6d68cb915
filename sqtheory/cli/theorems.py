"""``sqtheory theorems``: the table of the registry."""

import argparse

from sqtheory.cli.verb import Document, Form, Verb, json_of


def run(arguments: argparse.Namespace) -> Document:
    """Print the table."""
    from sqtheory.theory.theorem import plain_table
    from sqtheory.theory.theorems import ALL

    return Document(
        "sqtheory.theorems/1",
        lambda: {"theorems": [t.to_dict() for t in ALL]},
        lambda render: markdown() if arguments.markdown else render(plain_table(ALL)),
    )


def markdown() -> str:
    """The table with what concludes the claims of each theorem."""
    from sqtheory.proofs.proof import proof_of
    from sqtheory.theory.theorem import linked_table
    from sqtheory.theory.theorems import ALL

    return linked_table(ALL, lambda t: proof_of(t).extent).markdown()


VERB = Verb(
    name="theorems",
    help="list every theorem: statement, tightness, proof, source",
    description="List the theorems: what each says, in which sense it is tight (attained: some tensor makes it "
    "an equality; approached: the ratio of its sides tends to 1; separation: it asserts that tensors exist and "
    "shows them), what proves it, where it comes from. See one with: sqtheory show SLUG",
    forms=(Form("--markdown", "print Markdown with links into the repository"), json_of("sqtheory.theorems/1")),
    run=run,
)
