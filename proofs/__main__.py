"""``python -m proofs [SLUG ...]``: discharge every proof and print each line with its status and time."""

import argparse
import sys

from .showing import prove


def main() -> int:
    """Read the arguments and prove."""
    parser = argparse.ArgumentParser(prog="python -m proofs", description=__doc__)
    parser.add_argument("slug", nargs="*", help="only these theorems; formal ones with their statements")
    parser.add_argument("--require-coq", action="store_true", help="fail when coqc is absent instead of saying so")
    arguments = parser.parse_args()
    return prove(arguments.slug, require_coq=arguments.require_coq)


if __name__ == "__main__":
    sys.exit(main())
