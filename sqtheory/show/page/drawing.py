"""The figures of a page as SVG text: worst tensors, channel map, predicted against measured gap.

Type and lines are in the colour of the text around them, so that they stand out from a light and from a dark page.
"""

import html
import math
import re
from collections.abc import Iterable, Sequence

from sqtheory.orders.grid import Row
from sqtheory.tables import OVERFLOW, number, one_line
from sqtheory.theory.expectations import Agreement

BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
"""Colours that stay apart for colour-blind readers (Okabe and Ito)."""
CHANNELS = {"M": BLUE, "Σ": ORANGE, "Z": GREEN}
LETTER = 6.2
"""Width of a letter of eleven pixels, on the safe side."""
PLACE = re.compile(r"(?<![^.])(0|[1-9][0-9]{0,5})(?![^.])")
"""The number of a layer in the name of a tensor: a whole part between dots."""
LONGEST = 64
"""Signs of a name that a figure shows; the table has all of it."""


def worst(rows: Sequence[Row]) -> str:
    """Two bars for each tensor, S→Q above Q→S, and the bound as a mark, in percent of ‖x‖_p."""
    names = labels([r.name for r in rows])
    left = LETTER * max(map(len, names)) + 12
    shares = [
        tuple(100 * r.order.relative(v) for v in (r.order.errors.sq, r.order.errors.qs, r.order.bound)) for r in rows
    ]
    most = max((v for row in shares for v in row if math.isfinite(v)), default=0.0) or 1.0
    scale, step, parts = 520 / most, 30, []
    for i, (name, (sq, qs, bound)) in enumerate(zip(names, shares, strict=True)):
        y = 24 + step * i
        parts.append(_text(left - 8, y + 15, name, "end"))
        for value, colour, down in ((sq, BLUE, 2), (qs, ORANGE, 13)):
            parts.append(_box(left, y + down, scale * min(value, most), 10, fill=colour))
            said = f"{value:.4f}" if math.isfinite(value) else OVERFLOW
            parts.append(_text(left + scale * min(value, most) + 5, y + down + 9, said, size=9))
        at = left + scale * min(bound, most)
        parts.append(_line(at, y, at, y + 25, 2))
    parts += [_box(left, 4, 10, 10, fill=BLUE), _text(left + 14, 13, "S→Q")]
    parts += [_box(left + 60, 4, 10, 10, fill=ORANGE), _text(left + 74, 13, "Q→S")]
    parts += [_line(left + 126, 3, left + 126, 15, 2), _text(left + 132, 13, "bound S + Q")]
    return _svg(left + 600, 30 + step * len(rows), "Tensors of largest relative error under S→Q", parts)


def channel_map(rows: Sequence[Row]) -> str:
    """A field for each tensor, layer across, kind of tensor down, three panels M, Σ, Z: how much of it is open.

    The layer is the first whole number between the dots of the name. Empty: closed; the fuller the colour, the larger
    the share of groups, blocks or entries in which the channel is open; a dot wherever it is open at all.
    """
    places = [_place(r.name) for r in rows]
    kinds = list(dict.fromkeys(kind for kind, _ in places))
    layers = sorted({layer for _, layer in places})
    cell, high = 20, 15
    named = labels(kinds)
    left = LETTER * max(map(len, named)) + 12
    panel, parts = high * len(kinds) + 40, []
    for down, (symbol, colour) in enumerate(CHANNELS.items()):
        top = 24 + panel * down
        judged = [r.channels.channels[down] for r in rows]
        opened, ruled_out = (sum(c.open for c in judged), sum(not c.possible for c in judged))
        counted = f"open in {opened} of {len(rows)}" + (f", closed by structure in {ruled_out}" if ruled_out else "")
        parts.append(_text(left, top - 7, f"{symbol} {judged[0].name}: {counted}", weight="bold"))
        for i, label in enumerate(named):
            parts.append(_text(left - 8, top + high * i + 11, label, "end"))
        for (kind, layer), row, channel in zip(places, rows, judged, strict=True):
            x, y = left + cell * layers.index(layer), top + high * kinds.index(kind)
            share = channel.count / channel.total if channel.total else 0.0
            shade = f"{0.15 + 0.85 * share:.3f}" if channel.open else "0"
            label = f"{one_line(row.name)}: {symbol} open in {channel.count} of {channel.total}"
            dot = (
                f'<circle cx="{x + cell / 2:.1f}" cy="{y + high / 2:.1f}" r="1.6" fill="currentColor"/>'
                if channel.open
                else ""
            )
            field = _box(x, y, cell, high, fill=colour, fill_opacity=shade, stroke="#999", stroke_width="0.7")
            parts.append(f"<g><title>{html.escape(label)}</title>{field}{dot}</g>")
        for i, layer in enumerate(layers):
            parts.append(_text(left + cell * (i + 0.5), top + high * len(kinds) + 11, _layer(layer), "middle", size=9))
    return _svg(
        left + max(cell * len(layers), 320) + 10, panel * 3 + 10, "Which channel is open in which tensor", parts
    )


