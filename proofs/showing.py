"""What a proof rests on, line by line, printed."""

import shutil
import sys
import time
from collections.abc import Sequence

from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, BY_SLUG

from .machine_checked import (
    HOW_TO_INSTALL,
    FormalStatement,
    ProofError,
    check,
    check_named,
    files,
    source,
    statement,
)
from .proof import proof_files, proof_of


def prove(slugs: Sequence[str], *, require_coq: bool = False) -> int:
    """Print one line for each step; 1 if a step fails, or a proof is missing or belongs to no theorem."""
    started = time.monotonic()
    unknown = set(slugs) - set(BY_SLUG)
    if unknown:
        print(f"proofs: no theorem {', '.join(sorted(unknown))}", file=sys.stderr)
        return 1
    chosen = [t for t in ALL if not slugs or t.slug in slugs]
    stray = set(proof_files()) - set(BY_SLUG)
    if stray:
        print(f"proofs: {', '.join(sorted(stray))} proves no theorem of the registry", file=sys.stderr)
    try:
        failed = bool(stray) + sum(show(theorem) for theorem in chosen)
        formal(chosen, require_coq, everything=not slugs)
    except ProofError as error:
        print(f"proofs: {error}", file=sys.stderr)
        return 1
    print(f"\n{len(chosen)} theorems, {failed} failures, {time.monotonic() - started:.1f} s")
    return 1 if failed else 0


def show(theorem: Theorem) -> int:
    """Print the lines of one proof; the number that failed."""
    print(f"\n{theorem.slug}: {theorem.title}")
    failed = 0
    for line in proof_of(theorem).lines():
        failed += not line.discharged
        mark = "" if line.discharged else "  FAILED: "
        print(f"  {line.status:15} {1000 * line.seconds:7.0f} ms  {line.says}{mark}{line.detail}", flush=True)
    return failed


def outline(theorem: Theorem) -> None:
    """Print the lines of one proof, and its formal statements with their axioms where coqc is installed."""
    print(f"proof: proofs/{theorem.slug}.py")
    for line in proof_of(theorem).lines():
        print(f"    {line.status:15} {line.says}{'' if line.discharged else f'  FAILED: {line.detail}'}")
    if shutil.which("coqc"):
        for checked in check_named(*theorem.formal):
            describe(checked, in_full=True)
        return
    for name in theorem.formal:
        file, text = statement(name)
        print(f"  formal  {file}: NOT CHECKED, {HOW_TO_INSTALL}\n\n{text}\n")


def formal(chosen: list[Theorem], required: bool, *, everything: bool) -> None:
    """Check the Coq files, or only what the chosen theorems rest on, and print the axioms of each formal theorem."""
    names = sorted({name for theorem in chosen for name in theorem.formal})
    if not names:
        return
    if shutil.which("coqc") is None and not required:
        for file in files():
            source(file)
        print(f"\n{len(files())} formal files leave nothing unproved, but were NOT checked: {HOW_TO_INSTALL}")
        return
    started = time.monotonic()
    checked = check()[0] if everything else check_named(*names)
    print(f"\n{len(checked)} statements checked by Coq in {time.monotonic() - started:.1f} s")
    for theorem in checked:
        describe(theorem, in_full=not everything)


def describe(theorem: FormalStatement, *, in_full: bool) -> None:
    """Print a formal theorem and the axioms it rests on."""
    axioms = ", ".join(sorted(a.rsplit(".", 1)[-1] for a in theorem.axioms)) or "no axiom"
    print(f"  formal  {theorem.name:36} {theorem.file:32} {axioms}")
    if in_full:
        print(f"\n{theorem.statement}\n")
