"""A post-norm encoder shaped like BERT, with its own tokenizer: a passage in, one sentence embedding out."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.exceptions import CheckpointError
from sqtheory.models.architectures.layers import gelu, layer_norm
from sqtheory.models.architectures.linears import EXACT, Linear, Linears
from sqtheory.models.architectures.model import Model, Shapes, Source, depth_of
from sqtheory.models.configurations import Companion
from sqtheory.models.metrics import Scores, cosine_scores
from sqtheory.models.tokenizers.word_pieces import WordPieces, word_pieces

ATTENTION = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
FORWARD = ("intermediate.dense", "output.dense")
NORMS = ("attention.output.LayerNorm", "output.LayerNorm")
EMBEDDINGS = ("word_embeddings", "position_embeddings", "token_type_embeddings")
COMPUTED: Mapping[str, object] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "quantization_config": None,
}
"""What config.json must say where it says anything: no other variant has a forward pass here."""


@final
@dataclass(frozen=True, eq=False)
class Bert(Model):
    """Word, position and type embeddings, post-norm blocks with GELU (`devlin2019bert`), the mean over all tokens.

    A sample is scored by the cosine of its embedding with the dense model's, which is computed once.
    """

    tensors: Mapping[str, Array]
    heads: int
    epsilon: float
    tokenizer: WordPieces

    family: ClassVar[str] = "BERT-shaped encoder"
    metrics: ClassVar[tuple[str, ...]] = ("cosine",)
    batch: ClassVar[int] = 1
    mark: ClassVar[str] = "embeddings.word_embeddings.weight"

    @classmethod
    def of(cls, tensors: Mapping[str, Array], heads: int | None, source: Source) -> "Bert":
        config = Companion.beside(source.folder, "config.json", cls.family)
        vocabulary, width = tensors[cls.mark].shape
        model = cls(
            tensors,
            heads or config.count("num_attention_heads"),
            config.number("layer_norm_eps", 1e-12),
            word_pieces(source.folder, vocabulary, cls.family),
        )
        config.only({**COMPUTED, "num_hidden_layers": model.depth, "hidden_size": width, "vocab_size": vocabulary})
        return model

    @property
    def spelled(self) -> str:
        return f"{super().spelled}, ε = {self.epsilon}"

    @property
    def depth(self) -> int:
        """The number of blocks."""
        return depth_of(self.tensors, "encoder.layer")

    @property
    def positions(self) -> int:
        """The most tokens that a passage can have, those at its ends included."""
        return len(self.tensors["embeddings.position_embeddings.weight"])

    def shapes(self) -> Shapes:
        vocabulary, width = self.tensors[self.mark].shape
        if width % self.heads:
            raise CheckpointError(f"a width of {width} has no {self.heads} heads")
        positions, types, hidden = (self.tensors[n].shape[0] if n in self.tensors else 0 for n in LENGTHS)
        positions, types = max(positions, 3), max(types, 1)  # one token between those at the ends
        sizes = {**dict.fromkeys(ATTENTION, (width, width)), FORWARD[0]: (hidden, width), FORWARD[1]: (width, hidden)}
        shapes: dict[str, tuple[int, ...]] = {
            f"embeddings.{name}.weight": (rows, width)
            for name, rows in zip(EMBEDDINGS, (vocabulary, positions, types), strict=True)
        }
        norms = ["embeddings.LayerNorm"]
        for block in range(self.depth):
            for layer, size in sizes.items():
                at = f"encoder.layer.{block}.{layer}"
                shapes |= {f"{at}.weight": size, f"{at}.bias": size[:1]}
            norms += [f"encoder.layer.{block}.{norm}" for norm in NORMS]
        return shapes | {f"{norm}.{part}": (width,) for norm in norms for part in ("weight", "bias")}

    @property
    def linears(self) -> tuple[Linear, ...]:
        layers = (*ATTENTION, *FORWARD)
        return tuple(self.linear(f"encoder.layer.{block}.{layer}") for block in range(self.depth) for layer in layers)

    def logits(self, inputs: NDArray[Any], linears: Linears = EXACT) -> Array:
        """``inputs``: tokens (batch, length) without padding; (batch, width), the last block's mean over the tokens."""
        words, positions, types = (self.tensors[f"embeddings.{name}.weight"] for name in EMBEDDINGS)
        x = self._normed(words[inputs] + (positions[: inputs.shape[1]] + types[0]), "embeddings.LayerNorm")
        for block in range(self.depth):
            at = f"encoder.layer.{block}"
            x += linears(self.linear(f"{at}.{ATTENTION[3]}"), self._attended(x, at, linears))
            x = self._normed(x, f"{at}.{NORMS[0]}")
            inner = gelu(linears(self.linear(f"{at}.{FORWARD[0]}"), x))
            x += linears(self.linear(f"{at}.{FORWARD[1]}"), inner)
            x = self._normed(x, f"{at}.{NORMS[1]}")
        return np.asarray(x.mean(axis=1))

    def scored(self, inputs: NDArray[Any], targets: NDArray[Any], linears: Linears) -> Scores:
        """1 − cos of every embedding with that of the dense model; no prediction is right or wrong."""
        return cosine_scores(self.logits(inputs, linears), np.stack([self._exact(row) for row in inputs]))

    @cached_property
    def _known(self) -> dict[bytes, Array]:
        return {}

    def _exact(self, tokens: NDArray[Any]) -> Array:
        """The embedding of one passage as exported: computed alone, so that no other passage changes its last bits."""
        key = tokens.astype(np.int32).tobytes()
        if key not in self._known:
            self._known[key] = self.logits(tokens[None])[0]
        return self._known[key]

    def _attended(self, x: Array, at: str, linears: Linears) -> Array:
        batch, length, _ = x.shape
        three = linears.each([self.linear(f"{at}.{name}") for name in ATTENTION[:3]], x)
        q, k, v = (each.reshape(batch, length, self.heads, -1).swapaxes(1, 2) for each in three)
        return linears.attended(at, q, k, v)

    def _normed(self, x: Array, at: str) -> Array:
        return layer_norm(x, self.tensors[f"{at}.weight"], self.tensors[f"{at}.bias"], self.epsilon)


LENGTHS = (*(f"embeddings.{name}.weight" for name in EMBEDDINGS[1:]), "encoder.layer.0.intermediate.dense.weight")
"""The tensors that say how many positions and types there are, and how wide the hidden layers are."""
