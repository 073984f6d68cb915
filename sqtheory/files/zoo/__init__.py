"""The models and evaluation sets that come with the package; MODEL_CARD.md says what they are."""

from pathlib import Path

__all__ = ["data", "data_names", "names", "path"]

_HERE = Path(__file__).parent
_MODELS = ("vit-dense", "vit-s50", "vit-s2of4", "lm-dense", "lm-s50", "lm-s2of4")
_DATA = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "brown-test.txt")


def names() -> tuple[str, ...]:
    """Every model: ``vit`` classifies images, ``lm`` predicts bytes; ``s50`` and ``s2of4`` are sparse fine-tunings."""
    return _MODELS


def path(name: str) -> Path:
    """The safetensors file of a model; ValueError with the list of names for any other."""
    return _HERE / f"{_known(name, _MODELS, 'model')}.safetensors"


def data_names() -> tuple[str, ...]:
    """Every evaluation set: Fashion-MNIST test images and labels, held-out Brown text."""
    return _DATA


def data(name: str) -> Path:
    """The file of an evaluation set; ValueError with the list of names for any other."""
    return _HERE / _known(name, _DATA, "evaluation set")


def _known(name: str, known: tuple[str, ...], kind: str) -> str:
    if name not in known:
        raise ValueError(f"no {kind} named {name!r} in the zoo; there are {', '.join(known)}")
    return name
