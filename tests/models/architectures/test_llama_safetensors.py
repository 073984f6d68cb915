"""A Llama in Hugging Face's layout against the same numbers in a GGUF file, whose forward pass has a naive twin."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.exceptions import CheckpointError
from sqtheory.models import evaluate, open_model, samples_for
from sqtheory.models.architectures.llama import Llama
from sqtheory.models.architectures.llama_safetensors import NAMES
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.studies.questions import QUESTIONS, Subject
from sqtheory.models.tokenizers.byte_pairs import NUMBERS
from tests.models.architectures import test_llama_gguf as twin
from tests.models.architectures.folders import BYTE_LEVEL, LLAMA_CONFIG, LLAMA_TOKENIZER, TOKENS, folder

HEAD = "output.weight"
NAMED = {
    **{"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj"},
    **{"attn_output": "self_attn.o_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"},
    **{"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"},
    **{"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"},
}


def converted(stored: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors under their other names; rows of queries and keys so that halves turn together."""
    found = {}
    for name, values in stored.items():
        *block, layer, _ = name.split(".")
        if layer in ("attn_q", "attn_k"):
            heads = twin.HEADS if layer == "attn_q" else twin.GROUPS
            pairs = values.reshape(heads, -1, 2, values.shape[1])
            values = np.concatenate([pairs[:, :, 0], pairs[:, :, 1]], axis=1).reshape(values.shape)
        found[".".join((*(("model.layers", block[1]) if block else ()), NAMED[layer], "weight"))] = values
    return found


def written(path: Path, tensors: dict[str, np.ndarray] | None = None, **config: object) -> Path:
    return folder(path, tensors or converted(twin.tensors()), {**LLAMA_CONFIG, **config}, LLAMA_TOKENIZER)


@pytest.mark.parametrize("tied", [True, False])
def test_logits_are_those_of_the_gguf_file(tmp_path: Path, tied: bool) -> None:
    stored = twin.tensors()
    if not tied:
        stored[HEAD] = np.random.default_rng(5).normal(size=(len(TOKENS), twin.WIDTH)).astype(np.float32)
    other = open_model(twin.written(tmp_path / "tiny.gguf", stored))
    model = open_model(written(tmp_path / "tiny", converted(stored), tie_word_embeddings=tied))
    tokens = np.random.default_rng(1).integers(len(TOKENS), size=(2, 17))
    np.testing.assert_allclose(model.logits(tokens), other.logits(tokens), rtol=1e-6, atol=1e-6)
    if tied:
        expected = np.concatenate([twin.naive(stored, row) for row in tokens])
        np.testing.assert_allclose(model.logits(tokens), expected, rtol=1e-4, atol=1e-5)
    assert [layer.name for layer in model.linears[:7]] == [f"model.layers.0.{n}.weight" for n in NAMES.layers]
    assert model.label == "Llama in Hugging Face's layout"


def test_rows_that_were_not_turned_are_another_model(tmp_path: Path) -> None:
    stored = {**converted(twin.tensors())}
    stored["model.layers.0.self_attn.k_proj.weight"] = twin.tensors()["blk.0.attn_k.weight"]
    tokens = np.arange(9)
    found = open_model(written(tmp_path / "tiny", stored)).logits(tokens[None])
    assert not np.allclose(found, twin.naive(twin.tensors(), tokens), rtol=1e-2)


def test_a_folder_of_shards_is_the_same_model(tmp_path: Path) -> None:
    whole, shards = written(tmp_path / "whole"), written(tmp_path / "shards")
    (shards / "model.safetensors").unlink()
    tensors = converted(twin.tensors())
    parts = {name: f"model-{1 + i % 2}-of-2.safetensors" for i, name in enumerate(tensors)}
    for part in set(parts.values()):
        save_file({name: tensors[name] for name in tensors if parts[name] == part}, shards / part)
    (shards / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}), encoding="utf-8")
    text = tmp_path / "text"
    text.write_text("the 12 hens " * 120, encoding="utf-8")
    losses = []
    for path in (whole, shards, shards / "model.safetensors.index.json", whole / "model.safetensors"):
        model = open_model(path)
        losses.append(evaluate(model, samples_for(model, (text,))).losses)
    for each in losses[1:]:
        np.testing.assert_array_equal(each, losses[0])


