"""Every layout says what it is, and the documentation names it."""

from pathlib import Path

from sqtheory.files.codecs.registry import CODECS

PAGE = Path(__file__).parents[3] / "notebooks" / "docs" / "checkpoints.md"


def test_every_layout_says_where_it_is_described_and_under_which_configurations_it_is_looked_for() -> None:
    assert len({codec.name for codec in CODECS}) == len(CODECS)
    for codec in CODECS:
        assert codec.source and isinstance(codec.methods, frozenset)


def test_the_documentation_has_every_layout_and_every_method() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## Quantized checkpoints")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    for codec in CODECS:
        if codec.methods or codec.name == "sqtheory":
            [row] = [row for row in rows if f"`{codec.name}`" in row.split("|")[1]]
            assert all(f"`{method}`" in row for method in codec.methods), codec.name
