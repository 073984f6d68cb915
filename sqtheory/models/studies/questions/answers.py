"""The questions in the order of the report."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqtheory.models.studies.questions.answer import Answer, Subject
from sqtheory.models.studies.questions.budget import shared_budget
from sqtheory.models.studies.questions.intensity import weaker_first
from sqtheory.models.studies.questions.metric import bit_widths, depth, rankings, tie_rules
from sqtheory.models.studies.questions.tensors import collisions, frozen_scales, unstructured
from sqtheory.models.studies.questions.why import reasons

QUESTIONS: Mapping[str, Callable[[Subject], Answer]] = MappingProxyType(
    {
        "collisions": collisions,
        "widths": bit_widths,
        "why": reasons,
        "depth": depth,
        "rankings": rankings,
        "ties": tie_rules,
        "unstructured": unstructured,
        "frozen": frozen_scales,
        "intensity": weaker_first,
        "budget": shared_budget,
    }
)
"""Every question by a short name."""
