"""Files of tensors, read and written one tensor at a time; nothing in a file is ever executed."""

from sqtheory.files.checkpoints.decoding import Decoding
from sqtheory.files.checkpoints.opening import open_stored
from sqtheory.files.checkpoints.safetensors import SafetensorsCheckpoint
from sqtheory.files.checkpoints.shards import ShardedCheckpoint
from sqtheory.files.checkpoints.signature import Signature
from sqtheory.files.checkpoints.stored import StoredTensor
from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo
from sqtheory.files.checkpoints.values import open_checkpoint, reading
from sqtheory.files.checkpoints.writing import CheckpointWriter, SafetensorsWriter, declare, redeclare

__all__ = [
    "Checkpoint",
    "CheckpointWriter",
    "Decoding",
    "SafetensorsCheckpoint",
    "SafetensorsWriter",
    "ShardedCheckpoint",
    "Signature",
    "StoredTensor",
    "TensorInfo",
    "declare",
    "open_checkpoint",
    "open_stored",
    "reading",
    "redeclare",
]
