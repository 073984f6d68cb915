"""Layouts whose codes are recognised by their names and refused, so that no part of them is taken for a weight."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, final

from sqtheory.files.checkpoints.tensors import refused
from sqtheory.files.codecs.codec import Codec, Encoded, Stored

LAYOUTS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        ".W_q": ("HQQ", (".scale", ".zero")),
        ".weight._data": ("optimum-quanto", (".weight._scale",)),
        ".q_weight": ("ExLlamaV2", (".q_scale",)),
        ".trellis": ("ExLlamaV3", (".suh",)),
        ".codebooks": ("AQLM", (".codes",)),
    }
)
"""How the names of codes end, the package that writes them, and how those of what goes with them may end."""


@final
class UnreadCodec(Codec):
    """Finds no weight, and refuses a checkpoint with codes of a layout in ``LAYOUTS``, naming the package."""

    name = "unread"
    source = "hqq 0.2.8, optimum-quanto 0.2.7, exllamav2, exllamav3, aqlm: the names of their tensors"
    methods: ClassVar[frozenset[str]] = frozenset()

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        for name in stored.infos:
            for end, (package, others) in LAYOUTS.items():
                stem = name.removesuffix(end)
                if name.endswith(end) and any(stem + other in stored.infos for other in others):
                    raise refused(
                        stored.path, f"codes of {package}, a layout that cannot be read: dequantize it there", name
                    )
        yield from ()
