"""Guarantees and predictions for whole networks on real activations: ``certificates`` applied to ``models``."""

from sqtheory.models.studies.networks.layers import LayerGuarantee, certify_layers, guarantee_table, totals
from sqtheory.models.studies.networks.stack import StackBound, certify_stack

__all__ = ["LayerGuarantee", "StackBound", "certify_layers", "certify_stack", "guarantee_table", "totals"]
