"""``sqtheory figure``: figures for papers and slides, each with its data, its caption and the command that made it."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqtheory.cli import options
from sqtheory.cli.options import CHECKPOINT_HELP
from sqtheory.cli.printing import print_text
from sqtheory.cli.verb import Document, Verb

if TYPE_CHECKING:
    from sqtheory.show.figures.data import FigureKind, Request

DESCRIPTION = """\
Draw figures, of the models that come with the package or of a checkpoint of your own.

Without a name: list them. With one, or several, or all: compute the data and write, for each,
  NAME.pdf, NAME.svg, NAME.png   the figure (--format), text embedded, the same bytes at every run
  NAME.csv                       every number in it, to the last bit
  NAME.txt                       a caption that says what is measured, what is theory and on what data; the command
The list says what each needs: weights, which any checkpoint has; an n:m mask; a model whose forward pass is known; or
nothing of a checkpoint. Of all, what cannot be drawn is left out, said on stderr, and makes the exit status 1."""

EXAMPLES = """\
examples:
  sqtheory figure
  sqtheory figure order_map --model model.safetensors --style single
  sqtheory figure channels price --model model.safetensors --mask 2:4 --quantizer mxfp4 --format pdf
  sqtheory figure all --out figures"""

FORMATS = ("pdf", "svg", "png")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("name", nargs="*", metavar="NAME", help="figures by name, or all; none: list them")
    parser.add_argument("--out", type=Path, default=Path("figures"), metavar="DIR", help="folder to write to (figures)")
    parser.add_argument(
        "--format",
        type=formats,
        default=FORMATS,
        metavar="LIST",
        help=f"of {','.join(FORMATS)}, with commas between (all three)",
    )
    parser.add_argument("--style", default="double", metavar="STYLE", help="single or double (column), or slide")
    parser.add_argument("--model", default="zoo:lm-dense", metavar="CKPT", help=f"{CHECKPOINT_HELP} (zoo:lm-dense)")
    parser.add_argument("--mask", default="2:4", metavar="MASK", help="where the figure has one mask (2:4)")
    parser.add_argument("--quantizer", default="int4", metavar="FORMAT", help="where the figure has one (int4)")
    options.add_seed(parser, "seed of samples, and of rng (0)")
    parser.add_argument("--force", action="store_true", help="replace files that are there and differ")


def formats(text: str) -> tuple[str, ...]:
    """Read the kinds of files: ``pdf`` or ``pdf,png``."""
    kinds = tuple(dict.fromkeys(text.split(",")))
    if unknown := [kind for kind in kinds if kind not in FORMATS]:
        raise argparse.ArgumentTypeError(f"a figure is written as {', '.join(FORMATS)}, not {unknown[0]!r}")
    return kinds


def run(arguments: argparse.Namespace) -> Document:
    """List, or compute, draw and write; a figure is written when it is done."""
    from sqtheory.cli.progress import counter
    from sqtheory.files import atomic
    from sqtheory.files.outputs import check_outputs
    from sqtheory.show.figures.catalogue import BY_NAME, find
    from sqtheory.show.figures.data import Needs, Request
    from sqtheory.show.figures.style import STYLES
    from sqtheory.tables import Table

    if not arguments.name:
        rows = tuple((kind.name, kind.shows, kind.needs.value) for kind in BY_NAME.values())
        return Document(text=lambda render: render(Table(("figure", "shows", "needs"), rows)))
    if arguments.style not in STYLES:
        raise ValueError(f"there is no style {arguments.style!r}: known are {', '.join(STYLES)}")
    style = STYLES[arguments.style]
    kinds = list(BY_NAME.values()) if arguments.name == ["all"] else [find(name) for name in arguments.name]
    request = Request(arguments.model, arguments.mask, arguments.quantizer, arguments.seed)
    named = [arguments.out / f"{kind.name}.{end}" for kind in kinds for end in (*arguments.format, "csv", "txt")]
    check_outputs(named, request.model)
    atomic.check_folder(arguments.out)
    fit: list[FigureKind[Any]] = []
    refused = 0
    for kind in kinds:  # what can be known is refused before anything is computed
        if not arguments.force:
            kind.refuse_to_replace(arguments.out, arguments.format, _command(kind.name, request, style.name))
        try:
            kind.check(request, values=all(other.needs not in (Needs.weights, Needs.blocks) for other in fit))
            fit.append(kind)
        except ValueError as refusal:
            if arguments.name != ["all"]:
                raise
            print_text(f"sqtheory: left out: {refusal}", to_stderr=True)
            refused += 1
    with counter(len(fit), "figures", "figure") as done:
        for kind in fit:
            try:
                files = kind.files(request, style, arguments.format, _command(kind.name, request, style.name))
            except ValueError as refusal:
                if arguments.name != ["all"]:
                    raise
                print_text(f"sqtheory: left out: {refusal}", to_stderr=True)
                refused += 1
                continue
            atomic.write_all(arguments.out, files, force=arguments.force)
            done(1)
            print_text(", ".join(str(arguments.out / name) for name in files))
    return Document(status=1 if refused else 0)


def _command(name: str, request: "Request", style: str) -> str:
    """The command that computes the same data and draws the same figure."""
    asked = {"--model": request.model, "--mask": request.mask, "--quantizer": request.quantizer}
    spelled = [word for option, value in asked.items() for word in (option, value)]
    return shlex.join(["sqtheory", "figure", name, *spelled, "--seed", str(request.seed), "--style", style])


VERB = Verb(
    name="figure",
    help="figures for papers and slides, with their data and captions",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    run=run,
)