def gap_scatter(rows: Iterable[Agreement]) -> str:
    """Predicted gap across, measured gap up, both logarithmic, with the diagonal; nothing if none has both positive."""
    found = [r for r in rows if r.predicted > 0 and r.measured > 0]
    if not found:
        return ""
    logs = [math.log10(v) for r in found for v in (r.predicted, r.measured)]
    low, high = math.floor(min(logs) * 2) / 2, math.floor(max(logs) * 2) / 2 + 0.5
    left, top, size = 70, 12, 300

    def across(value: float) -> float:
        return left + size * (math.log10(value) - low) / (high - low)

    def up(value: float) -> float:
        return top + size - (across(value) - left)

    parts = [
        _box(left, top, size, size, fill="none", stroke="currentColor"),
        _line(left, top + size, left + size, top, 1, stroke_opacity="0.5"),
    ]
    ticks = [10.0**e for e in range(math.ceil(low), math.floor(high) + 1)]
    for tick in ticks if len(ticks) > 1 else (10**low, 10**high):
        parts += [_line(across(tick), top + size, across(tick), top + size + 4, 1)]
        parts += [_text(across(tick), top + size + 17, number(float(tick), 3), "middle")]
        parts += [_line(left - 4, up(tick), left, up(tick), 1)]
        parts += [_text(left - 7, up(tick) + 4, number(float(tick), 3), "end")]
    for r in found:
        label = f"{one_line(r.name)}: predicted {number(r.predicted)}, measured {number(r.measured)}"
        place = f'cx="{across(r.predicted):.1f}" cy="{up(r.measured):.1f}" r="3.5"'
        look = f'fill="{BLUE}" fill-opacity="0.7" stroke="currentColor" stroke-width="0.7"'
        parts.append(f"<circle {place} {look}><title>{html.escape(label)}</title></circle>")
    parts.append(_text(left + size / 2, top + size + 34, "predicted gap", "middle"))
    parts.append(
        f'<g transform="translate(14 {top + size / 2:.1f}) rotate(-90)">{_text(0, 0, "measured gap", "middle")}</g>'
    )
    return _svg(left + size + 30, top + size + 42, "Predicted against measured order gap of each tensor", parts)


def _place(name: str) -> tuple[str, int]:
    """The name without the number of its layer, and that number; −1 where it has none."""
    found = PLACE.search(name)
    return (PLACE.sub("*", name, count=1), int(found[1])) if found else (name, -1)


def labels(names: Sequence[str]) -> list[str]:
    """Each name on one line: where one is long all go without the parts they begin with, then without its middle."""
    lines = [one_line(name) for name in names]
    if len(lines) > 1 and max(map(len, lines)) > LONGEST:
        split = [line.split(".") for line in lines]
        alike = [len(set(parts)) == 1 for parts in zip(*split, strict=False)]
        shared = min([*alike, False].index(False), min(map(len, split)) - 1)
        lines = ["…" * (shared > 0) + ".".join(parts[shared:]) for parts in split]
    return [
        line if len(line) <= LONGEST else f"{line[: LONGEST // 3]}…{line[1 + LONGEST // 3 - LONGEST :]}"
        for line in lines
    ]


def _layer(number: int) -> str:
    return "–" if number < 0 else str(number)


def _svg(width: float, height: float, label: str, parts: Iterable[str]) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    family = 'font-family="system-ui, sans-serif"'
    return f'<svg {size} role="img" aria-label="{html.escape(label)}" {family}>{"".join(parts)}</svg>'


def _text(x: float, y: float, text: str, anchor: str = "start", *, size: int = 11, weight: str = "normal") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}"'
    return f'<text {place} fill="currentColor">{html.escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, **attributes: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f"<rect {place}{_spelled(attributes)}/>"


def _line(x: float, y: float, to_x: float, to_y: float, width: int, **attributes: str) -> str:
    place = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
    return f'<line {place} stroke="currentColor" stroke-width="{width}"{_spelled(attributes)}/>'


def _spelled(attributes: dict[str, str]) -> str:
    return "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
