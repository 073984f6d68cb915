"""What the shell is told when it asks how a command line goes on."""

import argparse
import os

from sqtheory.exceptions import MissingExtra


def completes() -> bool:
    """Whether a shell asks."""
    return "_ARGCOMPLETE" in os.environ


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks for completions, and exit; return where none asks.

    Verbs, options and their choices are those of the parser, all else is a file. Raises MissingExtra where the shell
    asks and argcomplete is not installed.
    """
    if not completes():
        return
    try:
        import argcomplete
    except ImportError as error:
        raise MissingExtra("argcomplete", "completion", "completion in the shell") from error
    argcomplete.autocomplete(parser)
