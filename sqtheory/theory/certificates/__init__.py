"""Guarantees and predictions for linear layers and stacks of them, beside the measurement, from plain arrays."""

from sqtheory.theory.certificates.accumulations import AccumulationCertificate, certify_accumulation
from sqtheory.theory.certificates.four_words import FourWords, four_words
from sqtheory.theory.certificates.layers import LayerCertificate, certify_layer, certify_moments
from sqtheory.theory.certificates.order_gaps import OutputGap, output_gap
from sqtheory.theory.certificates.probable import ProbableBound, concentration
from sqtheory.theory.certificates.stacks import (
    through_activation,
    through_attention,
    through_layers,
    through_linear,
    through_norm,
    through_product,
    through_residual,
)

__all__ = [
    "AccumulationCertificate",
    "FourWords",
    "LayerCertificate",
    "OutputGap",
    "ProbableBound",
    "certify_accumulation",
    "certify_layer",
    "certify_moments",
    "concentration",
    "four_words",
    "output_gap",
    "through_activation",
    "through_attention",
    "through_layers",
    "through_linear",
    "through_norm",
    "through_product",
    "through_residual",
]
