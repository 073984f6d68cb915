"""The page on hardware: tables are those of the code and of the figure's data; ``python -m`` of this rewrites it."""

import csv
import doctest
import re

from sqtheory.arithmetic import ACCUMULATIONS, Accumulator
from sqtheory.show.figures.accumulation import SIGNS
from sqtheory.tables import Table
from tests.readme import DOCS
from tests.show.figures.references import HERE

PAGE = DOCS / "hardware.md"
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def laws() -> Table:
    rows = []
    for name, one in ACCUMULATIONS.items():
        if isinstance(one, Accumulator):
            sizes = map(str, (one.group, one.span, one.fraction, one.significant))
            rows.append((f"`{name}`", str(one.operand), *sizes, str(one.chain).replace("_", " ")))
    return Table(("written", "operands", "L", "places of a group", "F", "P", "groups"), tuple(rows))


def figure() -> Table:
    with (HERE / "accumulation.csv").open(encoding="utf-8") as file:
        points = list(csv.DictReader(file))
    names = ("gap", "quantization", "fp8_fast", "fp8_fast_bound", "fp8_promoted", "fp8_promoted_bound")
    rows = [
        (p["signs"], p["length"], *(f"{v:.0f}" if (v := float(p[name])) >= 10 else f"{v:.2g}" for name in names))
        for p in points
    ]
    header = ("operands of", "K", "orders apart", "quantization", "fp8_fast", "at most", "fp8_promoted", "at most")
    return Table(header, tuple(rows))


TABLES = {"laws": laws, "figure": figure}


def regenerated(text: str) -> str:
    return TABLE.sub(lambda m: f"{m[1]}{TABLES[m[2]]().markdown().strip()}\n{m[3]}", text)


def test_tables_are_current() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert {name for _, name, _ in TABLE.findall(text)} == {*TABLES}
    assert regenerated(text) == text


def test_what_is_said_of_one_sign_is_in_the_data() -> None:
    rows = [row for row in figure().rows if row[0] == SIGNS[1]]
    first = next(row[1] for row in rows if float(row[4]) > float(row[2]))
    assert first == "1024" and all(float(row[4]) < float(row[2]) for row in figure().rows if row[0] == SIGNS[0])


def test_examples_print_what_they_say() -> None:
    complaints: list[str] = []
    inside = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    test = doctest.DocTestParser().get_doctest(inside, {}, PAGE.name, str(PAGE), 0)
    assert len(test.examples) >= 8
    doctest.DocTestRunner().run(test, out=complaints.append)
    assert complaints == []


if __name__ == "__main__":
    PAGE.write_text(regenerated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
