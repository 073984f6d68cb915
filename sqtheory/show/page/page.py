"""The page: summary, then for each pipeline the worst tensors, the channels, both orders, the gap, the recipe."""

import html
import re
from collections import Counter
from collections.abc import Iterable

from sqtheory.alphabet.norms import spell_norm
from sqtheory.orders.applied import Winner
from sqtheory.orders.assumptions import UNCHANGED
from sqtheory.orders.grid import SHARES, Row, Total, pipeline_table, sentences, shares, total_of
from sqtheory.orders.report import OrderReport
from sqtheory.show.page.drawing import channel_map, gap_scatter, worst
from sqtheory.show.page.findings import Findings, Section
from sqtheory.show.page.stylesheet import POLICY, SCRIPT, STYLE
from sqtheory.tables import Table, counted, one_line, share, short
from sqtheory.theory.expectations import agreement_table
from sqtheory.theory.render import claim_text
from sqtheory.theory.theorems import find

WORST = 10
"""Tensors in the figure of the worst."""
NORM = re.compile(r"‖_([0-9]+(?:\.[0-9]+)?|inf)")
"""The p behind a norm."""


def page(found: Findings) -> str:
    """One HTML document that needs nothing but itself; equal findings give equal text. Names are escaped."""
    title = f"{one_line(found.checkpoint)}: the order of sparsification and quantization"
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="generator" content="sqtheory {html.escape(found.version)}">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>"
    )
    parts = [f"<h1>{html.escape(title)}</h1>", *_summary(found)]
    for at, section in enumerate(found.sections, 1):
        parts += _section(at, section, found.p)
    parts += [*_glossary(found), *_skipped(found)]
    body = "\n".join(["<body>", *parts, f"<script>{SCRIPT}</script></body>"])
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n{body}</html>\n'


def _summary(found: Findings) -> list[str]:
    p = spell_norm(found.p)
    wins = ("agree" if winner is Winner.equal else f"{winner.sign} wins" for winner in Winner)
    header = ("mask", "format", *SHARES, "slack %", "better", *wins, "guaranteed by", "open")
    return [
        _paragraph(
            f"{counted(found.tensors, 'tensor')} compared, {len(found.chosen.left)} left alone. "
            f"{found.chosen.sentences()[0]} "
            "S→Q sparsifies, then quantizes; Q→S quantizes, then sparsifies. "
            f"Errors are ‖x − y‖_{p} in percent of ‖x‖_{p} over all tensors: S and Q of each step alone; "
            "optimum of the best mask at the scales of x; bound ‖x − s(x)‖ + ‖x − q(x)‖; "
            "slack = bound − S→Q, negative where S→Q adds error beyond the sum. "
            "Order can matter through open channels: M selection (the mask chosen on q(x) differs), "
            "Σ scale (masking moved the scale of a block), Z zero (pruned entries come back)."
        ),
        "<h2>Summary</h2>",
        _sortable(Table(header, tuple(map(_line, found.sections))), "summary"),
        "<p>This page was made by</p>",
        _commands([found.command]),
        *_recipe(found),
    ]


def _recipe(found: Findings) -> list[str]:
    """The rules in their one spelling, and the hash by which they are known."""
    if found.rules is None:
        return []
    said = f"by this recipe, in which the first rule that takes a tensor decides (SHA-256 {found.rules.sha256}):"
    return [f"<p>{html.escape(said)}</p>", _sortable(found.rules.table())]


def _line(section: Section) -> tuple[str, ...]:
    """What the summary says of one pipeline."""
    whole = total_of(section.rows)
    return (
        *(section.rows[0].order.mask, section.rows[0].order.format),
        *shares(whole),
        _slack(whole),
        whole.winner.sign,
        *(str(whole.winners[order]) for order in Winner),
        ", ".join(f"{name} ({n})" for name, n in _guarantees(section.rows).items()),
        whole.open,
    )


def _guarantees(rows: Iterable[Row]) -> Counter[str]:
    """In how many tensors which theorem decides the winner, or none."""
    return Counter(row.reason.theorem or "no theorem" for row in rows)


