"""A checkpoint on one page of HTML: a pure function of what was measured."""

from sqtheory.show.page.findings import Findings, Section
from sqtheory.show.page.page import page

__all__ = ["Findings", "Section", "page"]
