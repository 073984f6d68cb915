"""The progressive-intensity hypothesis on the committed grids: ``python -m tests.intensities`` writes its table."""

import re
from collections.abc import Iterator

import numpy as np

from sqtheory.models.studies.intensities import Grid, Harms, intensity_table
from tests.results import FOLDER

FILE = FOLDER / "intensities.md"
SEED = 0
HEADING = re.compile(r"\*\*(.*?): (.*?), (.*) \(dense: (\S+) ± .*\)\*\*")
SHORT = {"one-shot on the dense model": "one-shot", "sparse fine-tuned": "fine-tuned"}


def grids() -> Iterator[Grid]:
    """Every grid of the committed tables, harms in units of 10^−4, by the digits printed."""
    for file in sorted(FOLDER.glob("table-*.md")):
        found: dict[str, list[Harms]] = {}
        rows: list[Harms] | None = None
        sign = dense = 0
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("**"):
                title = HEADING.fullmatch(line)
                rows = None
                if title is not None:
                    kind, operands = title[3].rsplit(", ", 1)
                    rows = found.setdefault(f"{file.stem.removeprefix('table-')}, {SHORT[kind]}, {operands}", [])
                    sign, dense = (-1 if title[2].startswith("accuracy") else 1), units(title[4])
            elif rows is not None and line.startswith("| ") and not line.startswith(("| pipeline", "| ---")):
                name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
                rows.append(Harms(name.split()[0], *(sign * (units(cell) - dense) for cell in cells[:4])))
        yield from (Grid(name, tuple(harms)) for name, harms in found.items())


def units(number: str) -> int:
    """A printed number in units of 10^−4, of which it is a whole number: differences are exact."""
    return round(float(number) * 10_000)


def text() -> str:
    """The whole file."""
    table = intensity_table(grids(), np.random.default_rng(SEED)).markdown()
    return f"<!-- python -m tests.intensities -->\n{NOTE}\n{table}\n"


NOTE = """\
Whichever of both harms less comes first (`kim2026order`, by its abstract), on the grids of the committed tables, by
their printed digits. *Q harms more*: pipelines in which q alone is worse than s alone; of the others "quantization
error dominates" (`harma2025interplay`) is false. *Weaker first*: pipelines in which that order is the better one, the
worse one, or neither. ρ: Spearman's rank correlation of Q − S with Q→S − S→Q, which the hypothesis
has at 1, with the middle 95 % of 1000 resamples of the pipelines; they share masks and formats, so that interval is
about these pipelines and no others. The last column is the mean of ρ over masks. –: both orders are equal throughout.
"""

if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
