"""An encoder against a naive forward pass in float64, its score against the cosine's definition, and its refusals."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory import int_, nm
from sqtheory.alphabet.operators import IDENTITY
from sqtheory.exceptions import CheckpointError, InputRefused, NonFinite
from sqtheory.execution import Bound
from sqtheory.models import (
    COSINE,
    EXACT,
    Bert,
    Compressed,
    Samples,
    Watched,
    evaluate,
    open_model,
    samples_for,
    weights,
)
from sqtheory.models.evaluation.comparing import compare_orders
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.metrics import cosine_scores
from sqtheory.models.studies.depth import layer_reports
from sqtheory.models.studies.questions import QUESTIONS, Subject
from sqtheory.orders.applied import ENTRYWISE, Order
from tests.models.architectures.folders import (
    BLOCKS,
    EPSILON,
    HEADS,
    PIECES,
    POSITIONS,
    WIDTH,
    bert_folder,
    bert_tensors,
)

TEXT = "the cafe runner, 7 running 中 then the run " * 40


@pytest.fixture
def model(tmp_path: Path) -> Bert:
    found = open_model(bert_folder(tmp_path / "bert"))
    assert isinstance(found, Bert)
    return found


@pytest.fixture
def samples(model: Bert, tmp_path: Path) -> Samples:
    text = tmp_path / "text"
    text.write_text(TEXT, encoding="utf-8")
    return samples_for(model, (text,))


def naive(stored: dict[str, np.ndarray], tokens: list[int]) -> np.ndarray:
    """Token by token, head by head, entry by entry, as the definition says."""
    w = {name: values.astype(np.float64) for name, values in stored.items()}
    erf = np.vectorize(math.erf)

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return np.array([w[f"{name}.weight"] @ row + w[f"{name}.bias"] for row in x])

    def normed(x: np.ndarray, name: str) -> np.ndarray:
        rows = [(row - row.mean()) / math.sqrt(row.var() + EPSILON) for row in x]
        return np.array(rows) * w[f"{name}.weight"] + w[f"{name}.bias"]

    words, positions, types = (w[f"embeddings.{n}_embeddings.weight"] for n in ("word", "position", "token_type"))
    x = np.array([words[token] + positions[at] + types[0] for at, token in enumerate(tokens)])
    x, size = normed(x, "embeddings.LayerNorm"), WIDTH // HEADS
    for block in range(BLOCKS):
        at = f"encoder.layer.{block}"
        q, k, v = (linear(x, f"{at}.attention.self.{name}") for name in ("query", "key", "value"))
        seen = np.zeros_like(x)
        for head in range(HEADS):
            part = slice(head * size, (head + 1) * size)
            for i in range(len(tokens)):
                shares = np.array([math.exp(q[i, part] @ k[j, part] / math.sqrt(size)) for j in range(len(tokens))])
                seen[i, part] = shares @ v[:, part] / shares.sum()
        x = normed(x + linear(seen, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        inner = linear(x, f"{at}.intermediate.dense")
        inner = inner * (1 + erf(inner / math.sqrt(2))) / 2
        x = normed(x + linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return x.mean(axis=0)


def test_embeddings_are_those_of_the_definition(model: Bert) -> None:
    tokens = np.random.default_rng(1).integers(len(PIECES), size=(2, 17))
    found = model.logits(tokens)
    assert found.dtype == np.float32 and model.epsilon == EPSILON and model.heads == HEADS
    np.testing.assert_allclose(found, [naive(bert_tensors(), row.tolist()) for row in tokens], rtol=1e-4, atol=1e-5)
    one = model.logits(tokens[:, :1])
    np.testing.assert_allclose(one, [naive(bert_tensors(), row[:1].tolist()) for row in tokens], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("changed", ["embeddings.token_type_embeddings.weight", "encoder.layer.1.output.dense.bias"])
def test_the_definition_tells_models_apart(model: Bert, changed: str) -> None:
    tokens = np.arange(9)
    other = bert_tensors()
    other[changed] = other[changed] + np.random.default_rng(2).normal(size=other[changed].shape) / 9
    assert not np.allclose(model.logits(tokens[None])[0], naive(other, tokens.tolist()), rtol=1e-4, atol=1e-5)


def test_every_linear_goes_through_the_policy(model: Bert) -> None:
    seen: list[str] = []
    model.logits(np.arange(9)[None], Watched(EXACT, lambda layer, x, y: seen.append(layer.name)))
    assert seen == [layer.name for layer in model.linears]
    block = [n for n in bert_tensors() if n.startswith("encoder.layer.0.") and bert_tensors()[n].ndim == 2]
    assert seen[:6] == block and len(seen) == 6 * BLOCKS


def test_passages_are_between_two_tokens(model: Bert, samples: Samples) -> None:
    numbers = model.tokenizer.encode(TEXT)
    assert samples.unit == "passage" and samples.inputs.shape == (len(numbers) // 38, POSITIONS)
    assert set(samples.inputs[:, 0]) == {PIECES.index("[CLS]")} and set(samples.inputs[:, -1]) == {3}
    np.testing.assert_array_equal(samples.inputs[:, 1:-1].reshape(-1), numbers[: samples.inputs[:, 1:-1].size])
    assert samples.targets.shape == (len(samples), 0) and len(samples.some(2)) == 2


def test_a_text_that_is_too_short_or_no_text_is_refused(model: Bert, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("the run", encoding="utf-8")
    with pytest.raises(InputRefused, match="in tokens: needed at least 38, got 2"):
        samples_for(model, (text,))
    text.write_bytes(b"\xff\xfe")
    with pytest.raises(InputRefused, match="not a text in UTF-8"):
        samples_for(model, (text,))


def test_a_sample_is_scored_by_its_cosine_with_the_dense_model(model: Bert, samples: Samples) -> None:
    changed = weights(model, nm(2, 4) >> int_(4))
    found = evaluate(model, samples, Compressed(changed, int_(4)))
    stored = {**bert_tensors(), **changed}
    alone = evaluate(model, samples, Compressed(changed))
    for row, loss in zip(samples.inputs[:3].tolist(), alone.losses[:3], strict=True):
        a, b = naive(bert_tensors(), row), naive(stored, row)
        assert 1 - loss == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-6)
    assert found.predictions == 0 and np.isnan(found.hits).all() and (found.losses != alone.losses).all()
    assert COSINE.estimate(alone).value == pytest.approx(1 - alone.losses.mean())
    exact = evaluate(model, samples, Compressed(weights(model, IDENTITY)))
    assert COSINE.estimate(exact).value == 1 and not exact.losses.any()


def test_scores_depend_neither_on_threads_nor_on_what_was_computed_before(model: Bert, samples: Samples) -> None:
    changed = Compressed(weights(model, int_(3)))
    few, all_at_once = evaluate(model, samples.some(2), changed), evaluate(model, samples, changed, workers=3)
    fresh = Bert(model.tensors, model.heads, model.epsilon, model.tokenizer)
    np.testing.assert_array_equal(all_at_once.losses, evaluate(fresh, samples, changed).losses)
    np.testing.assert_array_equal(few.losses, all_at_once.losses[[0, len(samples) // 2]])


def test_losses_are_one_minus_the_cosine() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 7))
    expected = [1 - x @ y / np.linalg.norm(x) / np.linalg.norm(y) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(cosine_scores(a, b).losses, expected, rtol=1e-12)
    np.testing.assert_array_equal(cosine_scores(a, a).losses, 0)
    np.testing.assert_allclose(cosine_scores(a, -a).losses, 2)
    close = cosine_scores(np.array([[1.0, 1e-9]]), np.array([[1.0, 0.0]])).losses
    assert close[0] == pytest.approx(5e-19), "no digits are lost near 0"
    with pytest.raises(NonFinite, match="embeddings overflow"):
        cosine_scores(np.array([[np.inf, 1]]), np.ones((1, 2)))


def test_orders_are_compared_and_kept(model: Bert, samples: Samples, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    found = compare_orders(Evaluations(model, samples, results=tmp_path / "kept"), Bound(nm(2, 4), int_(3)), ENTRYWISE)
    document = found.to_dict()
    values = {each["name"]: each["cosine"]["value"] for each in document["results"]}
    assert values["dense"] == 1 > values["Q only"] and document["results"][0]["accuracy"] is None
    first = document["paired"][0]
    assert first["cosine"]["value"] == pytest.approx(values["Q→S"] - values["S→Q"])
    assert first["samples"] == {"only_better": None, "only_worse": None}
    assert document["threshold"] == {"cosine": pytest.approx(values["Q only"] + values["S only"] - 1)}
    excess = document["excess"][0]["cosine"]
    assert excess["value"] == pytest.approx(document["threshold"]["cosine"] - values["S→Q"]), "down is worse"
    again = compare_orders(Evaluations(model, samples, results=tmp_path / "kept"), Bound(nm(2, 4), int_(3)), ENTRYWISE)
    np.testing.assert_array_equal(again.orders[Order.qs].losses, found.orders[Order.qs].losses)
    assert json.dumps(again.to_dict(), allow_nan=False) == json.dumps(document)


def test_errors_are_followed_through_its_layers(model: Bert, samples: Samples) -> None:
    reports = layer_reports(model, samples.some(2), nm(2, 4), int_(4))
    assert [each.name for each in reports] == [layer.name for layer in model.linears]
    assert all(0 < each.deviations[Order.sq].relative < 2 for each in reports)


def test_questions_are_answered_of_its_blocks_and_its_cosine(model: Bert, samples: Samples) -> None:
    subject = Subject(Evaluations(model, samples.some(2)))
    assert [row[0] for row in QUESTIONS["depth"](subject).table.rows] == ["0", "1"]
    widths = QUESTIONS["widths"](subject).table
    assert "cosine worse by" in widths.header
    both = [subject.evaluations.of(f) for f in (nm(2, 4) >> int_(3), int_(3) >> nm(2, 4))]
    assert subject.harm(both[1], both[0]).value == pytest.approx((both[1].losses - both[0].losses).mean())


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"hidden_act": "gelu_new"}, "'hidden_act' must be 'gelu', got 'gelu_new'"),
        ({"model_type": "roberta"}, "'model_type' must be 'bert'"),
        ({"position_embedding_type": "relative_key"}, "'position_embedding_type' must be 'absolute'"),
        ({"num_hidden_layers": 3}, "'num_hidden_layers' must be 2, got 3"),
        ({"num_attention_heads": None}, "'num_attention_heads' must be a positive integer, got None"),
        ({"num_attention_heads": True}, "'num_attention_heads' must be a positive integer, got True"),
        ({"num_attention_heads": 5}, "a width of 32 has no 5 heads"),
        ({"layer_norm_eps": -1}, "'layer_norm_eps' must be a positive number, got -1"),
        ({"vocab_size": 7}, f"'vocab_size' must be {len(PIECES)}, got 7"),
    ],
)
def test_another_config_is_refused(tmp_path: Path, config: dict[str, object], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        open_model(bert_folder(tmp_path / "bert", **config))


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("encoder.layer.1.output.dense.bias", None, r"needs a tensor 'encoder.layer.1.output.dense.bias'"),
        ("embeddings.position_embeddings.weight", (2, WIDTH), r"needs shape \(3, 32\), got \(2, 32\)"),
        ("embeddings.LayerNorm.weight", (5,), r"needs shape \(32,\), got \(5,\)"),
        ("encoder.layer.0.intermediate.dense.weight", (WIDTH, 7), r"needs shape \(32, 32\), got \(32, 7\)"),
        ("embeddings.word_embeddings.weight", (WIDTH,), "needs two axes, got 1"),
    ],
)
def test_other_shapes_are_refused(tmp_path: Path, name: str, shape: tuple[int, ...] | None, said: str) -> None:
    tensors = bert_tensors()
    found = bert_folder(tmp_path / "bert")
    changed = {} if shape is None else {name: np.ones(shape, np.float32)}
    kept = {other: values for other, values in tensors.items() if other != name}
    save_file(kept | changed, found / "model.safetensors")
    with pytest.raises(CheckpointError, match=said):
        open_model(found)


def test_a_file_alone_is_refused(tmp_path: Path) -> None:
    save_file(bert_tensors(), tmp_path / "alone.safetensors")
    with pytest.raises(
        CheckpointError, match=r"config\.json: there is no such file, and a BERT-shaped encoder needs it"
    ):
        open_model(tmp_path / "alone.safetensors")
