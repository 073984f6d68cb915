"""Files of tensors, read and written one tensor at a time; nothing in a file is ever executed."""

from sqtheory.checkpoints.gguf import GgufCheckpoint
from sqtheory.checkpoints.npz import NpyCheckpoint, NpzCheckpoint
from sqtheory.checkpoints.npz_writing import NpyWriter, NpzWriter
from sqtheory.checkpoints.onnx import OnnxCheckpoint
from sqtheory.checkpoints.opening import open_checkpoint, reading
from sqtheory.checkpoints.safetensors import SafetensorsCheckpoint
from sqtheory.checkpoints.shards import ShardedCheckpoint
from sqtheory.checkpoints.stored import StoredTensor
from sqtheory.checkpoints.tensors import Checkpoint, Signature, TensorInfo
from sqtheory.checkpoints.writing import CheckpointWriter, SafetensorsWriter, declare

__all__ = [
    "Checkpoint",
    "CheckpointWriter",
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
    "declare",
    "open_checkpoint",
    "reading",
]
