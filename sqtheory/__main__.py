"""``python -m sqtheory``: the command line."""

import sys

from sqtheory.cli import main

if __name__ == "__main__":
    sys.exit(main())
