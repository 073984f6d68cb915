"""Rotating a pre-norm stream changes nothing under RMSNorm; under LayerNorm only once its mean is baked in."""

from typing import cast

import numpy as np
import pytest

from sqtheory.arrays import Array
from sqtheory.models import ByteDecoder
from sqtheory.models.studies.slicing import principal_bases, rotated
from tests.models.architectures.small import model, samples

DECODER = cast(ByteDecoder, model("lm-dense"))
INPUTS = samples("lm-dense", 2).inputs
WIDTH = 192


def orthogonal(seed: int, size: int = WIDTH) -> Array:
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))
    return np.asarray(q)


@pytest.fixture(scope="module")
def plain() -> Array:
    return rotated(DECODER, [np.eye(WIDTH)] * 3).logits(INPUTS)


def test_without_rotation_it_is_the_decoder(plain: Array) -> None:
    np.testing.assert_allclose(plain, DECODER.logits(INPUTS), rtol=0, atol=2e-5 * np.abs(plain).max())


def test_any_rotation_before_every_norm_leaves_the_logits_to_machine_precision(plain: Array) -> None:
    for bases in ([orthogonal(i) for i in range(3)], principal_bases(DECODER, INPUTS)):
        np.testing.assert_allclose(
            rotated(DECODER, bases).logits(INPUTS), plain, rtol=0, atol=1e-12 * np.abs(plain).max()
        )


def test_directions_that_are_not_orthonormal_change_the_logits(plain: Array) -> None:
    skewed = orthogonal(0) * np.where(np.arange(WIDTH) == 0, 1.1, 1.0)
    found = rotated(DECODER, [skewed, orthogonal(1), orthogonal(2)]).logits(INPUTS)
    assert np.abs(found - plain).max() > 1e-3 * np.abs(plain).max()


def test_centring_the_embedding_as_published_code_does_is_another_function(plain: Array) -> None:
    """The mean of a row of this embedding is small, not 0: the logits move by far more than rounding does."""
    found = rotated(DECODER, principal_bases(DECODER, INPUTS), centred=True).logits(INPUTS)
    assert np.abs(found - plain).max() > 1e-3 * np.abs(plain).max()


def test_principal_axes_of_the_stream_lose_less_than_random_ones(plain: Array) -> None:
    def lost(bases: list[Array]) -> float:
        return float(np.square(rotated(DECODER, bases).logits(INPUTS) - plain).mean())

    axes = lost(principal_bases(DECODER, INPUTS, 160))
    assert all(axes < lost([orthogonal(seed + i)[:, :160] for i in range(3)]) / 2 for seed in (0, 10))
    some = rotated(DECODER, principal_bases(DECODER, INPUTS, 160))
    assert some.embedding.shape == (256, 160) and some.blocks[0].linears[3].shape == (160, WIDTH)


def test_other_numbers_of_bases_are_refused() -> None:
    with pytest.raises(ValueError, match="before 3 norms needs a basis for each"):
        rotated(DECODER, [np.eye(WIDTH)] * 2)
    with pytest.raises(ValueError, match="a stream of 192 entries"):
        rotated(DECODER, [np.eye(64)] * 3)


def read_by(weight: Array, x: Array, centre: bool) -> Array:
    """W of the norm of x: LayerNorm without its weights, or RMSNorm."""
    y = x - x.mean(axis=-1, keepdims=True) if centre else x
    return np.asarray((y / np.sqrt((y**2).mean(axis=-1, keepdims=True) + 1e-5)) @ weight.T)


def test_layer_norm_is_rotated_only_after_its_mean_is_baked_into_what_writes_the_stream() -> None:
    """On the vision transformer's own stream and first MLP: LN(x Q) Qᵀ is not LN(x), RMS(x M Q) Qᵀ is."""
    vit = model("vit-dense")
    weight = (vit.tensors["blocks.0.fc1.weight"] * vit.tensors["blocks.0.norm2.weight"]).astype(np.float64)
    x = vit.embedded(samples("vit-dense", 2).inputs).astype(np.float64)  # type: ignore[attr-defined]
    q = orthogonal(3, x.shape[-1])
    expected, size = read_by(weight, x, centre=True), np.abs(read_by(weight, x, centre=True)).max()
    assert np.abs(read_by(weight @ q, x @ q, centre=True) - expected).max() > 0.01 * size
    baked = np.eye(len(q)) - 1 / len(q)
    np.testing.assert_allclose(read_by(weight @ q, x @ baked @ q, centre=False), expected, rtol=0, atol=1e-12 * size)
