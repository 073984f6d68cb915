"""Safetensors files that lie beside those of a checkpoint and hold one of its tensors again."""

from collections.abc import Collection, Mapping
from pathlib import Path

from sqtheory.exceptions import CheckpointError
from sqtheory.files import atomic
from sqtheory.files.checkpoints import SafetensorsCheckpoint
from sqtheory.files.checkpoints.shards import inside
from sqtheory.files.checkpoints.tensors import plain, quoted


def strays(home: Path, shards: Collection[str], names: Collection[str]) -> dict[str, str]:
    """The files right in a folder, none of the shards, that repeat a tensor: the first such tensor by their names.

    Loaders that read every such file would take the dense tensor for the result. What is no safetensors file, and
    what holds other tensors, is none.
    """
    found, known = {}, frozenset(names)
    for path in sorted(home.glob("*.safetensors")):
        if path.name in shards or atomic.is_hidden(path.name):
            continue
        try:
            with SafetensorsCheckpoint(inside(home, path)) as stray:
                repeated = next((info.name for info in stray.tensors if info.name in known), None)
        except (CheckpointError, OSError):
            continue
        if repeated is not None:
            found[path.name] = repeated
    return found


def sentence(out: Path, left: Mapping[str, str]) -> str | None:
    """That the strays are not copied, and why; None where there is none."""
    listed = ", ".join(f"{plain(file)} (it repeats {quoted(name)})" for file, name in left.items())
    return f"not copied to {plain(str(out))}, because no index has them: {listed}" if left else None
