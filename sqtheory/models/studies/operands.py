"""Which of the four words of orders is best in every layer of a model, at its own inputs."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from sqtheory.arrays import Array
from sqtheory.models.architectures.linears import EXACT, Linear, Watched
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.data import Samples
from sqtheory.orders.pair import Pair
from sqtheory.tables import Table
from sqtheory.theory.certificates.four_words import WORDS, FourWords, four_words, spell


def layer_words(model: Model, samples: Samples, pairs: Sequence[Pair]) -> list[dict[str, FourWords]]:
    """For every pair, on both operands alike, the four words in every block linear at the inputs of the dense model.

    Raises what the operators raise.
    """
    found: list[dict[str, FourWords]] = [{} for _ in pairs]
    inputs: dict[str, list[Array]] = {}

    def see(layer: Linear, x: Array, y: Array) -> None:
        inputs.setdefault(layer.name, []).append(x.reshape(-1, x.shape[-1]).copy())

    for start in range(0, len(samples), model.batch):
        model.logits(samples.inputs[start : start + model.batch], Watched(EXACT, see))
    for layer in model.linears:
        x = np.concatenate(inputs.pop(layer.name))
        for words, pair in zip(found, pairs, strict=True):
            words[layer.name] = four_words(x, layer.weight, pair, pair)
    return found


def words_table(named: Mapping[str, Mapping[str, FourWords]]) -> Table:
    """One line a pipeline: how often each word is the best, by the mean error of each, what S→Q twice loses at most."""
    header = ("pipeline", "layers", *(f"best: {spell(word)}" for word in WORDS), *map(spell, WORDS), "regret up to")
    rows = []
    for name, layers in named.items():
        best = Counter(words.best for words in layers.values())
        means = (float(np.mean([words.errors[word] for words in layers.values()])) for word in WORDS)
        most = max(words.regret for words in layers.values())
        rows.append(
            (name, str(len(layers)), *(str(best[word]) for word in WORDS), *(f"{m:.4f}" for m in means), f"{most:.1%}")
        )
    return Table(header, tuple(rows))