def _section(at: int, section: Section, p: float) -> list[str]:
    rows = section.rows
    ranked = sorted(rows, key=lambda r: -r.order.relative(r.order.errors.sq))[:WORST]
    whole = total_of(rows)
    slack = [_slack(r.order) for r in rows]
    orders = pipeline_table(rows, rows).with_column("slack %", [*slack, _slack(whole)], after="bound %")
    spelled, data = spell_norm(p), f"{section.pipeline}, {len(rows)} tensors"
    return [
        f'<h2 id="pipeline-{at}">{html.escape(section.pipeline)}</h2>',
        *_list([*sentences(rows), *([str(section.pruned)] if section.pruned else [])]),
        "<h3>Recipe</h3>",
        _commands(section.commands),
        "<h3>Worst tensors</h3>",
        _figure(
            worst(ranked),
            f"Measured: ‖x − y‖_{spelled} in percent of ‖x‖_{spelled} for the {len(ranked)} tensors of largest error "
            f"under S→Q. Theory: the bound ‖x − s(x)‖ + ‖x − q(x)‖. Data: {data}.",
        ),
        "<h3>Channel map</h3>",
        _figure(
            channel_map(rows),
            "Measured: where each channel is open, layer across and kind of tensor down; the fuller the colour, the "
            f"larger the share of groups (M), scale blocks with a survivor (Σ) or pruned entries (Z). Data: {data}.",
        ),
        "<h3>Both orders</h3>",
        _sortable(orders, footer=1),
        *_gaps(section, spelled, data),
    ]


def _gaps(section: Section, p: str, data: str) -> list[str]:
    gaps, parts = section.gaps, ["<h3>Predicted and measured order gap</h3>"]
    parts += _list(
        f"No prediction for {n} of {len(section.rows)} tensors: {why}." for why, n in section.unpredicted.items()
    )
    if not gaps.tensors:
        return parts
    parts.append(
        _paragraph(
            f"The gap is ‖x − s(q(x))‖^p − ‖x − q(s(x))‖^p, p = {p}: what Q→S loses over S→Q. "
            "Predicted: its expectation if every arrangement of the entries in their scale block were as likely "
            "(theorem order_gap_law). Ties averaged: the mean over all ways to break ties; measured: by the tie rule "
            "of the mask; both in percent of the prediction, ± one standard error of independent blocks."
        )
    )
    drawn = gap_scatter(gaps.tensors)
    left_out = sum(r.predicted <= 0 or r.measured <= 0 for r in gaps.tensors)
    if drawn:
        missing = f" {left_out} tensors whose gap is not positive are not drawn." if left_out else ""
        caption = f"Measured against predicted order gap; on the line both are equal. Data: {data}.{missing}"
        parts.append(_figure(drawn, caption))
    return [*parts, _sortable(agreement_table([gaps])), _sortable(gaps.table())]


def _glossary(found: Findings) -> list[str]:
    """The theorems and assumptions that the tables name."""
    reasons = [row.reason for section in found.sections for row in section.rows]
    slugs = dict.fromkeys(["prune_first_bound", *(r.theorem for r in reasons if r.theorem)])
    theorems = [find(slug) for slug in slugs]
    failed = dict.fromkeys(name for r in reasons for name in r.failed)
    statements = {a.name: a.statement for a in find("prune_first_dominates").given}
    statements[UNCHANGED.name] = UNCHANGED.statement
    claims = Table(
        ("theorem", "says", "claims", "if", "source"),
        tuple(
            (
                *(t.slug, t.title, "; ".join(map(claim_text, t.claims))),
                *("; ".join(a.statement for a in t.given), str(t.source)),
            )
            for t in theorems
        ),
    )
    parts = ["<h2>Theorems and assumptions named here</h2>", _scroll(claims.html())]
    if failed:
        broken = Table(("assumption that fails", "says"), tuple((name, statements[name]) for name in failed))
        parts.append(_scroll(broken.html()))
    return parts


def _skipped(found: Findings) -> list[str]:
    if not found.chosen.left:
        return []
    rows = tuple((short(info.name), reason) for info, reason in found.chosen.skipped)
    return ["<h2>Left alone</h2>", _sortable(Table(("tensor", "because"), rows))]


def _slack(of: OrderReport | Total) -> str:
    return share(of.bound - of.errors.sq, of.x_norm)


def _paragraph(text: str) -> str:
    return f"<p>{_escape(text)}</p>"


def _escape(text: str) -> str:
    """A sentence of ours, which p is at home in; the p of a norm is set below the line."""
    return NORM.sub(r"‖<sub>\1</sub>", html.escape(text))


def _list(lines: Iterable[str]) -> list[str]:
    items = [f"<li>{html.escape(line)}</li>" for line in lines]
    return [f"<ul>{''.join(items)}</ul>"] if items else []


def _commands(lines: Iterable[str]) -> str:
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{_scroll(svg)}<figcaption>{_escape(caption)}</figcaption></figure>"


def _scroll(inside: str) -> str:
    return f'<div class="scroll">{inside}</div>'


def _sortable(shown: Table, kind: str = "", *, footer: int = 0) -> str:
    """A table that sorts by a click; names of tensors may be long and are broken anywhere."""
    kind = "named" if shown.header[0] == "tensor" else kind
    return f'<div class="{" ".join(["scroll sortable", kind]).strip()}">{shown.html(footer=footer)}</div>'
