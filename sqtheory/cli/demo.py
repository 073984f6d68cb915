"""``sqtheory demo``: both orders on the two models that come with the package, a table, a sentence, a figure."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sqtheory.cli import options
from sqtheory.cli.options import Verbs
from sqtheory.cli.printing import print_json, print_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqtheory.show.figures.order_gap import Point

MODELS = ("lm-dense", "vit-dense")
MASKS = ("2:4", "50%")
FORMATS = ("int8", "int4", "hbfp8", "hbfp6", "hbfp4", "mxfp8", "mxfp6", "mxfp4", "nvfp4")


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "demo",
        help="the main question answered on real trained weights, in under a minute",
        description="Compare both orders on every linear layer of a trained language model and a trained vision "
        f"transformer, for the formats {', '.join(FORMATS)} and the masks {' and '.join(MASKS)}: a table, one "
        "sentence of conclusion computed from it, and one figure (PNG and SVG, with its data as CSV).",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("sqtheory-demo"), metavar="DIR", help="folder for the figure (sqtheory-demo)"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there and differ")
    parser.add_argument("--json", action="store_true", help="print one JSON object, schema sqtheory.demo/1")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write the figure."""
    from dataclasses import asdict

    from sqtheory.files import atomic
    from sqtheory.show.figures import order_gap
    from sqtheory.show.figures.style import encode

    atomic.check_folder(arguments.out)
    points = measure(quiet=arguments.json)
    sentence = conclusion(points)
    figure = order_gap.draw(points)
    files = {
        "order_gap.csv": order_gap.points_csv(points).encode(),
        **{f"order_gap.{kind}": encode(figure, kind) for kind in ("png", "svg")},
    }
    if arguments.json:
        listed = [{**asdict(p), "gap": p.gap} for p in points]
        print_json({"schema": "sqtheory.demo/1", "rows": listed, "conclusion": sentence})
    else:
        print(_table(points), sentence, sep="\n\n")
    atomic.write_all(arguments.out, files, force=arguments.force)
    if not arguments.json:
        print_text(f"\nfigure: {arguments.out / 'order_gap.png'} (also .svg; data in .csv)")
    return 0


def measure(*, quiet: bool) -> "list[Point]":
    """The totals of every model, mask and format."""
    import numpy as np

    from sqtheory.cli.progress import progress
    from sqtheory.execution import sweep
    from sqtheory.files.checkpoints import reading
    from sqtheory.files.targets import Targets
    from sqtheory.orders.grid import total_of
    from sqtheory.show.figures.order_gap import point

    rng = np.random.default_rng(0)
    masks = {text: options.mask(text, None, rng) for text in MASKS}
    formats = {text: options.quantizer(text, rng) for text in FORMATS}
    points = []
    for model in MODELS:
        with reading(f"zoo:{model}") as checkpoint:
            taken, _ = Targets().split(checkpoint.tensors)
            swept = sweep(checkpoint, taken, list(masks.values()), list(formats.values()))
            rows = [row for rows in progress(swept, model, quiet=quiet) for row in rows]
        for mask, s in masks.items():
            for text, q in formats.items():
                own = [r for r in rows if (r.order.mask, r.order.format) == (str(s), str(q))]
                points.append(point(model, mask, text, q.format.bits, total_of(own)))
    return points


def conclusion(points: "Sequence[Point]") -> str:
    """One sentence that the numbers support, whatever they are."""
    better = sum(p.gap > 0 for p in points)
    narrow, wide = min(p.bits for p in points), max(p.bits for p in points)
    low, high = (max((p for p in points if p.bits == bits), key=lambda p: p.gap) for bits in (narrow, wide))
    spared = max(points, key=lambda p: p.sq - p.optimum)
    where = {p: f"{p.bits} bits ({p.model}, {p.mask}, {p.format})" for p in (low, high)}
    return (
        f"Sparsifying first has the smaller error in {better} of {len(points)} cases (model, mask, format); "
        f"quantizing first costs at most {low.gap:.3g}% of ‖x‖ more at {where[low]} and at most {high.gap:.2g}% at "
        f"{where[high]}; the best mask chosen with knowledge of the rounding improves on sparsifying first by "
        f"{max(spared.sq - spared.optimum, 0):.2g}% of ‖x‖ at most."
    )


def _table(points: "Sequence[Point]") -> str:
    from sqtheory.tables import Table

    rows = tuple(
        (p.model, p.mask, p.format, f"{p.sq:.4f}", f"{p.qs:.4f}", f"{p.optimum:.4f}", f"{p.gap:+.4f}") for p in points
    )
    title = "‖x − y‖₂ over all linear layers, in percent of ‖x‖₂"
    return Table(("model", "mask", "format", "S→Q", "Q→S", "optimum", "Q→S − S→Q"), rows, title).text()
