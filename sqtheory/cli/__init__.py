"""The command line: one verb one file; results on stdout, progress and complaints on stderr."""

import argparse
import errno
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING

from sqtheory.cli.completion import complete, completes
from sqtheory.exceptions import InputRefused, MissingExtra, SpellingError, WorkerFailed
from sqtheory.version import __version__

if TYPE_CHECKING:
    from sqtheory.cli.verb import Verb

DESCRIPTION = """\
When a tensor is both sparsified and quantized: what does the order cost, what is guaranteed,
and which assumption broke? Works on exported weights; needs no GPU and no model code."""

FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
"""What the system says of a disk that is full; of a file of ours with its name."""

EPILOG = """\
exit status: 0 fine; 1 ran, but a check failed; 2 wrong usage or spelling; 3 input refused;
4 environment (disk, memory, missing extra); 130 interrupted. Results go to stdout, the rest to stderr.

start with:  sqtheory demo
             sqtheory order zoo:lm-dense --mask 2:4 --format mxfp4
             sqtheory decide sq_never_worse --mask 2:4 --format int4
             sqtheory theorems"""


def parser(words: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The whole grammar of the command line; for a line of ``words`` the verb it begins with, or what each is for."""
    top = argparse.ArgumentParser(
        prog="sqtheory", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--version", action="version", version=f"sqtheory {__version__}")
    if words and words[0] == "--version":  # which speaks of no verb
        return top
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    alone = _begun(words or ())
    for verb in alone or _verbs():
        verb.add(verbs, whole=words is None or verb.name in words)
    return top


def _verbs() -> "tuple[Verb, ...]":
    from sqtheory.cli.verbs import VERBS

    return VERBS


def _begun(words: Sequence[str]) -> "tuple[Verb, ...]":
    """The verb that a line begins with, if it begins with one; the main ones without the files of the others."""
    match words[:1]:
        case ["order"]:
            from sqtheory.cli.order import VERB
        case ["apply"]:
            from sqtheory.cli.apply import VERB
        case ["verify"]:
            from sqtheory.cli.verify import VERB
        case _:
            return tuple(verb for verb in _verbs() if words and verb.name == words[0])
    return (VERB,)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status; every refusal is one line on stderr."""
    words = sys.argv[1:] if argv is None else argv
    grammar = parser(None if completes() else words)
    try:
        complete(grammar)
        arguments = grammar.parse_args(words)
        with _engine(arguments, alone=argv is None):
            status: int = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except InputRefused as refusal:
        return _say(refusal, 3)
    except (SpellingError, FileExistsError, ValueError) as error:
        return _say(error, 2)
    except (MissingExtra, WorkerFailed, MemoryError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        if isinstance(error, OSError) and error.filename is None and error.errno in FULL:
            with suppress(OSError):  # what is left in its buffer would be complained of at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            error = OSError(error.errno, error.strerror, "standard output")
        return _say(error, 4)
    except KeyboardInterrupt:
        _say(KeyboardInterrupt("interrupted"), 130)
        if argv is None and threading.active_count() > 1:  # they are in the middle of a task, and would be waited for
            os._exit(130)
        return 130


def _engine(arguments: argparse.Namespace, *, alone: bool) -> AbstractContextManager[None]:
    """The engine that is chosen; verbs that offer none compute on numpy. ``alone``: the process is for this line."""
    if "engine" not in arguments:
        return nullcontext()
    from sqtheory.alphabet.kernels import engine, loading

    if alone:
        loading.alone()
    return engine(arguments.engine)


def _say(error: BaseException, status: int) -> int:
    from sqtheory.tables import shown

    said = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
    message = shown(" ".join(said.split())) or type(error).__name__
    print(f"sqtheory: {message}", file=sys.stderr)
    return status
