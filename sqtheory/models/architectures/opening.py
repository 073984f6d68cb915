"""A model from a checkpoint: recognized by its tensors, every shape checked before anything is computed."""

import os

import numpy as np

from sqtheory.exceptions import CheckpointError
from sqtheory.files import zoo
from sqtheory.files.checkpoints import reading
from sqtheory.files.checkpoints.gguf import GgufCheckpoint
from sqtheory.models.architectures.bert import Bert
from sqtheory.models.architectures.decoder import ByteDecoder
from sqtheory.models.architectures.gru import GraphemeToPhoneme
from sqtheory.models.architectures.llama_gguf import GgufLlama
from sqtheory.models.architectures.llama_safetensors import SafetensorsLlama
from sqtheory.models.architectures.model import Model, Source
from sqtheory.models.architectures.vit import VisionTransformer

FAMILIES: tuple[type[Model], ...] = (
    VisionTransformer,
    ByteDecoder,
    GgufLlama,
    SafetensorsLlama,
    Bert,
    GraphemeToPhoneme,
)
"""Every architecture with a forward pass, in the order in which a checkpoint is tried."""


def open_model(name: str | os.PathLike[str], *, heads: int | None = None) -> Model:
    """The model of a file or folder, or of the zoo by its name (``vit-dense`` or ``zoo:vit-dense``), in float32.

    ``heads``: attention heads, which tensors do not tell; by default what the file or the config.json beside it says,
    else of 32 entries in a vision transformer, 64 in a language model. Raises CheckpointError naming the tensor that
    is missing or has another shape, or the key of a file beside it that says what cannot be computed.
    """
    path = os.fspath(name)
    with reading(f"zoo:{path}" if path in zoo.names() else path) as checkpoint:
        names = {info.name for info in checkpoint.tensors}
        family = next((each for each in FAMILIES if each.mark in names), None)
        if family is None:
            known = ", ".join(f"{each.family} (with a tensor {each.mark!r})" for each in FAMILIES)
            raise CheckpointError(f"{path}: no architecture that can be computed; known: {known}")
        tensors = {n: np.asarray(checkpoint.read(n), np.float32) for n in sorted(names)}
        metadata = checkpoint.metadata if isinstance(checkpoint, GgufCheckpoint) else {}
        source = Source(metadata, {info.name: info.dtype for info in checkpoint.tensors}, checkpoint.path.parent)
    if tensors[family.mark].ndim != 2:
        axes = tensors[family.mark].ndim
        raise CheckpointError(f"{path}: tensor {family.mark!r} of a {family.family} needs two axes, got {axes}")
    model = family.of(tensors, heads, source)
    for tensor, shape in model.shapes().items():
        if tensor not in tensors:
            raise CheckpointError(f"{path}: a {family.family} needs a tensor {tensor!r} of shape {shape}")
        if tensors[tensor].shape != shape:
            found = tensors[tensor].shape
            raise CheckpointError(f"{path}: tensor {tensor!r} of a {family.family} needs shape {shape}, got {found}")
    return model
