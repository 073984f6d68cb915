"""FP8 values are those of transformers, bit for bit; boxes that do not divide a shape are cut short at its end."""

from pathlib import Path

import numpy as np
import pytest

from sqtheory.files.checkpoints import open_checkpoint, open_stored
from sqtheory.files.codecs.boxes import box_of, spread
from tests.files.codecs.handmade import codes, f32, random_codes, write

REFERENCE = Path(__file__).parent / "reference" / "fp8.safetensors"


@pytest.mark.parametrize("name", ["box", "row", "bfloat16", "e5m2"])
def test_values_are_those_of_transformers(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.safetensors").write_bytes(REFERENCE.read_bytes())
    (tmp_path / "config.json").write_text(
        '{"quantization_config": {"quant_method": "fp8", "weight_block_size": [8, 10]}}'
    )
    with open_checkpoint(tmp_path / "m.safetensors") as checkpoint:
        assert checkpoint.info(f"{name}.weight").quantized
        assert checkpoint.read(f"{name}.weight").tobytes() == checkpoint.read(f"values.{name}").tobytes()


def test_scales_of_boxes_may_have_axes_of_length_one_between() -> None:
    """So ModelOpt has them: [rows of boxes, 1, columns of boxes, 1]."""
    assert box_of((256, 384), (2, 1, 3, 1), (128, 128)) == (128, 128) == box_of((256, 384), (2, 3), (128, 128))
    assert box_of((256, 384), (2, 2, 3, 1), (128, 128)) is None
    assert spread(np.arange(6).reshape(2, 1, 3, 1), (256, 384), (128, 128))[200, 300] == 5


@pytest.mark.parametrize("shape", [(576, 128), (192, 320), (1, 129)])
def test_boxes_are_cut_short_at_the_end(tmp_path: Path, shape: tuple[int, int]) -> None:
    rows, columns = (-(-n // 128) for n in shape)
    scales = np.random.default_rng(0).random((rows, columns), np.float32)
    path = write(tmp_path / "m", {"w": codes("F8_E4M3", random_codes(shape)), "w_scale_inv": f32(scales)})
    with open_checkpoint(path) as checkpoint, open_stored(path) as stored:
        x, c = checkpoint.read("w"), stored.read("w")
    for i in (0, 127, 128, shape[0] - 1):
        for j in (0, 127, 128, shape[1] - 1):
            if i < shape[0] and j < shape[1]:
                assert x[i, j] == c[i, j] * scales[i // 128, j // 128]


@pytest.mark.parametrize(
    ("shape", "scales", "box"),
    [
        ((6, 4), (), (6, 4)),
        ((6, 4), (1,), (6, 4)),
        ((6, 4), (6,), (1, 4)),
        ((6, 4), (6, 1), (1, 4)),
        ((6, 4), (1, 4), (6, 1)),
        ((4, 4), (4,), (1, 4)),
        ((3, 200, 300), (3, 2, 3), (1, 128, 128)),
        ((3, 200, 300), (3, 1, 300), (1, 200, 1)),
        ((3, 200, 300), (3, 200), (1, 1, 300)),
        ((3, 200, 300), (3, 1, 1), (1, 200, 300)),
        ((128, 300), (128, 3), (1, 128)),
        ((6, 4), (4, 6), None),
        ((6, 4), (2, 1), None),
        ((6, 4), (6, 4), None),
        ((256, 256), (2, 1), None),
        ((256, 256), (1, 2), None),
        ((256, 256), (2,), None),
        ((256, 256), (2, 256), None),
        ((100, 256), (1, 2), (100, 128)),
        ((256, 100), (2, 1), (128, 100)),
        ((3, 256, 256), (1, 2, 2), None),
        ((3, 256, 256), (1, 256, 1), None),
        ((8, 4, 3, 3), (8, 1, 1, 1), (1, 4, 3, 3)),
        ((200, 300), (3, 2), None),
        ((6,), (3, 2), None),
        ((), (3,), None),
    ],
)
def test_which_boxes_the_shape_of_scales_means(
    shape: tuple[int, ...], scales: tuple[int, ...], box: tuple[int, ...] | None
) -> None:
    assert box_of(shape, scales, (128, 128)) == box
    if box is not None:
        rng = np.random.default_rng(1)
        given = rng.random(scales)
        every = np.broadcast_to(spread(given, shape, box), shape)
        cut = np.reshape(given, [-(-n // side) for n, side in zip(shape, box, strict=True)])
        for at in zip(*(rng.integers(0, n, 20) for n in shape), strict=True):
            assert every[at] == cut[tuple(i // side for i, side in zip(at, box, strict=True))]


@pytest.mark.parametrize(
    ("weight", "scale"),
    [
        ("l.weight", "l.weight_scale"),
        ("l.weight", "l.scale"),
        ("l.weight", "l.scale_weight"),
        ("l.weight", "l.qscale_weight"),
        ("m.experts.gate_up_proj", "m.experts.gate_up_proj_scale_inv"),
    ],
)
def test_what_scales_are_called(tmp_path: Path, weight: str, scale: str) -> None:
    path = write(tmp_path / "m", {weight: codes("F8_E4M3", random_codes((4, 4))), scale: f32(2.0)})
    with open_checkpoint(path) as checkpoint, open_stored(path) as stored:
        assert [info.name for info in checkpoint.tensors] == [weight]
        assert np.array_equal(checkpoint.read(weight), 2 * stored.read(weight))
