"""ComfyUI: which layers are stored how, beside each or in the metadata; FP8 is read, all other formats are refused."""

from collections.abc import Iterator
from typing import Any, ClassVar, final

from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.tensors import plain, quoted, refused
from sqtheory.files.codecs.codec import Codec, Encoded, Stored

MARK = "comfy_quant"
"""What takes the place of ``weight`` in the name of a JSON text, U8, that says the format of a layer."""
KEY = "_quantization_metadata"
"""The key of metadata that says it of all layers."""
READ = frozenset({"float8_e4m3fn", "float8_e5m2"})
"""Formats whose values are codes times scales in the places of the weight."""


@final
class ComfyCodec(Codec):
    """Finds no weight, and refuses a checkpoint with layers of a format that is not in ``READ``, naming it.

    Its NVFP4 has the names, types and often the shapes of ModelOpt's, but the first code of a byte in the high bits and
    scales in tiles of 128 × 4; its MXFP8 has such tiles too, and its INT8 may be of rotated weights.
    """

    name = "comfy"
    source = "comfy-kitchen 0.2.40, its layouts and eager quantize_nvfp4"
    methods: ClassVar[frozenset[str]] = frozenset()
    says_itself = True

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        for name, info in stored.infos.items():
            if name.rpartition(".")[2] == MARK and info.dtype == "U8":
                content = json_object(stored.path, stored.read(name).tobytes(), f"the format {quoted(name)}")
                _check(stored, name, content)
        if KEY in stored.metadata:
            layers = json_object(stored.path, stored.metadata[KEY].encode(), f"the metadata {KEY}").get("layers")
            for layer, content in layers.items() if type(layers) is dict else ():
                if f"{layer}.weight" in stored.infos:
                    _check(stored, f"{layer}.weight", content)
        yield from ()


def mark_of(stored: Stored, codes: str) -> dict[str, str]:
    """The tensor that says the format of a weight, as a part of it; nothing where there is none."""
    name = codes.removesuffix("weight") + MARK
    return {"format": name} if codes.rpartition(".")[2] == "weight" and name in stored.infos else {}


def _check(stored: Stored, name: str, content: Any) -> None:
    said = content.get("format") if type(content) is dict else None
    if said not in READ:
        rule = f"the format {plain(str(said))} of ComfyUI cannot be decoded; readable are {', '.join(sorted(READ))}"
        raise refused(stored.path, rule, name)
