"""What the files beside a checkpoint say of its quantization: ``config.json`` and ``hf_quant_config.json``."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, final

from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.shards import inside
from sqtheory.files.checkpoints.tensors import plain, quoted, refused
from sqtheory.files.views.architecture import CONFIG, NESTED

HF_QUANT_CONFIG = "hf_quant_config.json"
METHOD = "quant_method"
KEYS = ("quantization_config", "compression_config", "quantization")
"""Where a ``config.json`` tells how weights are quantized."""
_LARGEST = 1 << 24
_FORMATS = ("format", "quant_algo", "fmt", "mode", "quantization_scheme", "weights", "bits")


@final
class Configuration:
    """The quantization that files in the folder of a checkpoint state; they stay open, so that a change is seen."""

    def __init__(self, folder: Path) -> None:
        """Read what is there; CheckpointError for a file that speaks of quantization and cannot be understood."""
        self._open: dict[Path, IO[bytes]] = {}
        with ExitStack() as undo:
            config = self._said(undo, folder / CONFIG)
            algorithms = self._said(undo, folder / HF_QUANT_CONFIG)
            self.content: Mapping[str, Any] = MappingProxyType(_merged(folder, config, algorithms))
            undo.pop_all()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that say something of quantization."""
        return tuple(self._open)

    @property
    def method(self) -> str | None:
        """The ``quant_method``; None where nothing is said."""
        return self.content.get(METHOD)

    def __str__(self) -> str:
        formats = (f"{key} {plain(str(self.content[key]))}" for key in _FORMATS if key in self.content)
        return ", ".join([f"{METHOD} {self.method}", *formats])

    def statuses(self) -> tuple[os.stat_result, ...]:
        """What the system says of each of ``paths``."""
        return tuple(os.fstat(file.fileno()) for file in self._open.values())

    def close(self) -> None:
        """Let go of the files."""
        for file in self._open.values():
            file.close()

    def _said(self, undo: ExitStack, path: Path) -> dict[str, Any] | None:
        """What a file says of quantization; None where it is not there, no file, or says nothing."""
        if not path.is_file():
            return None
        try:
            file = undo.enter_context(path.open("rb"))
        except OSError as error:
            raise refused(path, f"cannot be opened: {plain(str(error))}") from error
        text = file.read(_LARGEST + 1)
        found = None
        if b"quantization" in text or b"compression_config" in text:
            if len(text) > _LARGEST:
                raise refused(path, f"a config of more than {_LARGEST} bytes")
            found = _found(path, json_object(path, text, "the config"))
        if found is None:
            file.close()
        else:
            self._open[inside(path.parent, path)] = file
        return found


def check_beside(values: Path) -> None:
    """CheckpointError where a file of values would lie beside what states a quantization, as which it would be read."""
    configuration = Configuration(values.parent)
    configuration.close()
    if configuration.method is not None:
        rule = f"values beside {quoted(configuration.paths[0].name)} ({configuration}) would be taken for codes"
        raise refused(values, f"{rule}: write to another folder")


def without(config: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a ``config.json`` for weights that are no longer quantized."""
    kept = {key: value for key, value in config.items() if key not in KEYS}
    return {key: without(value) if key in NESTED and _is_object(value) else value for key, value in kept.items()}


def _found(path: Path, config: Mapping[str, Any]) -> dict[str, Any] | None:
    places = [config, *(config[key] for key in NESTED if _is_object(config.get(key)))]
    for place in places:
        for key in KEYS:
            said = place.get(key)
            if said is None:
                continue
            if not _is_object(said):
                raise refused(path, f"{key} must be a JSON object")
            if not _is_of_weights(said):
                return None
            found = {METHOD: _unnamed(path, said), **said}
            if type(found[METHOD]) is not str:
                raise refused(path, f"{key} must have a text for {quoted(METHOD)}")
            return found
    return None


def _is_of_weights(said: Mapping[str, Any]) -> bool:
    """Whether weights are said to be quantized, not only the cache of keys and values or activations."""
    groups: Any = said.get("config_groups")
    if _is_object(groups):
        return not all(_is_object(group) and group.get("weights") is None for group in groups.values())
    return said.get("quant_algo", "") is not None


def _unnamed(path: Path, said: Mapping[str, Any]) -> str | None:
    """The method of which it is known that its configurations do not name it."""
    if path.name == HF_QUANT_CONFIG:
        return "modelopt"
    if {"load_in_4bit", "load_in_8bit"} & set(said):
        return "bitsandbytes"
    return "mlx" if {"group_size", "bits"} <= set(said) else None


def _merged(folder: Path, config: dict[str, Any] | None, algorithms: dict[str, Any] | None) -> dict[str, Any]:
    """What both say; CheckpointError where they contradict each other."""
    if config and algorithms:
        for key in (METHOD, "quant_algo", "group_size"):
            pair = [one[key] for one in (config, algorithms) if one.get(key) is not None]
            if len(pair) == 2 and pair[0] != pair[1]:
                said = f"{key} is {plain(str(pair[0]))}, in {HF_QUANT_CONFIG} {plain(str(pair[1]))}"
                raise refused(folder / CONFIG, said)
    return {**(algorithms or {}), **(config or {})}


def _is_object(value: object) -> bool:
    return type(value) is dict
