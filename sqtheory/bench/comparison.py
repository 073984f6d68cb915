"""This build, another and peers in one table."""

from dataclasses import dataclass
from typing import Any, final

from sqtheory.tables import Table, Tabular, json_ready, number


@final
@dataclass(frozen=True)
class Line:
    """What one row came to: the figure of this build, over another of its own, and over that of the old build."""

    name: str
    value: float
    unit: str
    against: str
    ratio: float
    at_most: float | None
    """What the ratio is meant to stay under."""
    old: float | None = None
    """The figure of the old build, where there is one and it knows what is asked."""
    old_ratio: float | None = None
    of_old: float | None = None
    """What this build over the old one is meant to stay under."""
    lacks: str = ""
    """What a peer leaves out of the same work."""

    @property
    def gain(self) -> float | None:
        """This build over the old one."""
        return None if self.old is None else self.value / self.old

    @property
    def held(self) -> bool | None:
        """Every ratio that is known is within what is stated for it; None where nothing is."""
        pairs = ((self.ratio, self.at_most), (self.gain, self.of_old))
        known = [value <= meant for value, meant in pairs if value is not None and meant is not None]
        return all(known) if known else None


@final
@dataclass(frozen=True, repr=False)
class BuildComparison(Tabular):
    """What was measured, on what, when, under which engine."""

    lines: tuple[Line, ...]
    absent: tuple[str, ...]
    """Peers that are not installed."""
    size: int
    rounds: int
    engine: str
    compared: bool
    """With an old build."""
    day: str
    machine: str
    versions: str
    load: float | None
    """Processes that wanted to run while the last minute of it was measured."""

    @property
    def held(self) -> bool:
        """No line is beyond what is meant of it."""
        return all(line.held is not False for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        own = {name: value for name, value in vars(self).items() if name != "lines"}
        lines = [json_ready(vars(line)) | {"gain": line.gain, "held": line.held} for line in self.lines]
        return {**json_ready(own), "held": self.held, "lines": lines}

    def table(self) -> Table:
        """One line for each row."""
        header = ("what", "measured", "old", "new/old", "meant", "over", "ratio", "at most", "old ratio", "verdict")
        kept = [
            c for c, name in enumerate(header) if self.compared or name not in ("old", "new/old", "meant", "old ratio")
        ]
        rows = [tuple(_cells(line)[c] for c in kept) for line in self.lines]
        load = "" if self.load is None else f", load {self.load:.1f}"
        title = (
            f"{self.day}, {self.machine}, {self.versions}{load}: engine {self.engine}, {self.size} float32 entries, "
            f"the least of {self.rounds} rounds, s of processor time unless said otherwise"
        )
        if self.absent:
            title += f"; not installed, so not compared: {', '.join(self.absent)} (extra peers)"
        return Table(tuple(header[c] for c in kept), tuple(rows), title)


def _cells(line: Line) -> tuple[str, ...]:
    verdict = {True: "met", False: "missed", None: ""}[line.held]
    return (
        line.name,
        _amount(line.value, line.unit),
        _amount(line.old, line.unit),
        number(line.gain, 3),
        number(line.of_old, 3),
        line.against,
        number(line.ratio, 3),
        number(line.at_most, 3),
        number(line.old_ratio, 3),
        f"lacks: {line.lacks}" if line.lacks else verdict,
    )


def _amount(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{number(value, 3)} {unit}"
