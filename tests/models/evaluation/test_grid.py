"""What a grid computes, counted: passes of the dense model, masks and images of its weights."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from sqtheory.alphabet.operators import IDENTITY
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, Mask
from sqtheory.models import Model, Samples, Scores
from sqtheory.models.architectures.linears import Compressed
from sqtheory.models.evaluation import evaluations, grid
from sqtheory.models.evaluation.grid import CompressionGrid
from tests.models.architectures.small import model, samples

GRID = CompressionGrid("lm", ("hbfp4", "mxfp4"), ("2:4", "75%"), samples=2)
NAMES = ("lm-dense", "lm-s2of4")


@pytest.fixture
def weight_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Array], str | None]:
    """The name of the model and the weight that an array is; grids open models of one block."""
    monkeypatch.setattr(grid, "open_model", model)
    monkeypatch.setattr(grid, "samples_for", lambda _, files: samples("lm-dense"))
    known = {id(layer.weight): f"{name} {layer.name}" for name in NAMES for layer in model(name).linears}
    return lambda x: known.get(id(x))


def test_a_grid_computes_no_pass_twice(
    weight_of: Callable[[Array], str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dense model once; each distinct set of weights and operator on inputs once."""
    passes: list[tuple[Model, Compressed]] = []

    def counting(some: Model, taken: Samples, policy: Compressed, **options: object) -> Scores:
        passes.append((some, policy))
        return Scores(np.full(2, float(len(passes))), np.ones(2), 256)

    monkeypatch.setattr(evaluations, "evaluate", counting)
    found = GRID.run()
    assert list(found.comparisons) == list(GRID.cells)
    assert [pair for pair in GRID.tied if pair in found.ties] == list(found.ties) != []
    exported = {layer.name: layer.weight for layer in model("lm-dense").linears}
    seen = [
        (some is model("lm-dense"), str(policy.activations), tuple(w.tobytes() for w in policy.weights.values()))
        for some, policy in passes
    ]
    assert len(set(seen)) == len(seen)
    assert seen.count((True, str(IDENTITY), tuple(w.tobytes() for w in exported.values()))) == 1


def test_a_grid_makes_every_mask_and_image_of_a_weight_once(
    weight_of: Callable[[Array], str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """q(W) once for each format, m(W) once for each mask and tie rule, and both for the fine-tuned model."""
    images, masks = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    apply, mask = Quantizer.apply, Sparsifier.mask

    def applied(q: Quantizer, x: Array, origin: Array) -> Array:
        if (name := weight_of(x)) is not None:
            images[str(q), name] += 1
        return apply(q, x, origin)

    def masked(s: Sparsifier, x: Array, origin: Array | None = None, *, out: Mask | None = None) -> Mask:
        if (name := weight_of(x)) is not None:
            masks[str(s), name] += 1
        return mask(s, x, origin, out=out)

    monkeypatch.setattr(Quantizer, "apply", applied)
    monkeypatch.setattr(Sparsifier, "mask", masked)
    monkeypatch.setattr(evaluations, "evaluate", lambda *a, **k: Scores(np.arange(2.0), np.ones(2), 256))
    GRID.run()
    layers, formats, patterns = len(model("lm-dense").linears), len(GRID.formats), len(GRID.patterns)
    assert set(images.values()) == set(masks.values()) == {1}
    assert len(images) == 2 * formats * layers, "of the dense and of the fine-tuned model"
    assert len(masks) == (2 * patterns + 1) * layers, "under two tie rules, and of the fine-tuned model"
