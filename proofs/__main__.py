"""``python -m proofs [THEOREM ...]``: check the formal proofs and print statements, axioms and time."""

import argparse
import shutil
import sys

from proofs.machine_checked import HOW_TO_INSTALL, ProofError, check, files, source


def main() -> int:
    """Print one line for each theorem; 1 if a proof fails or a named theorem does not exist."""
    parser = argparse.ArgumentParser(prog="python -m proofs", description=__doc__)
    parser.add_argument("theorem", nargs="*", help="show these theorems with their statements")
    parser.add_argument("--require-coq", action="store_true", help="fail when coqc is absent instead of saying so")
    arguments = parser.parse_args()
    chosen = arguments.theorem
    try:
        if shutil.which("coqc") is None and not arguments.require_coq:
            for file in files():
                source(file)
            print(f"{len(files())} formal files leave nothing unproved, but were NOT checked: {HOW_TO_INSTALL}")
            return 0
        theorems, seconds = check()
    except ProofError as error:
        print(f"proofs: {error}", file=sys.stderr)
        return 1
    unknown = set(chosen) - {t.name for t in theorems}
    if unknown:
        print(f"proofs: no theorem {', '.join(sorted(unknown))}", file=sys.stderr)
        return 1
    for t in theorems:
        if chosen and t.name not in chosen:
            continue
        axioms = ", ".join(sorted(a.rsplit(".", 1)[-1] for a in t.axioms)) or "no axiom"
        print(f"{t.name:36} formal  {t.file:32} {axioms}")
        if chosen:
            print(f"\n{t.statement}\n")
    print(f"{len(theorems)} theorems checked by Coq in {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