def test_blocks_are_told_apart(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("the 12 hens " * 120, encoding="utf-8")
    model = open_model(written(tmp_path / "tiny"))
    found = QUESTIONS["depth"](Subject(Evaluations(model, samples_for(model, (text,)))))
    assert [row[0] for row in found.table.rows] == ["0", "1"]


def test_what_config_may_leave_out(tmp_path: Path) -> None:
    """Keys of newer files, and values that stand for themselves."""
    rotary = {"rope_type": "default", "rope_theta": 1000.0}
    newer = written(tmp_path / "newer", rope_theta=None, rope_parameters=rotary, head_dim=8)
    tokens = np.arange(9)[None]
    expected = open_model(written(tmp_path / "tiny")).logits(tokens)
    np.testing.assert_array_equal(open_model(newer).logits(tokens), expected)
    usual = open_model(written(tmp_path / "usual", rope_theta=None, rms_norm_eps=None))
    assert isinstance(usual, Llama) and (usual.base, usual.epsilon) == (10_000.0, 1e-6)
    silent = open_model(written(tmp_path / "silent", tie_word_embeddings=None))
    np.testing.assert_array_equal(silent.logits(tokens), expected)
    with pytest.raises(CheckpointError, match=r"needs shape \(32, 32\), got \(16, 32\)"):
        open_model(written(tmp_path / "alone", num_key_value_heads=None))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_type": "qwen2"}, "'model_type' must be 'llama', got 'qwen2'"),
        ({"rope_scaling": {"rope_type": "llama3"}}, r"'rope_scaling' must be absent, got \{'rope_type': 'llama3'\}"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "'rope_parameters.rope_type' must be 'default', got 'yarn'"),
        ({"attention_bias": True}, "'attention_bias' must be False, got True"),
        ({"hidden_act": "gelu"}, "'hidden_act' must be 'silu'"),
        ({"quantization_config": {"bits": 4}}, "quantization_config must have a text for 'quant_method'"),
        ({"head_dim": 16}, "'head_dim' must be 8, got 16"),
        ({"num_hidden_layers": 3}, "'num_hidden_layers' must be 2, got 3"),
        ({"tie_word_embeddings": False}, r"needs a tensor 'lm_head.weight' of shape \(260, 32\)"),
        ({"vocab_size": 300}, r"'model.embed_tokens.weight' .* needs shape \(300, 32\), got \(260, 32\)"),
        ({"vocab_size": 7}, "needs a number of its own below 7, got 7"),
        ({"num_key_value_heads": 3}, "a width of 32 has no 4 heads in 3 groups"),
        ({"rope_theta": "much"}, "'rope_theta' must be a positive number, got 'much'"),
    ],
)
def test_another_config_is_refused(tmp_path: Path, config: dict[str, Any], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        open_model(written(tmp_path / "tiny", **config))


def test_biases_are_refused(tmp_path: Path) -> None:
    name = "model.layers.1.self_attn.q_proj.bias"
    with pytest.raises(CheckpointError, match=f"tensor '{name}': a Llama in .* is computed without biases"):
        open_model(written(tmp_path / "tiny", {**converted(twin.tensors()), name: np.ones(32, np.float32)}))


def test_the_tokenizer_is_that_of_the_file(tmp_path: Path) -> None:
    pairs = [list(pair.split()) for pair in LLAMA_TOKENIZER["model"]["merges"]]
    model = {**LLAMA_TOKENIZER["model"], "merges": pairs}
    path = folder(
        tmp_path / "tiny",
        converted(twin.tensors()),
        LLAMA_CONFIG,
        {"model": model, "pre_tokenizer": {**BYTE_LEVEL, "trim_offsets": False}},
    )
    found = open_model(path)
    assert isinstance(found, Llama) and found.tokenizer.words is NUMBERS
    assert [TOKENS[number] for number in found.tokenizer.encode("the 12")] == ["the", "Ġ", "12"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"normalizer": {"type": "NFC"}}, "'normalizer' must be absent"),
        ({"pre_tokenizer": {"type": "Metaspace"}}, r"'pre_tokenizer' must be one of \[.*got \{'type': 'Metaspace'\}"),
        ({"pre_tokenizer": None}, "'pre_tokenizer' must be an object, got None"),
        ({"model": {"type": "Unigram"}}, "'model.type' must be 'BPE', got 'Unigram'"),
        ({"model": {"byte_fallback": True}}, "'model.byte_fallback' must be False"),
        ({"model": {"merges": 5}}, "'model.merges' must be a list, got 5"),
    ],
)
def test_another_tokenizer_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        open_model(folder(tmp_path / "tiny", converted(twin.tensors()), LLAMA_CONFIG, {**LLAMA_TOKENIZER, **changes}))
