"""Small random models in Hugging Face's layout: a folder of tensors, config.json and tokenizer.json."""

import json
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from sqtheory.models.tokenizers.byte_pairs import letters

WIDTH, HEADS, HIDDEN, BLOCKS, POSITIONS, EPSILON = 32, 4, 64, 2, 40, 1e-12
PIECES = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", *string.ascii_lowercase, *string.digits, *".,'-$`^", "the", "run", "cafe"),
    *("中", "σ", "ß", *(f"##{letter}" for letter in (*string.ascii_lowercase, *string.digits, "σ")), "##ning", "##ner"),
)
MERGES = ("t h", "th e", "Ġ the", "1 2")
TOKENS = (*letters().values(), "th", "the", "Ġthe", "12")

BERT_TOKENIZER: Mapping[str, Any] = {
    "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "lowercase": True},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {piece: number for number, piece in enumerate(PIECES)},
    },
}
BERT_CONFIG: Mapping[str, Any] = {
    **{"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute", "layer_norm_eps": EPSILON},
    **{"num_attention_heads": HEADS, "num_hidden_layers": BLOCKS, "hidden_size": WIDTH, "vocab_size": len(PIECES)},
}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
LLAMA_CONFIG: Mapping[str, Any] = {
    **{"model_type": "llama", "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 1000.0, "rope_scaling": None},
    **{"num_attention_heads": HEADS, "num_key_value_heads": 2, "num_hidden_layers": BLOCKS, "hidden_size": WIDTH},
    **{"vocab_size": len(TOKENS), "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False},
}
DIGITS = {"type": "Digits", "individual_digits": True}
LLAMA_TOKENIZER: Mapping[str, Any] = {
    "normalizer": None,
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [DIGITS, BYTE_LEVEL]},
    "model": {
        "type": "BPE",
        "byte_fallback": False,
        "vocab": {token: number for number, token in enumerate(TOKENS)},
        "merges": list(MERGES),
    },
}


def bert_tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    linears = {f"attention.self.{name}": (WIDTH, WIDTH) for name in ("query", "key", "value")}
    linears |= {"attention.output.dense": (WIDTH, WIDTH)}
    linears |= {"intermediate.dense": (HIDDEN, WIDTH), "output.dense": (WIDTH, HIDDEN)}
    found = {
        f"embeddings.{name}_embeddings.weight": rng.normal(size=(rows, WIDTH))
        for name, rows in {"word": len(PIECES), "position": POSITIONS, "token_type": 2}.items()
    }
    norms = ["embeddings.LayerNorm"]
    for block in range(BLOCKS):
        at = f"encoder.layer.{block}"
        for name, size in linears.items():
            found |= {f"{at}.{name}.weight": rng.normal(size=size) / 3, f"{at}.{name}.bias": rng.normal(size=size[:1])}
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
    for norm in norms:
        found |= {f"{norm}.weight": 1 + rng.normal(size=WIDTH) / 4, f"{norm}.bias": rng.normal(size=WIDTH) / 4}
    return {name: values.astype(np.float32) for name, values in found.items()}


def folder(path: Path, tensors: Mapping[str, np.ndarray], config: object, tokenizer: object) -> Path:
    """A folder of one file of tensors and what belongs beside it."""
    path.mkdir(exist_ok=True)
    save_file(dict(tensors), path / "model.safetensors")
    for name, content in {"config": config, "tokenizer": tokenizer}.items():
        (path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return path


def bert_folder(path: Path, **config: object) -> Path:
    """The small encoder, with changes to its config."""
    return folder(path, bert_tensors(), {**BERT_CONFIG, **config}, BERT_TOKENIZER)
