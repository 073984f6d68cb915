"""``python -m sqtheory``: the command line."""

import gc
import sys


def main() -> int:
    """Run the command line on the words of this process; its exit status."""
    gc.set_threshold(100_000)  # modules are many objects and no garbage, which is looked for less often
    from sqtheory.cli import main as run

    try:
        return run()
    finally:
        gc.freeze()  # nor is it looked for in all of them when the process ends


if __name__ == "__main__":
    sys.exit(main())
