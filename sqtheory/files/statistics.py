"""What is known of the inputs X of each weight, samples × inputs: a safetensors file of schema sqtheory.statistics/1.

``NAME.norms``, F64 (inputs,): ‖X_j‖₂ of every input j of the weight NAME, along the axis that its layer sums over:
the last of a matrix [out, in], k…·in of a kernel, input channels fastest. Of a tensor of experts NAME are all of them,
which have the same inputs then, or NAME[e] is the one of index e.
``NAME.moments``, F64 (inputs, inputs): XᵀX; where the norms are not there, the roots of its diagonal are.
``NAME.means`` and ``NAME.variances``, F64 (inputs,): the mean of every input j over the samples, and its variance.
Metadata: ``schema``; and, for the reader, ``model``, ``samples`` (what they are) and ``count`` (how many).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import final

import numpy as np

from sqtheory.alphabet.scores import Statistic
from sqtheory.arrays import Array
from sqtheory.exceptions import CheckpointError, InputRefused, first_at
from sqtheory.files.checkpoints import Checkpoint, SafetensorsCheckpoint, TensorInfo, reading
from sqtheory.files.checkpoints.tensors import plain, quoted, refused
from sqtheory.files.checkpoints.writing import SafetensorsWriter, declare
from sqtheory.files.digests import digest

SCHEMA = "sqtheory.statistics/1"
INDEX = re.compile(r"\[[0-9, ]+\]$")
"""The end of the name of one of several experts."""
AGREEMENT = 1e-9
"""Share of ‖X_i‖₂‖X_j‖₂ by which an entry of XᵀX may miss its mirror image, or a diagonal entry the norm."""


@final
@dataclass(frozen=True, eq=False)
class Statistics:
    """Norms and, on demand, second moments of the inputs of weights, by the names of the weights."""

    path: Path
    sha256: str
    """Of the file, as it was when the norms were read."""
    metadata: Mapping[str, str]
    norms: Mapping[str, Array] = field(repr=False)
    """float64, finite, none negative."""

    @classmethod
    def read(cls, path: Path) -> "Statistics":
        """The norms of a file, each checked.

        Raises CheckpointError, naming the tensor, for any that is not as the layout says: another name or shape, NaN,
        infinity, a negative norm.
        """
        with reading(path) as file:
            if not isinstance(file, SafetensorsCheckpoint) or file.metadata.get("schema") != SCHEMA:
                raise refused(path, f"not a file of statistics: a safetensors file whose metadata say schema {SCHEMA}")
            norms: dict[str, Array] = {}
            there = {info.name for info in file.tensors}
            for info in file.tensors:
                name, _, kind = info.name.rpartition(".")
                if not name or kind not in Statistic.__members__:
                    words = " nor ".join(f"NAME.{one.name}" for one in Statistic)
                    raise refused(path, f"it is neither {words}", info.name)
                statistic = Statistic[kind]
                if statistic is Statistic.norms:
                    norms[name] = _read(file, info, statistic)
                elif f"{name}.{Statistic.norms.name}" in there:
                    continue
                elif statistic is not Statistic.moments:
                    raise refused(path, f"there is no {name}.{Statistic.norms.name} beside it", info.name)
                else:
                    norms[name] = np.sqrt(np.diagonal(_read(file, info, statistic)))
            return cls(path, digest(path), dict(file.metadata), norms)

    def __str__(self) -> str:
        return plain(str(self.path))

    def norms_of(self, name: str) -> Array:
        """‖X_j‖₂ of every input j of a weight, float64 (inputs,). Raises CheckpointError where there are none."""
        return self.norms[self._told(name)]

    def _told(self, name: str) -> str:
        """The name under which a weight is told of: its own, or for one of several experts that of all."""
        for told in (name, INDEX.sub("", name)):
            if told in self.norms:
                return told
        raise refused(self.path, f"it has no statistics of the inputs of tensor {quoted(name)}")

    def moments_of(self, name: str) -> Array:
        """XᵀX of a weight, float64 (inputs, inputs), read now. Raises CheckpointError, also where there are none."""
        with reading(self.path) as file:
            sigma = _read(file, self._info(file, name, Statistic.moments), Statistic.moments)
        wanted = self.norms_of(name)
        if sigma.shape != wanted.shape * 2 or not np.allclose(np.sqrt(np.diagonal(sigma)), wanted, AGREEMENT, 0):
            raise refused(self.path, "its diagonal is not that of the norms", f"{name}.{Statistic.moments.name}")
        return sigma

    def of(self, name: str, statistic: Statistic) -> Array:
        """One statistic of the inputs of a weight. Raises as ``norms_of`` and ``moments_of``."""
        match statistic:
            case Statistic.norms:
                return self.norms_of(name)
            case Statistic.moments:
                return self.moments_of(name)
            case Statistic.means | Statistic.variances:
                return self._input_values(name, statistic)

    def _info(self, file: Checkpoint, name: str, statistic: Statistic) -> TensorInfo:
        """Where a statistic of a weight is in the file. Raises CheckpointError saying which option writes it."""
        told = f"{self._told(name)}.{statistic.name}"
        if told not in {info.name for info in file.tensors}:
            option = "--moments" if statistic is Statistic.moments else "--means"
            what = f"no tensor {quoted(told)}, {statistic}: sqtheory calibrate writes it with {option}"
            raise refused(self.path, what)
        return file.info(told)

    def _input_values(self, name: str, statistic: Statistic) -> Array:
        """A number of every input of a weight, float64 (inputs,), read now. Raises as ``moments_of``."""
        with reading(self.path) as file:
            info = self._info(file, name, statistic)
            values = _read(file, info, statistic)
        if values.shape != self.norms_of(name).shape:
            raise refused(self.path, f"{values.size} numbers of {self.norms_of(name).size} inputs", info.name)
        return values

    def check_recorded(self, sha256: str | None) -> None:
        """InputRefused for other statistics than those whose hash is recorded, if one is."""
        if sha256 not in (None, self.sha256):
            raise InputRefused(f"{self}: its SHA-256 is {self.sha256}, the recipe has statistics of {sha256}")

    def check(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise CheckpointError unless all of it is of weights that there are, each with as many inputs as it has.

        ``shapes`` are those of the matrices that the weights are used as.
        """
        shapes = {**{INDEX.sub("", name): shape for name, shape in shapes.items()}, **shapes}
        for name, norms in self.norms.items():
            if name not in shapes:
                raise refused(self.path, f"statistics of a tensor {quoted(name)}, which the checkpoint does not have")
            if shapes[name][-1:] != norms.shape:
                raise refused(self.path, f"{norms.size} inputs of tensor {quoted(name)}, whose shape is {shapes[name]}")


