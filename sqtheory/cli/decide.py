"""``sqtheory decide CLAIM``: is a claim true for every tensor under one pipeline?"""

import argparse

from sqtheory.cli import options
from sqtheory.cli.verb import Document, Verb, json_of

DESCRIPTION = """\
Decide whether a claim holds for EVERY tensor under one mask, one format and one norm.

  sq_never_worse       ‖x − q(s(x))‖_p ≤ ‖x − s(q(x))‖_p: pruning first is never the worse order
  no_additional_error  ‖x − q(s(x))‖_p ≤ ‖x − s(x)‖_p + ‖x − q(x)‖_p
  orders_commute       q(s(x)) = s(q(x))
  scale_kept           every scale block with a survivor keeps its scale
  zero_kept            pruned entries come back as zero
  THEOREM              the claims of any theorem of the registry (sqtheory theorems)

The answer is proved (by which theorem, and how each of its assumptions is discharged), refuted (by a
tensor small enough to check by hand), or open (with the search that was spent on it).

Where the format rounds by a coin (rounding=stochastic(rng)) and p is whole, sq_never_worse and no_additional_error are
about means of p-th powers over all coins; other claims must hold for every draw. The answer says which.

With --tool it is asked of what a release of the field does (sqtheory tools): its mask, its format, or both; with 2:4
where it has no mask and int4:b32 where it has no format, unless --mask or --format says another.

With --chain it is asked of a chain of quantizers and the mask at every place in it: sq_never_worse (nowhere better than
before all quantizers, theorem first_is_best), later_masks, places_in_order, worst_by_position."""

EXAMPLES = """\
examples:
  sqtheory decide sq_never_worse --mask 2:4 --format mxfp4
  sqtheory decide sq_never_worse --tool onnxruntime:qdq-int8
  sqtheory decide scale_kept --mask 2:4 --format 'int(4, block=6)'
  sqtheory decide sq_never_worse --mask 2:4 --format int4 --norm 0.5 --json
  sqtheory decide sq_never_worse --chain 'int8 >> 2:4 >> mxfp4'"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("claim", metavar="CLAIM", help="one of the claims above, or the name of a theorem")
    parser.add_argument("--mask", default=None, metavar="MASK", help="2:4, 50%%, top(0.5, per=row), …")
    parser.add_argument("--format", default=None, metavar="FORMAT", help="int4, hbfp6, mxfp4, nvfp4, …")
    parser.add_argument(
        "--chain", default=None, metavar="'F >> G >> …'", help="quantizers and a mask, instead of --mask and --format"
    )
    options.add_tool(parser)
    parser.add_argument(
        "--norm",
        type=options.exponent,
        default=None,
        metavar="P",
        help="p in (0, inf]; default 2, or the one p that the theorem speaks of",
    )
    parser.add_argument("--ties", default=None, metavar="RULE", help="low_index (default), high_index, by_original, …")
    parser.add_argument(
        "--shape",
        type=options.shape,
        default=None,
        metavar="N[,N…]",
        help="the shape of the tensors; default: the smallest with two mask groups and two scale blocks on every axis "
        "that they name",
    )
    options.add_seed(parser, "seed of the search and of rng (0)")


def run(arguments: argparse.Namespace) -> Document:
    """Decide and print; every verdict is exit status 0."""
    from sqtheory.alphabet.norms import spell_norm
    from sqtheory.theory.decide import decide, usual_norm
    from sqtheory.version import __version__

    p = usual_norm(arguments.claim) if arguments.norm is None else arguments.norm
    if arguments.chain is not None:
        return _of_chain(arguments, p)
    if arguments.tool is not None:
        return _of_tool(arguments, p)
    if arguments.mask is None or arguments.format is None:
        raise ValueError("--mask and --format are needed, or --tool")
    s, [q], rng = options.operators(arguments, p)
    decision = decide(arguments.claim, s, q, p=p, shape=arguments.shape, rng=rng)
    concluded = None if decision.theorem is None else concluded_by(decision.theorem)
    recipe = {"mask": str(s), "format": str(q), "norm": spell_norm(p), "seed": arguments.seed}
    by = "" if concluded is None else f"\n  theorem {decision.theorem} is concluded by: {concluded}"
    return Document(
        "sqtheory.decide/1",
        lambda: {"version": __version__, **recipe, **decision.to_dict(), "theorem_concluded_by": concluded},
        lambda render: decision.text() + by,
    )


def _of_chain(arguments: argparse.Namespace, p: float) -> Document:
    """Decide of a chain. Raises ValueError beside --mask, --format or --tool."""
    import numpy as np

    from sqtheory.alphabet.norms import spell_norm
    from sqtheory.api.chains import letters_of
    from sqtheory.theory.decide import decide_chain
    from sqtheory.version import __version__

    for name in ("mask", "format", "tool"):
        if getattr(arguments, name) is not None:
            raise ValueError(f"--chain says masks and formats itself: leave --{name} out")
    rng = np.random.default_rng(arguments.seed)
    letters = letters_of(arguments.chain, arguments.ties, p, rng)
    found = decide_chain(arguments.claim, letters.chain, p=p, shape=arguments.shape, rng=rng)
    concluded = None if found.theorem is None else concluded_by(found.theorem)
    by = "" if concluded is None else f"\n  theorem {found.theorem} is concluded by: {concluded}"
    recipe = {"chain": str(letters), "norm": spell_norm(p), "seed": arguments.seed}
    return Document(
        "sqtheory.decide_chain/1",
        lambda: {"version": __version__, **recipe, **found.to_dict(), "theorem_concluded_by": concluded},
        lambda render: found.text() + by,
    )


def _of_tool(arguments: argparse.Namespace, p: float) -> Document:
    """Decide of what a tool does, and of the usual mask or format where it has none."""
    import numpy as np

    from sqtheory.alphabet.norms import spell_norm
    from sqtheory.tools import find
    from sqtheory.tools.verdicts import decided
    from sqtheory.version import __version__

    if arguments.ties is not None:
        raise ValueError(f"--tool {arguments.tool} has its own rule for ties: leave --ties out")
    found = decided(
        find(arguments.tool),
        arguments.claim,
        mask=arguments.mask,
        format=arguments.format,
        p=p,
        shape=arguments.shape,
        rng=np.random.default_rng(arguments.seed),
    )
    slug = None if found.decision is None else found.decision.theorem
    concluded = None if slug is None else concluded_by(slug)
    by = "" if concluded is None else f"\n  theorem {slug} is concluded by: {concluded}"
    recipe = {"norm": spell_norm(p), "seed": arguments.seed}
    return Document(
        "sqtheory.decide/1",
        lambda: {"version": __version__, **recipe, **found.to_dict(), "theorem_concluded_by": concluded},
        lambda render: found.text() + by,
    )


def concluded_by(slug: str) -> str:
    """What concludes the claims of a theorem: Coq, a derivation, its cases; ``tested only`` where no machine does."""
    from sqtheory.proofs.proof import proof_of
    from sqtheory.theory.theorems import BY_SLUG

    extent: str = proof_of(BY_SLUG[slug]).extent
    return extent


VERB = Verb(
    name="decide",
    help="prove or refute a claim for every tensor under one pipeline",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.decide/1", "sqtheory.decide_chain/1"),),
    run=run,
)
