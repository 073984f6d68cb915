"""A checkpoint on one page of HTML: a pure function of what was measured."""

from sqtheory.page.findings import Findings, Section
from sqtheory.page.page import page

__all__ = ["Findings", "Section", "page"]
