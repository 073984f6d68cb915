"""A Llama-shaped decoder in Hugging Face's layout: safetensors, with config.json and tokenizer.json beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from sqtheory.arrays import Array
from sqtheory.exceptions import CheckpointError
from sqtheory.models.architectures.llama import Llama, Names
from sqtheory.models.architectures.model import Source
from sqtheory.models.configurations import Companion, vocabulary
from sqtheory.models.tokenizers.byte_pairs import NUMBERS, SINGLE_DIGITS, BytePairs

ATTENTION, FORWARD = "self_attn", "mlp"
NAMES = Names(
    "model.layers",
    (
        *(f"{ATTENTION}.{name}_proj" for name in ("q", "k", "v", "o")),
        *(f"{FORWARD}.{name}_proj" for name in ("gate", "up", "down")),
    ),
    ("input_layernorm", "post_attention_layernorm"),
    "model.embed_tokens",
    "model.norm",
    "lm_head",
)
COMPUTED: Mapping[str, object] = {
    "model_type": "llama",
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
    "rope_scaling": None,
    "quantization_config": None,
}
"""What config.json must say where it says anything: no other variant has a forward pass here."""
BYTE_LEVEL: Mapping[str, object] = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
DIGITS: Mapping[str, object] = {"type": "Digits", "individual_digits": True}
SPLITS = (([BYTE_LEVEL], NUMBERS), ([DIGITS, BYTE_LEVEL], SINGLE_DIGITS))
"""How a tokenizer.json says where merges end, and the pattern of what is between."""


@final
@dataclass(frozen=True, eq=False)
class SafetensorsLlama(Llama):
    """The rows of queries and keys are stored so that the halves of a head turn together."""

    family: ClassVar[str] = "Llama in Hugging Face's layout"
    mark: ClassVar[str] = "model.layers.0.self_attn.q_proj.weight"
    names: ClassVar[Names] = NAMES

    @classmethod
    def of(cls, tensors: Mapping[str, Array], heads: int | None, source: Source) -> "SafetensorsLlama":
        config = Companion.beside(source.folder, "config.json", cls.family)
        config.only(COMPUTED)
        for name in tensors:
            if name.startswith(f"{NAMES.block}.") and name.endswith(".bias"):
                raise CheckpointError(
                    f"{config.file.parent}: tensor {name!r}: a {cls.family} is computed without biases"
                )
        count = heads or config.count("num_attention_heads")
        width = tensors[cls.mark].shape[-1]
        config.only({"head_dim": width // count, "hidden_size": width})
        model = cls(
            tensors,
            count,
            config.count("num_key_value_heads", count),
            config.number("rms_norm_eps", 1e-6),
            _base(config),
            config.flag("tie_word_embeddings", f"{NAMES.head}.weight" not in tensors),
            byte_pairs(Companion.beside(source.folder, "tokenizer.json", cls.family), config.count("vocab_size")),
            source.dtypes.get(cls.mark, "F32"),
        )
        config.only({"num_hidden_layers": model.depth})
        return model

    def _halves(self, heads: Array) -> Array:
        return heads


def _base(config: Companion) -> float:
    """The base of the rotary frequencies, beside or inside ``rope_parameters``."""
    if config.values.get("rope_parameters") is None:
        return config.number("rope_theta", 10_000.0)
    rotary = config.inner("rope_parameters")
    rotary.only({"rope_type": "default"})
    return rotary.number("rope_theta", 10_000.0)


def byte_pairs(file: Companion, size: int) -> BytePairs:
    """The byte-level byte-pair encoding of a tokenizer.json, of at most ``size`` tokens."""
    file.only({"normalizer": None})
    model = file.inner("model")
    model.only({"type": "BPE", "byte_fallback": False, "ignore_merges": False})
    merges = [pair if isinstance(pair, str) else " ".join(map(str, pair)) for pair in model.list("merges")]
    split = file.inner("pre_tokenizer")
    steps = split.list("pretokenizers") if split.values.get("type") == "Sequence" else [split.values]
    said = [{key: value for key, value in step.items() if key != "trim_offsets"} for step in steps]
    for known, words in SPLITS:
        if said == known:
            return BytePairs(vocabulary(model, size), merges, words)
    raise file.refused("pre_tokenizer", f"one of {', '.join(str(known) for known, _ in SPLITS)}")
