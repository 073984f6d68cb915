import gzip
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file

from sqtheory.files import zoo
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.inspection import inspect_slabs

LAYERS = ("qkv", "proj", "fc1", "fc2", "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.mark.parametrize("name", zoo.names())
def test_every_entry_of_every_model_is_what_the_library_reads(name: str) -> None:
    expected = load_file(zoo.path(name))
    with open_checkpoint(f"zoo:{name}") as checkpoint:
        assert sorted(info.name for info in checkpoint.tensors) == sorted(expected)
        for info in checkpoint.tensors:
            read = checkpoint.read(info.name)
            assert info.dtype == "F16" and read.dtype == np.float32 and np.isfinite(read).all()
            np.testing.assert_array_equal(read, expected[info.name].astype(np.float32), strict=True)


@pytest.mark.parametrize(("name", "size", "linears"), [("vit", 1_199_882, 24), ("lm", 2_927_040, 42)])
@pytest.mark.parametrize("suffix", ["dense", "s50", "s2of4"])
def test_models_have_the_sparsity_of_their_name(name: str, size: int, linears: int, suffix: str) -> None:
    with open_checkpoint(f"zoo:{name}-{suffix}") as checkpoint:
        assert sum(info.size for info in checkpoint.tensors) == size
        weights = [i for i in checkpoint.tensors if i.name.endswith(".weight") and i.name.split(".")[-2] in LAYERS]
        found = [inspect_slabs(info, checkpoint.slabs(info.name)) for info in weights]
    assert len(found) == linears
    for weight in found:
        if suffix == "dense":
            assert weight.zeros <= 2
        else:
            assert 2 * weight.zeros == weight.size
        assert weight.patterns == (("2:4", "4:8") if suffix == "s2of4" else ())


def test_an_unknown_name_is_answered_with_the_list() -> None:
    with pytest.raises(ValueError, match=r"no model named 'vit'.*vit-dense, .*lm-s2of4"):
        zoo.path("vit")
    with pytest.raises(ValueError, match=r"no model named '../zoo/vit-dense'"):
        zoo.path("../zoo/vit-dense")
    with pytest.raises(ValueError, match=r"no evaluation set named 'lm-dense'.*brown-test\.txt"):
        zoo.data("lm-dense")


def test_the_images_and_labels_are_whole() -> None:
    images = gzip.decompress(zoo.data("t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress(zoo.data("t10k-labels-idx1-ubyte.gz").read_bytes())
    assert struct.unpack(">4I", images[:16]) == (0x803, 10_000, 28, 28) and len(images) == 16 + 7_840_000
    assert struct.unpack(">2I", labels[:8]) == (0x801, 10_000)
    np.testing.assert_array_equal(np.bincount(np.frombuffer(labels[8:], np.uint8)), [1000] * 10)


def test_the_text_holds_512_windows_and_a_byte() -> None:
    text = zoo.data("brown-test.txt").read_bytes()
    assert len(text) == 512 * 256 + 1
    assert text.isascii()


def test_the_card_names_every_file_and_every_file_is_there() -> None:
    folder = zoo.path("vit-dense").parent
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name in (*zoo.names(), *zoo.data_names()):
        assert f"`{name}`" in card
    found = {file.name for file in folder.iterdir() if file.is_file()}
    assert found == {
        *("__init__.py", "MODEL_CARD.md"),
        *(zoo.path(name).name for name in zoo.names()),
        *(zoo.data(name).name for name in zoo.data_names()),
    }
