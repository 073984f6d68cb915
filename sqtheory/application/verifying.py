"""Checking a compressed checkpoint: everything is computed again from the bytes that were written."""

import math
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, final

from sqtheory.application.applying import metadata
from sqtheory.application.compressing import applied, off_grid, sha256
from sqtheory.application.layout import Layout, digest, origin_of
from sqtheory.application.patterns import broken
from sqtheory.application.recipe import Recipe
from sqtheory.application.report import Applied, LeftAlone, Report
from sqtheory.application.turns import InTurn, Watch, unwatched
from sqtheory.arrays import as_real
from sqtheory.checkpoints import NpyCheckpoint, SafetensorsCheckpoint, ShardedCheckpoint, TensorInfo
from sqtheory.exceptions import CheckpointError
from sqtheory.inspection import inspect_tensor
from sqtheory.packing import CompressedTensorsCheckpoint, PackedCheckpoint

SAME = 1e-9
"""Relative difference of two norms that sums in another order may cause."""
NORMS = ("x_norm", "e_s", "e_q", "e_sq", "e_qs", "e_sq_dense", "e_gain", "error")
COUNTS = ("rounded", "zeros", "patterns", "open", "winner", "theorem", "failed", "bits", "bits_in_file")


@final
@dataclass(frozen=True)
class Failure:
    """What does not hold, of a tensor or (``tensor`` None) of the checkpoint."""

    tensor: str | None
    rule: str


