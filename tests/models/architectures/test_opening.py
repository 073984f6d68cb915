import gzip
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory.exceptions import CheckpointError, InputRefused
from sqtheory.files import zoo
from sqtheory.models import labelled, open_model, samples_for

VIT = load_file(zoo.path("vit-dense"))


def written(path: Path, **changes: np.ndarray | None) -> Path:
    tensors = {**VIT, **{name.replace("__", "."): value for name, value in changes.items()}}
    save_file({name: value for name, value in tensors.items() if value is not None}, path)
    return path


def test_a_file_is_the_model_of_its_tensors(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.safetensors")
    images = samples_for(open_model("vit-dense")).inputs[:3]
    np.testing.assert_array_equal(open_model(file).logits(images), open_model("zoo:vit-dense").logits(images))
    assert open_model(file).heads == 4 and open_model(file, heads=8).heads == 8


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"patch__weight": None}, "no architecture that can be computed; known: vision transformer"),
        ({"blocks__3__fc1__bias": None}, r"needs a tensor 'blocks.3.fc1.bias' of shape \(512,\)"),
        (
            {"blocks__3__fc1__weight": np.zeros((5, 5), np.float16)},
            r"'blocks.3.fc1.weight' .* \(512, 128\), got \(5, 5\)",
        ),
        ({"pos": None}, "needs a tensor 'pos'"),
        ({"head__weight": None}, "needs a tensor 'head.weight'"),
        ({"patch__weight": np.zeros(7, np.float16)}, "'patch.weight' of a vision transformer needs two axes, got 1"),
    ],
)
def test_what_is_no_such_model_is_refused(tmp_path: Path, changes: dict[str, np.ndarray | None], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        open_model(written(tmp_path / "broken.safetensors", **changes))


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="a width of 128 has no 3 heads of an even size"):
        open_model("vit-dense", heads=3)


def test_samples_are_spread_over_the_set() -> None:
    text = samples_for(open_model("lm-dense"))
    assert len(text) == 512 and text.inputs.shape == text.targets.shape == (512, 256)
    np.testing.assert_array_equal(text.inputs[:, 1:], text.targets[:, :-1])
    np.testing.assert_array_equal(text.some(4).inputs, text.inputs[[0, 128, 256, 384]])
    assert text.some(None) is text
    with pytest.raises(ValueError, match=r"there are 512 samples \(windows\).*got 513"):
        text.some(513)


def test_text_of_the_caller(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_bytes(bytes(range(256)) * 3)
    found = samples_for(open_model("lm-dense"), (file,))
    assert found.inputs.shape == (2, 256) and found.targets[0, 255] == 0
    file.write_bytes(b"short")
    with pytest.raises(InputRefused, match="text, in bytes: needed at least 257, got 5"):
        samples_for(open_model("lm-dense"), (file,))


def test_images_of_the_caller(tmp_path: Path) -> None:
    images, labels = tmp_path / "images", tmp_path / "labels.gz"
    pixels = np.arange(2 * 28 * 28).reshape(2, 28, 28).astype(np.uint8)
    images.write_bytes(np.array([0x803, 2, 28, 28], ">u4").tobytes() + pixels.tobytes())
    labels.write_bytes(gzip.compress(np.array([0x801, 2], ">u4").tobytes() + bytes([3, 9])))
    found = labelled(images, labels)
    np.testing.assert_array_equal(found.inputs, pixels.astype(np.float32) / 255)
    np.testing.assert_array_equal(found.targets, [[3], [9]])
    with pytest.raises(InputRefused, match="not an IDX file of bytes with 3 axes"):
        labelled(labels, images)
    labels.write_bytes(gzip.compress(np.array([0x801, 1], ">u4").tobytes() + bytes([3])))
    with pytest.raises(InputRefused, match="1 labels for the 2 images"):
        labelled(images, labels)
    labels.write_bytes(gzip.compress(np.array([0x801, 5], ">u4").tobytes() + bytes([3])))
    with pytest.raises(InputRefused, match=r"1 bytes for an array of shape \(5,\)"):
        labelled(images, labels)
    whole = gzip.compress(bytes(range(99)))
    for damaged in (whole[:-9], whole[:20] + b"\xff" * 20 + whole[40:]):
        labels.write_bytes(damaged)
        with pytest.raises(InputRefused, match="a damaged gzip file"):
            labelled(images, labels)
    with pytest.raises(ValueError, match="IDX images and labels, got 1 files"):
        samples_for(open_model("vit-dense"), (images,))
