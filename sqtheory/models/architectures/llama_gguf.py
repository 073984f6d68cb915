"""A Llama-shaped decoder of a GGUF file, with the tokenizer in its metadata."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from sqtheory.arrays import Array
from sqtheory.exceptions import CheckpointError
from sqtheory.models.architectures.llama import Llama, Names
from sqtheory.models.architectures.model import Source
from sqtheory.models.tokenizers.byte_pairs import BytePairs

NAMES = Names(
    "blk",
    ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"),
    ("attn_norm", "ffn_norm"),
    "token_embd",
    "output_norm",
    "output",
)


@final
@dataclass(frozen=True, eq=False)
class GgufLlama(Llama):
    """The rows of queries and keys are stored so that neighbouring entries turn together."""

    family: ClassVar[str] = "Llama of a GGUF file"
    mark: ClassVar[str] = "blk.0.attn_q.weight"
    names: ClassVar[Names] = NAMES

    @classmethod
    def of(cls, tensors: Mapping[str, Array], heads: int | None, source: Source) -> "GgufLlama":
        def said(key: str, usual: Any = None) -> Any:
            value = source.metadata.get(key, usual)
            if value is None:
                raise CheckpointError(f"a {cls.family} needs {key!r} in its metadata")
            return value

        if said("general.architecture") != "llama":
            raise CheckpointError(f"the architecture of a {cls.family} is llama, got {said('general.architecture')!r}")
        count = heads or int(said("llama.attention.head_count"))
        return cls(
            tensors,
            count,
            int(said("llama.attention.head_count_kv", count)),
            float(said("llama.attention.layer_norm_rms_epsilon")),
            float(said("llama.rope.freq_base", 10_000.0)),
            f"{NAMES.head}.weight" not in tensors,
            BytePairs(said("tokenizer.ggml.tokens"), said("tokenizer.ggml.merges")),
            source.dtypes.get(cls.mark, "F32"),
        )

    def _halves(self, heads: Array) -> Array:
        return np.concatenate([heads[..., ::2], heads[..., 1::2]], axis=-1)
