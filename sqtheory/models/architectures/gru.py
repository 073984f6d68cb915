"""A recurrent encoder and decoder from letters to phonemes, as the package g2p-en ships it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.models.architectures.linears import EXACT, Linear, Linears
from sqtheory.models.architectures.model import Model, Shapes, Source
from sqtheory.models.metrics import Scores
from sqtheory.models.tokenizers.pronunciations import ABSENT, END, LETTERS, PHONEMES, START, scored_words

LONGEST = 20
"""Phonemes at most; a word without an end mark by then is cut."""
BIASES = {
    "enc_w_ih": "enc_b_ih",
    "enc_w_hh": "enc_b_hh",
    "dec_w_ih": "dec_b_ih",
    "dec_w_hh": "dec_b_hh",
    "fc_w": "fc_b",
}
"""The bias of every linear by its weight, in the order of the network."""


@final
@dataclass(frozen=True, eq=False)
class GraphemeToPhoneme(Model):
    """One gated recurrent unit reads the letters, another, from its last state, chooses phoneme after phoneme.

    Its linears are the five matrices, that of the logits among them; embeddings stay as they are. Each is asked for
    once a step, with the words that still have letters or phonemes to come, so an operator on activations whose scale
    is shared beyond one row sees one step of one word.
    """

    tensors: Mapping[str, Array]
    heads: int = 0

    family: ClassVar[str] = "grapheme-to-phoneme GRU"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "phoneme_error_rate")
    batch: ClassVar[int] = 250
    mark: ClassVar[str] = "enc_w_hh"

    @classmethod
    def of(cls, tensors: Mapping[str, Array], heads: int | None, source: Source) -> "GraphemeToPhoneme":
        if heads:
            raise ValueError(f"a {cls.family} has no attention heads, got {heads}")
        return cls(tensors)

    @property
    def spelled(self) -> str:
        return self.family

    def shapes(self) -> Shapes:
        state = self.tensors[self.mark].shape[1]
        shapes: dict[str, tuple[int, ...]] = {}
        for side, classes in (("enc", LETTERS), ("dec", PHONEMES)):
            [width] = np.shape(self.tensors.get(f"{side}_emb", 0.0))[-1:] or (state,)
            shapes |= {f"{side}_emb": (len(classes), width), f"{side}_w_ih": (3 * state, width)}
            shapes |= {f"{side}_w_hh": (3 * state, state), f"{side}_b_ih": (3 * state,), f"{side}_b_hh": (3 * state,)}
        return shapes | {"fc_w": (len(PHONEMES), state), "fc_b": (len(PHONEMES),)}

    @property
    def linears(self) -> tuple[Linear, ...]:
        return tuple(self.linear(name) for name in BIASES)

    def linear(self, prefix: str) -> Linear:
        """The layer whose weight is called ``prefix``."""
        return Linear(prefix, self.tensors[prefix], self.tensors[BIASES[prefix]])

    def logits(self, inputs: NDArray[Any], linears: Linears = EXACT) -> Array:
        """``inputs``: letters (words, length), an end mark last; (words·20, phonemes), rows after an end mark 0.

        Each row is given the phonemes that the rows before it choose.
        """
        state = self._read(inputs, linears)
        rows = np.zeros((len(inputs), LONGEST, len(PHONEMES)), np.float32)
        open_words, chosen = np.arange(len(inputs)), np.full(len(inputs), START)
        for step in range(LONGEST):
            state = self._stepped("dec", chosen, state, linears)
            rows[open_words, step] = linears(self.linear("fc_w"), state)[:, 0]
            chosen = rows[open_words, step].argmax(axis=1)
            going = chosen != END
            open_words, chosen, state = open_words[going], chosen[going], state[going]
            if not len(open_words):
                break
        return rows.reshape(-1, len(PHONEMES))

    def scored(self, inputs: NDArray[Any], targets: NDArray[np.integer[Any]], linears: Linears) -> Scores:
        return scored_words(self.logits(inputs, linears), targets)

    def _read(self, letters: NDArray[Any], linears: Linears) -> Array:
        """The state (words, 1, width) after the last letter of every word."""
        state = np.zeros((len(letters), 1, self.tensors[self.mark].shape[1]), np.float32)
        for column in letters.T:
            going = column != ABSENT
            if going.any():
                state[going] = self._stepped("enc", column[going], state[going], linears)
        return state

    def _stepped(self, side: str, entries: NDArray[Any], state: Array, linears: Linears) -> Array:
        x = self.tensors[f"{side}_emb"][entries][:, None]
        return gated(linears(self.linear(f"{side}_w_ih"), x), linears(self.linear(f"{side}_w_hh"), state), state)


def gated(a: Array, b: Array, h: Array) -> Array:
    """h + (1 − z)(tanh(a₃ + r b₃) − h), r = σ(a₁ + b₁), z = σ(a₂ + b₂), for thirds of a and b (…, 3 width).

    The reset gate r acts after the matrix, unlike in `cho2014learning`.
    """
    width = h.shape[-1]
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused when it reaches the logits
        gates = 0.5 + 0.5 * np.tanh(0.5 * (a[..., : 2 * width] + b[..., : 2 * width]))
        new = np.tanh(a[..., 2 * width :] + gates[..., :width] * b[..., 2 * width :])
        out: Array = new + gates[..., width:] * (h - new)
    return out
