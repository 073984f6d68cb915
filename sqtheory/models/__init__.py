"""Numpy forward passes of exported models: what sparsity and quantization, in either order, cost in the metric."""

from sqtheory.models.architectures.bert import Bert
from sqtheory.models.architectures.decoder import ByteDecoder
from sqtheory.models.architectures.linears import EXACT, Compressed, Exact, Linear, Linears, Watched
from sqtheory.models.architectures.llama import Llama
from sqtheory.models.architectures.model import Model
from sqtheory.models.architectures.opening import open_model
from sqtheory.models.architectures.vit import VisionTransformer
from sqtheory.models.evaluation.compression import DENSE, Compression, compressed
from sqtheory.models.evaluation.data import Samples, labelled, samples_for, windows
from sqtheory.models.evaluation.evaluating import evaluate
from sqtheory.models.evaluation.weight_images import ordered_weights, weights
from sqtheory.models.metrics import (
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
    "Compression",
    "Estimate",
    "Exact",
    "Linear",
    "Linears",
    "Llama",
    "Metric",
    "Model",
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
