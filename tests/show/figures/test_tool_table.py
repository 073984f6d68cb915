"""Rows of the figure of tools are those of its reference: of some tools by day, of all every night."""

import csv

import pytest

from sqtheory.show.figures.tool_table import ToolTable, tallies
from sqtheory.tools import ALL, Tool
from tests.nightly import thin
from tests.show.figures.references import HERE


@thin(12)
@pytest.mark.parametrize("tool", ALL, ids=lambda tool: tool.name)
def test_the_rows_of_a_tool_are_those_of_the_reference(tool: Tool) -> None:
    with (HERE / "tools.csv").open(encoding="utf-8") as file:
        expected = {tuple(row[:5]) for row in csv.reader(file) if row[0] == tool.name}
    found = {tuple(row) for row in ToolTable(tuple(tallies(tool))).table().rows}
    assert expected <= found