def write_statistics(
    path: Path,
    norms: Mapping[str, Array],
    moments: Mapping[str, Array],
    metadata: Mapping[str, str],
    *,
    means: Mapping[str, Array] = MappingProxyType({}),
    variances: Mapping[str, Array] = MappingProxyType({}),
    force: bool = False,
) -> None:
    """Write a file of statistics, whole or not at all; equal statistics make equal bytes.

    Raises InputRefused naming the tensor for what ``Statistics.read`` would refuse, FileExistsError, OSError.
    """
    values: dict[str, Array] = {}
    for statistic, known in zip(Statistic, (norms, moments, means, variances), strict=True):
        for name in sorted(known):
            if (rule := _fault(known[name], statistic)) is not None:
                raise InputRefused(f"tensor {quoted(f'{name}.{statistic.name}')}: {rule}")
            values[f"{name}.{statistic.name}"] = known[name]
    declared = [declare(name, "F64", array.shape) for name, array in values.items()]
    with SafetensorsWriter(path, declared, {"schema": SCHEMA, **metadata}, force=force) as file:
        for name, array in values.items():
            file.write(name, array)


def check_replaced(path: Path) -> None:
    """Raise FileExistsError where a path leads to anything else than a file of statistics."""
    if not path.exists():
        return
    try:
        Statistics.read(path)
    except (CheckpointError, OSError) as error:
        raise FileExistsError(f"{plain(str(path))} is no file of statistics: it is not replaced") from error


def _read(file: Checkpoint, info: TensorInfo, statistic: Statistic) -> Array:
    axes = 2 if statistic is Statistic.moments else 1
    if not info.is_float or len(info.shape) != axes or len(set(info.shape)) != 1:
        what = "(inputs,)" if axes == 1 else "(inputs, inputs)"
        raise refused(file.path, f"needed real numbers of shape {what}, got {info.dtype} of {info.shape}", info.name)
    values = np.asarray(file.read(info.name), np.float64)
    if (rule := _fault(values, statistic)) is not None:
        raise refused(file.path, rule, info.name)
    return values


def _fault(values: Array, statistic: Statistic) -> str | None:
    """Why an array is not that statistic, in words."""
    if not np.isfinite(values).all():
        first = first_at(~np.isfinite(values))
        return f"{values[first]} at {first}: statistics are finite"
    if statistic is Statistic.means:
        return None
    powers = values if values.ndim == 1 else np.diagonal(values)
    if (powers < 0).any():
        j = int(np.argmax(powers < 0))
        return f"{powers[j]} at input {j}: {'powers' if values.ndim == 2 else statistic.name} are not negative"
    if values.ndim == 2:
        sizes = np.sqrt(powers)
        skew = np.abs(values - values.T) > AGREEMENT * np.outer(sizes, sizes)
        if skew.any():
            return f"entry {first_at(skew)} is not its mirror image: XᵀX is symmetric"
    return None
