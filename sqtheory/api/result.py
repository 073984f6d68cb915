"""What a call gives back: records, and the same as text, HTML, a data frame and JSON."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqtheory.tables import Framed, Table, shown

Render: TypeAlias = Callable[[Table], str]
"""A table as text, Markdown, …"""
Say: TypeAlias = Callable[[str], None]
"""What is told one sentence about a call while it runs."""


def unsaid(sentence: str) -> None:
    """Nobody is told."""


class Result(Framed):
    """What came of a verb; ``to_dict()`` is what the command line prints as JSON, ``text()`` what it prints else."""

    between = "\n\n"
    """What stands between the parts of the text."""
    notes: tuple[str, ...] = ()
    """What one should know of the answer, and did not ask."""

    @abstractmethod
    def parts(self) -> Sequence[Table | str]:
        """Tables and sentences, in their order."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain words and numbers, ready for JSON, ``schema`` first."""

    @property
    def failures(self) -> tuple[str, ...]:
        """What was checked and does not hold, in words."""
        return ()

    def text(self, render: Render = Table.text) -> str:
        """The parts, tables as ``render`` has them."""
        return self.between.join(part if isinstance(part, str) else render(part) for part in self.parts())

    def markdown(self) -> str:
        """The text with its tables in Markdown."""
        return self.text(Table.markdown)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return "".join(_paragraphs(part) if isinstance(part, str) else part.html() for part in self.parts())


def _paragraphs(text: str) -> str:
    from html import escape

    return "".join(f"<p>{escape(shown(line))}</p>" for line in text.split("\n"))
