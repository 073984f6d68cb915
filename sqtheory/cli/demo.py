"""``sqtheory demo``: both orders on the two models that come with the package, a table, a sentence, a figure."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sqtheory.cli.verb import Document, Verb, json_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqtheory.show.figures.order_gap import Point
    from sqtheory.tables import Table

MODELS = ("lm-dense", "vit-dense")
MASKS = ("2:4", "50%")
FORMATS = ("int8", "int4", "hbfp8", "hbfp6", "hbfp4", "mxfp8", "mxfp6", "mxfp4", "nvfp4")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument(
        "--out", type=Path, default=Path("sqtheory-demo"), metavar="DIR", help="folder for the figure (sqtheory-demo)"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there and differ")


def run(arguments: argparse.Namespace) -> Document:
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
    Document(
        "sqtheory.demo/1",
        lambda: {"rows": [{**asdict(p), "gap": p.gap} for p in points], "conclusion": sentence},
        lambda render: f"{render(_table(points))}\n\n{sentence}",
    ).show(arguments)
    atomic.write_all(arguments.out, files, force=arguments.force)
    said = "" if arguments.json else f"\nfigure: {arguments.out / 'order_gap.png'} (also .svg; data in .csv)"
    return Document(text=lambda render: said)


def measure(*, quiet: bool) -> "list[Point]":
    """The totals of every model, mask and format."""
    import numpy as np

    from sqtheory.api.operators import mask, quantizer
    from sqtheory.cli.progress import progress
    from sqtheory.execution import sweep
    from sqtheory.files.checkpoints import reading
    from sqtheory.files.targets import Targets
    from sqtheory.orders.grid import total_of
    from sqtheory.show.figures.order_gap import point

    rng = np.random.default_rng(0)
    masks = {text: mask(text, None, rng) for text in MASKS}
    formats = {text: quantizer(text, rng) for text in FORMATS}
    points = []
    for model in MODELS:
        with reading(f"zoo:{model}") as checkpoint:
            taken, _ = Targets().split(checkpoint.tensors)
            swept = sweep(checkpoint, taken, list(masks.values()), list(formats.values()))
            rows = [row for rows in progress(swept, model, quiet=quiet) for row in rows]
        for written, s in masks.items():
            for text, q in formats.items():
                own = [r for r in rows if (r.order.mask, r.order.format) == (str(s), str(q))]
                points.append(point(model, written, text, q.format.bits, total_of(own)))
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


def _table(points: "Sequence[Point]") -> "Table":
    from sqtheory.tables import Table

    rows = tuple(
        (p.model, p.mask, p.format, f"{p.sq:.4f}", f"{p.qs:.4f}", f"{p.optimum:.4f}", f"{p.gap:+.4f}") for p in points
    )
    title = "‖x − y‖₂ over all linear layers, in percent of ‖x‖₂"
    return Table(("model", "mask", "format", "S→Q", "Q→S", "optimum", "Q→S − S→Q"), rows, title)


VERB = Verb(
    name="demo",
    help="the main question answered on real trained weights, in under a minute",
    description="Compare both orders on every linear layer of a trained language model and a trained vision "
    f"transformer, for the formats {', '.join(FORMATS)} and the masks {' and '.join(MASKS)}: a table, one "
    "sentence of conclusion computed from it, and one figure (PNG and SVG, with its data as CSV).",
    options=add_options,
    forms=(json_of("sqtheory.demo/1"),),
    run=run,
)
