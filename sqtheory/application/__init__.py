"""Compressed checkpoints: planned, written whole or not at all, and verified from their bytes."""

from sqtheory.application.again import Failure
from sqtheory.application.applying import Plan, apply, plan
from sqtheory.application.layout import Layout, Packing
from sqtheory.application.layouts import layout_of, written
from sqtheory.application.reading import read_report
from sqtheory.application.recipe import Recipe
from sqtheory.application.report import Applied, LeftAlone, Report, beside
from sqtheory.application.verifying import Verification, verify

__all__ = [
    "Applied",
    "Failure",
    "Layout",
    "LeftAlone",
    "Packing",
    "Plan",
    "Recipe",
    "Report",
    "Verification",
    "apply",
    "beside",
    "layout_of",
    "plan",
    "read_report",
    "verify",
    "written",
]
