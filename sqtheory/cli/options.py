"""Options that several verbs share, and their readers."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator

    from sqtheory.alphabet.quantizers import Quantizer
    from sqtheory.alphabet.sparsifiers import Sparsifier
    from sqtheory.files.checkpoints import Checkpoint
    from sqtheory.files.statistics import Statistics
    from sqtheory.files.targets import Targets

CHECKPOINT_HELP = (
    "a .safetensors, .gguf, .onnx, .tflite, .npz or .npy file, a model.bin of CTranslate2, a folder of .safetensors "
    "shards with its index, or zoo:NAME for a model that comes with the package"
)


def add_grid(parser: argparse.ArgumentParser) -> None:
    """``--mask``, ``--format`` and ``--recipe``."""
    parser.add_argument("--mask", action="append", default=[], metavar="MASK", help="repeat for a grid")
    parser.add_argument("--format", action="append", default=[], metavar="FORMAT", help="repeat for a grid")
    add_recipe(parser)


def add_recipe(parser: argparse.ArgumentParser, what: str = "masks, formats and targets by rules") -> None:
    """``--recipe``."""
    parser.add_argument(
        "--recipe",
        type=Path,
        default=None,
        metavar="FILE",
        help=f"{what}: a TOML file of tables [[rule]] with targets, ignore, mask, format, order, … or leave; "
        "the first rule that takes a tensor decides",
    )


def add_pipeline(parser: argparse.ArgumentParser) -> None:
    """``--norm``, ``--ties`` and ``--seed``."""
    parser.add_argument("--norm", type=exponent, default=2.0, metavar="P", help="p in (0, inf]; default 2")
    parser.add_argument(
        "--ties",
        default=None,
        metavar="RULE",
        help="which of equally ranked entries survive: low_index (default), high_index, by_original, adversarial "
        "(the worst in the norm of --norm), introselect(keep) or introselect(prune) as torch.topk on a CPU, "
        "all_survive, all_die, random(rng)",
    )
    add_seed(parser)


def add_seed(parser: argparse.ArgumentParser, what: str = "seed of the generator that spellings call rng (0)") -> None:
    """``--seed``."""
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help=what)


def add_engine(parser: argparse.ArgumentParser) -> None:
    """``--engine``, which holds while the verb runs."""
    from sqtheory.alphabet.kernels import ENGINES, usual

    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default=usual(),
        help="numba: compiled loops (default where the extra fast is installed); numpy; definition: no loops",
    )


def add_targets(parser: argparse.ArgumentParser) -> None:
    """``--targets``, ``--ignore`` and ``--axis``."""
    parser.add_argument(
        "--targets",
        action="append",
        default=[],
        metavar="NAME|re:PATTERN",
        help="work on these tensors only (repeatable); default: every floating-point tensor of two or more axes "
        "that is no embedding, head, normalization, bias, mask, buffer or other such part by its name",
    )
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="NAME|re:PATTERN", help="leave these alone (repeatable)"
    )
    parser.add_argument(
        "--axis",
        action="append",
        default=[],
        metavar="N|NAME=N|re:PATTERN=N",
        help="the axis that the layer of a weight sums over, counted from 0 (repeatable); default: what the file or "
        "config.json says, input channels of kernels, else the last",
    )


def targets(arguments: argparse.Namespace) -> "Targets":
    """The rule that the two options spell."""
    from sqtheory.files.targets import Targets

    return Targets(tuple(arguments.targets), tuple(arguments.ignore))


def seen(arguments: argparse.Namespace, checkpoint: "Checkpoint") -> "Checkpoint":
    """The checkpoint with its targets as the matrices that their layers use, by ``--axis`` or by what is known."""
    from sqtheory.files.views.axes import Axes
    from sqtheory.files.views.seeing import seen

    return seen(checkpoint, targets(arguments), Axes.parse(arguments.axis), apart=True)


def add_tolerance(parser: argparse.ArgumentParser) -> None:
    """``--strict`` and ``--keep-going``."""
    parser.add_argument(
        "--strict",
        action="store_true",
        help="refuse a target whose shape does not fit the mask or the format, and an attention mask of -inf, "
        "which are left alone and listed otherwise",
    )
    parser.add_argument(
        "--keep-going",
        action="store_true",
        help="go past targets that hold NaN or infinity or cannot take the format: they are left alone and listed, "
        "and the exit status is 1",
    )


def add_workers(parser: argparse.ArgumentParser) -> None:
    """``--workers``, ``--executor`` and ``--results``."""
    parser.add_argument(
        "--workers",
        type=count,
        default=None,
        metavar="N",
        help="tensors, or pieces of large ones, computed at once (1)",
    )
    parser.add_argument(
        "--executor",
        default=None,
        metavar="KIND",
        help="threads (default with compiled loops, --engine numba), processes (default with others), dask:ADDRESS of "
        "a scheduler, or mpi: the ranks of mpiexec -n 5 python -m mpi4py.futures -m sqtheory ...",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=None,
        metavar="DIR",
        help="keep the result of every finished tensor here: run again to go on after an interruption, or run on "
        "several machines that share the folder and the work",
    )


def add_statistics(parser: argparse.ArgumentParser) -> None:
    """``--statistics``."""
    parser.add_argument(
        "--statistics",
        type=Path,
        default=None,
        metavar="FILE",
        help="what is known of the inputs of each weight, for masks like 'nm(2, 4, score=wanda)': a file that "
        "sqtheory calibrate writes, or of its layout",
    )


def add_method(parser: argparse.ArgumentParser) -> None:
    """``--method``."""
    parser.add_argument(
        "--method",
        default=None,
        metavar="NAME",
        help="let a published method choose what is kept and how the rest makes up for it (sqtheory methods)",
    )


def add_tool(parser: argparse.ArgumentParser, gives: str = "mask and format, or the one it has,") -> None:
    """``--tool``."""
    parser.add_argument(
        "--tool",
        default=None,
        metavar="NAME[:MODE]",
        help=f"{gives} as a release of the field makes them (sqtheory tools); without MODE its first",
    )


def say_apart(arguments: argparse.Namespace) -> None:
    """Say on stderr which mode ``--tool`` means where it names none, and in how many entries it is not the tool."""
    if arguments.tool is None:
        return
    from sqtheory.cli.printing import say
    from sqtheory.tools import find

    tool = find(arguments.tool)
    if tool.chosen is None and len(tool.modes) > 1:
        say(f"--tool {arguments.tool} means {tool.own}:{tool.mode.name}, the first of its {len(tool.modes)} modes")
    if apart := tool.mode.apart:
        say(apart)


def statistics(arguments: argparse.Namespace) -> "Statistics | None":
    """The file of ``--statistics``, read."""
    from sqtheory.files.statistics import Statistics

    return None if arguments.statistics is None else Statistics.read(arguments.statistics)


def operators(arguments: argparse.Namespace, p: float = 2.0) -> "tuple[Sparsifier, tuple[Quantizer, ...], Generator]":
    """``--mask``, each ``--format``, and the generator of ``--seed`` that they may name.

    Under ``--ties`` where the verb has it; p is the norm for which ties are adversarial.
    """
    import numpy as np

    from sqtheory.api.operators import mask, quantizer, tie_rule

    rng = np.random.default_rng(arguments.seed)
    named = getattr(arguments, "ties", None)
    s = mask(arguments.mask, None if named is None else tie_rule(named, p, rng), rng)
    texts = [arguments.format] if isinstance(arguments.format, str) else arguments.format
    return s, tuple(quantizer(text, rng) for text in texts), rng


def check_drawn_nowhere(arguments: argparse.Namespace) -> None:
    """Read every ``--mask`` and ``--format`` of a verb that compares what it computes several times over.

    Raises SpellingError, ValueError for a mask that awaits statistics and for operators that draw random numbers.
    """
    import numpy as np

    from sqtheory.api.operators import mask, quantizer
    from sqtheory.execution.fingerprints import generators

    rng = np.random.default_rng(0)
    masks = [mask(text, None, rng) for text in arguments.mask or ()]
    for operator in (*masks, *(quantizer(text, rng) for text in arguments.format or ())):
        if generators(operator):
            raise ValueError(f"{operator} draws random numbers, and {arguments.verb} draws none: evaluate has --seed")


def shape(text: str) -> tuple[int, ...]:
    """Read the shape of a tensor: ``12`` or ``4,64``."""
    sizes = text.replace("x", ",").split(",")
    if not all(size.strip().isdecimal() and int(size) for size in sizes):
        raise argparse.ArgumentTypeError(f"a shape is positive numbers with commas between, got {text!r}")
    return tuple(int(size) for size in sizes)


def exponent(text: str) -> float:
    """Read the p of a norm: a positive number or ``inf``."""
    from sqtheory.alphabet.norms import check_norm

    try:
        p = float(text)
        check_norm(p)
        if math.isinf(p) and any(c.isdigit() for c in text):
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(f"a norm is a number in (0, inf], got {text!r}") from None
    return p


def count(text: str) -> int:
    """Read a number of lines, at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"needed a number of at least 1, got {text!r}")
    return int(text)


def seed(text: str) -> int:
    """Read the seed of a generator, at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a seed is a whole number of at least 0, got {text!r}")
    return int(text)


def percent(text: str) -> float:
    """Read a share in percent, at least 0."""
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share < math.inf:
        raise argparse.ArgumentTypeError(f"needed a percentage of at least 0, got {text!r}")
    return share
