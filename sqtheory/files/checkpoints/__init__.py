"""Files of tensors, read and written one tensor at a time; nothing in a file is ever executed."""

from sqtheory.files.checkpoints.ctranslate2 import Ctranslate2Checkpoint
from sqtheory.files.checkpoints.decoding import Decoding
from sqtheory.files.checkpoints.gguf import GgufCheckpoint
from sqtheory.files.checkpoints.npz import NpyCheckpoint, NpzCheckpoint
from sqtheory.files.checkpoints.npz_writing import NpyWriter, NpzWriter
from sqtheory.files.checkpoints.onnx import OnnxCheckpoint
from sqtheory.files.checkpoints.opening import open_stored
from sqtheory.files.checkpoints.safetensors import SafetensorsCheckpoint
from sqtheory.files.checkpoints.shards import ShardedCheckpoint
from sqtheory.files.checkpoints.stored import StoredTensor
from sqtheory.files.checkpoints.tensors import Checkpoint, Signature, TensorInfo
from sqtheory.files.checkpoints.tflite import TfliteCheckpoint
from sqtheory.files.checkpoints.values import open_checkpoint, reading
from sqtheory.files.checkpoints.writing import CheckpointWriter, SafetensorsWriter, declare, redeclare

__all__ = [
    "Checkpoint",
    "CheckpointWriter",
    "Ctranslate2Checkpoint",
    "Decoding",
    "GgufCheckpoint",
    "NpyCheckpoint",
    "NpyWriter",
    "NpzCheckpoint",
    "NpzWriter",
    "OnnxCheckpoint",
    "SafetensorsCheckpoint",
    "SafetensorsWriter",
    "ShardedCheckpoint",
    "Signature",
    "StoredTensor",
    "TensorInfo",
    "TfliteCheckpoint",
    "declare",
    "open_checkpoint",
    "open_stored",
    "reading",
    "redeclare",
]
