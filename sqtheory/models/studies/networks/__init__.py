"""Guarantees and predictions for whole networks on real activations: ``certificates`` applied to ``models``."""

from sqtheory.models.studies.networks.hardware import HardwareGuarantee, hardware_sentence, hardware_table
from sqtheory.models.studies.networks.layers import LayerGuarantee, certify_layers, guarantee_table, totals
from sqtheory.models.studies.networks.stack import StackBound, certify_stack

__all__ = [
    "HardwareGuarantee",
    "LayerGuarantee",
    "StackBound",
    "certify_layers",
    "certify_stack",
    "guarantee_table",
    "hardware_sentence",
    "hardware_table",
    "totals",
]
