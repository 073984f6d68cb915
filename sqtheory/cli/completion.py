"""What the shell is told when it asks how a command line goes on."""

import argparse
import os

from sqtheory.exceptions import MissingExtra


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks for completions, and exit; return where none asks.

    Verbs, options and their choices are those of the parser, all else is a file. Raises MissingExtra where the shell
    asks and argcomplete is not installed.
    """
    if "_ARGCOMPLETE" not in os.environ:
        return
    try:
        import argcomplete
    except ImportError as error:
        raise MissingExtra("argcomplete", "completion", "completion in the shell") from error
    argcomplete.autocomplete(parser)
