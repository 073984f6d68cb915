"""Compressed checkpoints: planned, written whole or not at all, and verified from their bytes."""

from sqtheory.compress.again import Failure
from sqtheory.compress.applying import Plan, apply, plan
from sqtheory.compress.draft import Draft
from sqtheory.compress.layout import Layout, Packing
from sqtheory.compress.layouts import layout_of, written
from sqtheory.compress.reading import read_report
from sqtheory.compress.recipe import Recipe, Treatment
from sqtheory.compress.report import Applied, LeftAlone, Report, beside
from sqtheory.compress.ruled import RuledRecipe
from sqtheory.compress.ties import sentences as said_of_ties
from sqtheory.compress.verifying import Verification, verify

__all__ = [
    "Applied",
    "Draft",
    "Failure",
    "Layout",
    "LeftAlone",
    "Packing",
    "Plan",
    "Recipe",
    "Report",
    "RuledRecipe",
    "Treatment",
    "Verification",
    "apply",
    "beside",
    "layout_of",
    "plan",
    "read_report",
    "said_of_ties",
    "verify",
    "written",
]
