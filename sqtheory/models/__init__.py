"""Numpy forward passes of exported models: what sparsity and quantization, in either order, cost in the metric."""

from sqtheory.models.bert import Bert
from sqtheory.models.compression import DENSE, Recipe, compressed, ordered_weights, weights
from sqtheory.models.data import Samples, labelled, samples_for, windows
from sqtheory.models.decoder import ByteDecoder
from sqtheory.models.evaluating import evaluate
from sqtheory.models.linears import EXACT, Compressed, Exact, Linear, Linears, Watched
from sqtheory.models.llama import Llama
from sqtheory.models.model import Model
from sqtheory.models.opening import open_model
from sqtheory.models.scores import (
    ACCURACY,
    BITS_PER_BYTE,
    COSINE,
    CROSS_ENTROPY,
    METRICS,
    PERPLEXITY,
    PHONEME_ERROR_RATE,
    Estimate,
    Metric,
    Scores,
    excess,
)
from sqtheory.models.vit import VisionTransformer

__all__ = [
    "ACCURACY",
    "BITS_PER_BYTE",
    "COSINE",
    "CROSS_ENTROPY",
    "DENSE",
    "EXACT",
    "METRICS",
    "PERPLEXITY",
    "PHONEME_ERROR_RATE",
    "Bert",
    "ByteDecoder",
    "Compressed",
    "Estimate",
    "Exact",
    "Linear",
    "Linears",
    "Llama",
    "Metric",
    "Model",
    "Recipe",
    "Samples",
    "Scores",
    "VisionTransformer",
    "Watched",
    "compressed",
    "evaluate",
    "excess",
    "labelled",
    "open_model",
    "ordered_weights",
    "samples_for",
    "weights",
    "windows",
]
