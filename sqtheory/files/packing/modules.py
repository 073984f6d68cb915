"""Folders of quantized linear layers as a package loads them: ``model.safetensors`` and a ``config.json``."""

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, TypeVar

from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused, about
from sqtheory.files import atomic
from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.tensors import Checkpoint, plain, quoted, refused
from sqtheory.files.codecs.codec import Codec
from sqtheory.files.codecs.configuration import without
from sqtheory.files.packing.files import StoredArray, write_arrays
from sqtheory.files.packing.packed import Packed
from sqtheory.files.packing.schema import Schema
from sqtheory.files.views.architecture import CONFIG

MODEL, QUANTIZATION = "model.safetensors", "quantization_config"
FILES = (MODEL, CONFIG)
"""All that is written to the folder."""
WEIGHT = ".weight"
FORMAT = {"format": "pt"}
"""The metadata that packages expect."""
_MAX_CONFIG = 1 << 24
Scheme = TypeVar("Scheme", bound=Hashable)
Parts: TypeAlias = Mapping[str, tuple[str, NDArray[Any]]]
"""Arrays with their safetensors types, by what their names have in the place of ``.weight``."""


class ModuleLayout(ABC):
    """How a package lays out the weights of linear layers: which tensors, and what ``config.json`` says of them."""

    title: ClassVar[str]
    codec: ClassVar[type[Codec]]
    """What reads it."""

    @abstractmethod
    def scheme_of(self, schema: Schema) -> Hashable:
        """What is said of a tensor; InputRefused, with what is needed, where the layout has no place for it."""

    @abstractmethod
    def parts(self, packed: Packed) -> Parts:
        """The arrays of a tensor; InputRefused where the package would make other values of them."""

    @abstractmethod
    def quantization(self, modules: Mapping[str, Any], ignore: list[str]) -> dict[str, Any]:
        """What is said of modules by their schemes, and of layers that are not quantized.

        InputRefused for schemes of which one file has not several.
        """

    @abstractmethod
    def values(self, schema: Schema, values: Array) -> Array:
        """What the package makes of the codes of these values, in the precision that it works in; 0 of either sign."""


def write_folder(
    folder: Path,
    layout: ModuleLayout,
    packs: Iterable[tuple[str, Packed]],
    source: Checkpoint,
    metadata: Mapping[str, str] | None = None,
    *,
    force: bool = False,
) -> tuple[dict[str, Schema], dict[str, int]]:
    """Write ``model.safetensors`` and then ``config.json``; schema and bytes of each tensor, all entries stored.

    A ``config.json`` beside the source is kept but for ``quantization_config``. ``packs`` may be a generator, and
    all its tensors are matrices ``NAME.weight``. The values that the package makes of them are ``layout.values`` of
    those of ``unpack``: else, and for what the layout lacks, InputRefused. Raises what ``write_packed`` raises; then
    nothing is left.
    """
    config = check_folder(folder, source, force)
    schemas: dict[str, Schema] = {}
    nbytes: dict[str, int] = {}
    modules: dict[str, Hashable] = {}

    def arrays() -> Iterator[StoredArray]:
        for name, packed in packs:
            check_name(source, layout, name, schemas)
            with about(f"{plain(str(source.path))}: tensor {quoted(name)}"):
                parts, module = layout.parts(packed), name.removesuffix(WEIGHT)
                modules[module] = layout.scheme_of(packed.schema)
                layout.quantization(modules, [])
            schemas[name] = dense(packed.schema)
            nbytes[name] = sum(array.nbytes for _, array in parts.values())
            for part, (kind, array) in parts.items():
                yield module + part, kind, array

    def said() -> dict[str, str]:
        if not modules:
            raise ValueError(f"{plain(str(folder))}: no tensor is packed")
        return {**FORMAT, **(metadata or {})}

    with atomic.Together(folder.parent, {folder.name: FILES}, force=force) as home:
        write_arrays(home / folder.name / MODEL, arrays(), source, schemas, said, force=False)
        atomic.write(home / folder.name / CONFIG, config_text(config, layout, modules, source))
    return schemas, nbytes


def dense(schema: Schema) -> Schema:
    """The schema of a tensor all of whose entries are stored."""
    return replace(schema, mask=None, kept=schema.size)


def config_text(
    config: Mapping[str, object], layout: ModuleLayout, modules: Mapping[str, Any], source: Checkpoint
) -> bytes:
    """The ``config.json`` of compressed modules: what is said of the model already, and of its weights."""
    layers = [i.name.removesuffix(WEIGHT) for i in source.tensors if i.name.endswith(WEIGHT) and len(i.shape) == 2]
    said = layout.quantization(modules, [name for name in layers if name not in modules])
    return (json.dumps({**config, QUANTIZATION: said}, ensure_ascii=False, indent=2) + "\n").encode()


def check_folder(folder: Path, source: Checkpoint, force: bool) -> dict[str, object]:
    """The config beside the source; what ``write_folder`` raises of folders before it writes anything."""
    config = config_of(source)
    if folder.exists() and folder.samefile(source.path.parent):
        raise ValueError(f"{plain(str(folder))} is the folder of the input: write to another")
    atomic.check_new(folder, FILES, force=force)
    return config


def check_name(source: Checkpoint, layout: ModuleLayout, name: str, packed: Collection[str] = ()) -> None:
    """Refuse a name that the layout has no place for."""
    if not name.endswith(WEIGHT) or name in packed:
        raise refused(source.path, f"{layout.title} packs each NAME{WEIGHT} once", name)


def config_of(source: Checkpoint) -> dict[str, object]:
    """What is said of the model beside the source, but for the quantization of weights that are read as values.

    CheckpointError where another is stated.
    """
    path = source.path.parent / CONFIG
    if not path.is_file():
        return {}
    if path.stat().st_size > _MAX_CONFIG:
        raise refused(path, f"a config of more than {_MAX_CONFIG} bytes")
    config = json_object(path, path.read_bytes(), "the config")
    if source.decoding is not None:
        return without(config)
    if QUANTIZATION in config:
        raise refused(path, f"the model is quantized already: it has a {QUANTIZATION}")
    return config


def one_scheme(modules: Mapping[str, Scheme], title: str) -> Scheme:
    """The scheme that all modules have; InputRefused, naming two that differ."""
    first, scheme = next(iter(modules.items()))
    for name, other in modules.items():
        if other != scheme:
            raise InputRefused(
                f"{title} has one scheme in a file: {quoted(first)} has {scheme}, {quoted(name)} {other}"
            )
    return scheme