@final
@dataclass(frozen=True)
class Verification:
    """How many tensors were checked in which way, and every check that failed."""

    tensors: int
    left_alone: int
    on_grid: int
    """Tensors whose values a theorem puts on the grid of their own scales, and that are there; packed ones all."""
    recomputed: int
    """Tensors computed again from the source, bit for bit."""
    failures: tuple[Failure, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain words and numbers, ready for JSON."""
        counts = {name: getattr(self, name) for name in ("tensors", "left_alone", "on_grid", "recomputed")}
        return {**counts, "failures": [{"tensor": f.tensor, "rule": f.rule} for f in self.failures]}


def verify(
    written: Layout,
    report: Report,
    against: Layout | None = None,
    *,
    executor: Executor | None = None,
    ahead: int = 1,
    watch: Watch = unwatched,
) -> Verification:
    """Hold a written checkpoint against its report and, if there is one, against the layout of its source.

    Of every tensor: its type and shape, the pattern of the mask in every group, the values on the grid where
    theorem ``idempotence`` puts them there (codes have no other), the hash of its bytes; from the source also the
    same bytes and the same errors again. Raises CheckpointError for a file that cannot be read.
    """
    present = _present(written, report)
    failures = [*_of_names(present, report), *_of_metadata(written, report), *_of_files(written, report)]
    if against is not None:
        failures += _of_source(report, against)
    there = [one for one in report.recorded if one.name in present]
    check = partial(_check, written, present, report, against)
    for found in watch(InTurn(check, there, executor, ahead), "verify"):
        failures += found
    bad = {failure.tensor for failure in failures}
    good = [one for one in report.tensors if one.name not in bad]
    return Verification(
        tensors=sum(one.name in present for one in report.tensors),
        left_alone=sum(one.name in present for one in report.left_alone),
        on_grid=len(good) if report.packing else sum(one.on_grid for one in good),
        recomputed=0 if against is None else len(good),
        failures=tuple(failures),
    )


def _present(written: Layout, report: Report) -> dict[str, TensorInfo]:
    """The tensors by the names that the report has for them; that of an npy file is called like its file."""
    if isinstance(written.source, NpyCheckpoint):
        return dict(zip((one.name for one in report.tensors), written.source.tensors, strict=False))
    return {info.name: info for info in written.source.tensors}


def _of_names(present: Mapping[str, TensorInfo], report: Report) -> Iterator[Failure]:
    recorded = {one.name for one in report.recorded}
    yield from (Failure(name, "the report does not have it") for name in present if name not in recorded)
    yield from (Failure(name, "is missing") for name in sorted(recorded - set(present)))


def _of_metadata(written: Layout, report: Report) -> Iterator[Failure]:
    """The metadata that apply wrote; those of other kinds of files say nothing."""
    shards: Mapping[str, SafetensorsCheckpoint | PackedCheckpoint | CompressedTensorsCheckpoint] = {}
    if isinstance(written.source, SafetensorsCheckpoint | PackedCheckpoint | CompressedTensorsCheckpoint):
        shards = {written.source.path.name: written.source}
    if isinstance(written.source, ShardedCheckpoint):
        shards = written.source.shards
    for name, shard in shards.items():
        origin = origin_of(written.out.name if written.packing else name, report.source)
        for key, value in metadata(report, origin).items():
            if shard.metadata.get(key) != value:
                yield Failure(None, f"{name}: its metadata {key} is not that of the report")


def _of_files(written: Layout, report: Report) -> Iterator[Failure]:
    found = written.others() if report.copied else {}
    for name, sha in report.copied.items():
        if name not in found:
            yield Failure(None, f"the file {name} is missing")
        elif digest(found[name]) != sha:
            yield Failure(None, f"the file {name} changed after it was copied")


def _of_source(report: Report, against: Layout) -> Iterator[Failure]:
    if [digest(path) for path in against.files().values()] != list(report.source.values()):
        yield Failure(None, f"{against.source.path} is not the source: its SHA-256 is not the recorded one")


def _check(
    written: Layout,
    present: Mapping[str, TensorInfo],
    report: Report,
    against: Layout | None,
    one: Applied | LeftAlone,
) -> list[Failure]:
    rule = next(_faults(written, present[one.name], report.recipe, against, one), None)
    return [] if rule is None else [Failure(one.name, rule)]


def _faults(
    written: Layout, info: TensorInfo, recipe: Recipe, against: Layout | None, one: Applied | LeftAlone
) -> Iterator[str]:
    if (info.dtype, info.shape) != (one.dtype, one.shape):
        yield f"is {info.dtype} of shape {info.shape}, the report says {one.dtype} of shape {one.shape}"
    if isinstance(one, Applied):
        try:
            y = as_real(written.source.read(info.name))
        except CheckpointError as refusal:
            if written.packing is None:
                raise
            yield str(refusal.__cause__ or refusal)  # bytes that are no codes, or not so many
            return
        s, _ = recipe.operators(one.name)
        try:
            fault = broken(s, y)
            if fault is not None:
                yield f"the pattern is broken: {fault}"
            fault = off_grid(recipe, one.name, y) if one.on_grid and written.packing is None else None
            if fault is not None:
                yield fault
        except ValueError as refusal:  # of the operators: a mask or a format that does not fit, NaN
            yield str(refusal)
        zeros = inspect_tensor(info, y).zeros
        if zeros != one.zeros:
            yield f"{zeros} entries are 0, the report says {one.zeros}"
        del y
    found = sha256(written.source.stored(info.name))
    if found != one.sha256:
        yield "its bytes have not the recorded SHA-256: it changed after it was written"
    if against is None:
        return
    original = {info.name: info for info in against.tensors()}.get(one.name)
    if original is None:
        yield f"{against.source.path} has no tensor of this name"
    elif isinstance(one, LeftAlone):
        if sha256(against.kept(original)) != found:
            yield "left alone, but its bytes are not those of the source"
    else:
        again = applied(against, recipe, original)
        if again.sha256 != found:
            yield "its bytes are not what the recipe makes of the source"
        yield from _differences(one, again)


def _differences(one: Applied, again: Applied) -> Iterator[str]:
    for name in NORMS:
        old, new = getattr(one, name), getattr(again, name)
        if not math.isclose(old, new, rel_tol=SAME):
            yield f"{name} is {new}, the report says {old}"
    for name in COUNTS:
        if getattr(one, name) != getattr(again, name):
            yield f"{name} is {getattr(again, name)}, the report says {getattr(one, name)}"
