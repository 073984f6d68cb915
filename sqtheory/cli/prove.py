"""``sqtheory prove [SLUG …]``: discharge proofs and print every line."""

import argparse

from sqtheory.cli.verb import Document, Verb


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("slug", nargs="*", metavar="SLUG", help="theorems to prove; default: all")
    parser.add_argument("--require-coq", action="store_true", help="fail when coqc is absent instead of saying so")


def run(arguments: argparse.Namespace) -> Document:
    """Prove and print."""
    from sqtheory.proofs.showing import prove
    from sqtheory.theory.theorems import find

    return Document(status=prove([find(slug).slug for slug in arguments.slug], require_coq=arguments.require_coq))


VERB = Verb(
    name="prove",
    help="check proofs and print every line with its status and time",
    description="Check the proof of every theorem, or of those named. Each line says how it was discharged: "
    "algebra (sympy), smt (z3, over all reals; needs the extra 'prove'), enumeration (finitely many cases, all "
    "tried), model (tested) (a symbol stands for a computed quantity: compared on random tensors), formal (Coq), "
    "cited, derived (the claim itself, built from the record and its assumptions, for the sizes stated). The last "
    "lines say by what every claim is concluded, or that it is tested only. Exit status 1 if a line fails, or if "
    "nothing concludes a claim.",
    options=add_options,
    run=run,
)
