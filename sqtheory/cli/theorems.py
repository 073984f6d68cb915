"""``sqtheory theorems``: the table of the registry, how each theorem stands, and what was killed."""

import argparse

from sqtheory.cli.verb import Document, Form, Render, Verb, json_of


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument(
        "--status",
        action="store_true",
        help="how each stands: what concludes it, its steps by kind, random rows tried now, assumptions shown needed",
    )
    asked.add_argument(
        "--killed",
        action="store_true",
        help="the statements that a counterexample killed: each theorem less one assumption, at what it fails",
    )


def run(arguments: argparse.Namespace) -> Document:
    """Print the table."""
    from sqtheory.theory.theorem import plain_table
    from sqtheory.theory.theorems import ALL

    if arguments.status:
        return status()
    if arguments.killed:
        return killed()
    return Document(
        "sqtheory.theorems/1",
        lambda: {"theorems": [t.to_dict() for t in ALL]},
        lambda render: markdown() if arguments.markdown else render(plain_table(ALL)),
    )


def status() -> Document:
    """Every theorem with its evidence; exit status 1 if a row violates one, or an assumption is not needed."""
    from sqtheory.proofs.standing import axioms, only_tested, standing, status_table, summary
    from sqtheory.theory.theorems import ALL

    found = [standing(theorem) for theorem in ALL]

    def text(render: Render) -> str:
        tested = only_tested(ALL)
        return "\n\n".join([summary(found), axioms(), render(status_table(found)), render(tested)])

    return Document(
        "sqtheory.status/1",
        lambda: {"theorems": [one.to_dict() for one in found]},
        text,
        status=0 if all(one.sound for one in found) else 1,
    )


def killed() -> Document:
    """Every theorem less one assumption, with the case that kills it."""
    from sqtheory.proofs.standing import killed_table
    from sqtheory.theory.theorems import ALL

    table = killed_table(ALL)
    return Document(
        "sqtheory.killed/1",
        lambda: {"killed": [dict(zip(table.header, row, strict=True)) for row in table.rows]},
        lambda render: render(table),
    )


def markdown() -> str:
    """The table with what concludes the claims of each theorem."""
    from sqtheory.proofs.proof import proof_of
    from sqtheory.theory.theorem import linked_table
    from sqtheory.theory.theorems import ALL

    return linked_table(ALL, lambda t: proof_of(t).extent).markdown()


VERB = Verb(
    name="theorems",
    help="list every theorem: statement, tightness, proof, source; or how each stands",
    description="List the theorems: what each says, in which sense it is tight (attained: some tensor makes it "
    "an equality; approached: the ratio of its sides tends to 1; separation: it asserts that tensors exist and "
    "shows them), what proves it, where it comes from. See one with: sqtheory show SLUG. With --status: how far "
    "machines carry each (Coq, derived, each case, tested only) and what was tried against it just now.",
    options=add_options,
    forms=(
        Form("--markdown", "print Markdown with links into the repository"),
        json_of("sqtheory.theorems/1", "sqtheory.status/1", "sqtheory.killed/1"),
    ),
    run=run,
)
