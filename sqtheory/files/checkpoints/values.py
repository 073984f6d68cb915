"""Opening a checkpoint as its values, whatever spells them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqtheory.files.checkpoints.opening import open_stored
from sqtheory.files.checkpoints.tensors import Checkpoint


def open_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """The tensors of a file, of a folder or an index of shards, or (``zoo:NAME``) of a model of the zoo, as values.

    Files are ``.safetensors``, ``.gguf``, ``.onnx``, ``.tflite``, ``.npz``, ``.npy`` and ``model.bin`` of CTranslate2.
    Where several tensors spell a quantized weight, its values take their place. Raises CheckpointError for anything
    else, and says what was found instead; MissingExtra where a package is needed that is not there.
    """
    from sqtheory.files.codecs.decoding import decoded

    return decoded(open_stored(path))


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[Checkpoint]:
    """``open_checkpoint``; the context ends with a CheckpointError where the files are others by then."""
    with open_checkpoint(path) as checkpoint:
        before = checkpoint.signature
        yield checkpoint
        checkpoint.check_unchanged(before)
