"""A Llama of a GGUF file against a naive forward pass in float64."""

import math
from pathlib import Path

import gguf
import numpy as np
import pytest

from sqtheory import nm
from sqtheory.exceptions import CheckpointError
from sqtheory.models import EXACT, Model, evaluate, open_model, samples_for, weights
from sqtheory.models.architectures.llama import Llama
from sqtheory.models.architectures.llama_gguf import NAMES
from tests.models.architectures.folders import MERGES, TOKENS

WIDTH, HEADS, GROUPS, HIDDEN, BLOCKS, EPSILON, BASE = 32, 4, 2, 64, 2, 1e-5, 1000.0
LAYERS = NAMES.layers


def shapes() -> dict[str, tuple[int, ...]]:
    keys = WIDTH // HEADS * GROUPS
    sizes = {"attn_k": (keys, WIDTH), "attn_v": (keys, WIDTH), "ffn_down": (WIDTH, HIDDEN)}
    sizes |= {"ffn_gate": (HIDDEN, WIDTH), "ffn_up": (HIDDEN, WIDTH)}
    found = {"token_embd.weight": (len(TOKENS), WIDTH), "output_norm.weight": (WIDTH,)}
    for block in range(BLOCKS):
        found |= {f"blk.{block}.{name}.weight": sizes.get(name, (WIDTH, WIDTH)) for name in LAYERS}
        found |= {f"blk.{block}.{name}.weight": (WIDTH,) for name in ("attn_norm", "ffn_norm")}
    return found


def tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype(np.float32) / 3 for name, shape in shapes().items()}


def written(path: Path, stored: dict[str, np.ndarray], architecture: str = "llama", quantized: bool = False) -> Path:
    writer = gguf.GGUFWriter(path, architecture)
    if architecture == "llama":
        writer.add_head_count(HEADS)
        writer.add_head_count_kv(GROUPS)
        writer.add_layer_norm_rms_eps(EPSILON)
        writer.add_rope_freq_base(BASE)
        writer.add_token_list(TOKENS)
        writer.add_token_merges(MERGES)
    for name, values in stored.items():
        if quantized and name.split(".")[-2] in LAYERS:
            kind = gguf.GGMLQuantizationType.Q4_1
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def naive(stored: dict[str, np.ndarray], tokens: np.ndarray) -> np.ndarray:
    """Position by position and head by head, as the definition says."""
    w = {name: values.astype(np.float64) for name, values in stored.items()}

    def normed(x: np.ndarray, name: str) -> np.ndarray:
        return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPSILON) * w[name]

    def turned(x: np.ndarray) -> np.ndarray:
        pairs = x[:, ::2] + 1j * x[:, 1::2]
        angles = np.arange(len(x))[:, None] * BASE ** (-np.arange(0, x.shape[1], 2) / x.shape[1])
        pairs = pairs * np.exp(1j * angles)
        return np.stack([pairs.real, pairs.imag], axis=-1).reshape(x.shape)

    x, size = w["token_embd.weight"][tokens], WIDTH // HEADS
    for block in range(BLOCKS):
        y = normed(x, f"blk.{block}.attn_norm.weight")
        q, k, v = (y @ w[f"blk.{block}.{name}.weight"].T for name in LAYERS[:3])
        heads = []
        for head in range(HEADS):
            own, shared = (slice(i * size, (i + 1) * size) for i in (head, head // (HEADS // GROUPS)))
            scores = turned(q[:, own]) @ turned(k[:, shared]).T / math.sqrt(size)
            scores[np.triu_indices(len(tokens), 1)] = -np.inf
            seen = np.exp(scores - scores.max(axis=1, keepdims=True))
            heads.append(seen / seen.sum(axis=1, keepdims=True) @ v[:, shared])
        x = x + np.concatenate(heads, axis=1) @ w[f"blk.{block}.attn_output.weight"].T
        y = normed(x, f"blk.{block}.ffn_norm.weight")
        gate = y @ w[f"blk.{block}.ffn_gate.weight"].T
        inner = gate / (1 + np.exp(-gate)) * (y @ w[f"blk.{block}.ffn_up.weight"].T)
        x = x + inner @ w[f"blk.{block}.ffn_down.weight"].T
    return normed(x, "output_norm.weight") @ w["token_embd.weight"].T


def test_logits_are_those_of_the_definition(tmp_path: Path) -> None:
    model = open_model(written(tmp_path / "tiny.gguf", tensors()))
    tokens = np.random.default_rng(1).integers(len(TOKENS), size=(2, 17))
    expected = np.concatenate([naive(tensors(), row) for row in tokens])
    np.testing.assert_allclose(model.logits(tokens), expected, rtol=1e-4, atol=1e-5)
    assert [layer.name for layer in model.linears] == [f"blk.{b}.{n}.weight" for b in range(2) for n in LAYERS]


def test_quantized_blocks_are_what_they_stand_for_and_are_named(tmp_path: Path) -> None:
    model = open_model(written(tmp_path / "tiny.gguf", tensors(), quantized=True))
    assert model.label == "Llama of a GGUF file, dequantised Q4_1"
    assert open_model(written(tmp_path / "plain.gguf", tensors())).label == "Llama of a GGUF file"
    tokens = np.arange(9)
    np.testing.assert_allclose(model.logits(tokens[None]), naive(dict(model.tensors), tokens), rtol=1e-4, atol=1e-5)
    assert any((model.tensors[name] != values).any() for name, values in tensors().items())


def test_a_text_is_evaluated_in_tokens_and_with_other_weights(tmp_path: Path) -> None:
    model: Model = open_model(written(tmp_path / "tiny.gguf", tensors()))
    text = tmp_path / "text"
    text.write_text("the 12 hens " * 120, encoding="utf-8")
    samples = samples_for(model, (text,))
    assert isinstance(model, Llama) and samples.inputs.shape[1] == 512 and len(samples) >= 1
    assert model.tokenizer.decode(samples.inputs[0].tolist()).startswith("the 12 hens the 12")
    found = evaluate(model, samples, EXACT)
    assert found.predictions == 512 and found.losses[0] > 0
    assert set(weights(model, nm(2, 4))) == {layer.name for layer in model.linears}
    text.write_bytes(b"\xff\xfe\xfd" * 600)
    with pytest.raises(ValueError, match="not a text in UTF-8"):
        samples_for(model, (text,))


def test_what_is_no_llama_is_refused(tmp_path: Path) -> None:
    other = {name: values for name, values in tensors().items() if "attn_q" in name}
    with pytest.raises(CheckpointError, match="the architecture of a Llama of a GGUF file is llama, got 'gpt2'"):
        open_model(written(tmp_path / "a.gguf", other, architecture="gpt2"))
    with pytest.raises(CheckpointError, match=r"needs a tensor 'token_embd\.weight'"):
        open_model(written(tmp_path / "b.gguf", other))
    with pytest.raises(CheckpointError, match="a width of 32 has no 3 heads"):
        open_model(written(tmp_path / "c.gguf", tensors()), heads=3)
    with pytest.raises(CheckpointError, match=r"'output.weight' of a Llama of a GGUF file needs shape \(260, 32\)"):
        open_model(written(tmp_path / "d.gguf", {**tensors(), "output.weight": np.ones((7, WIDTH), np.float32)}))
