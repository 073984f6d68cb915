"""Checking a compressed checkpoint: everything is computed again from the bytes that were written."""

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any, final

from sqtheory.alphabet.kernels import expect
from sqtheory.arrays import as_real
from sqtheory.compress.again import Failure, Rules, of_headers, of_left_alone, of_source, of_target
from sqtheory.compress.applying import metadata
from sqtheory.compress.comparing import Written
from sqtheory.compress.compressing import Outcome, applied, in_matrix, off_grid
from sqtheory.compress.headers import headers_of
from sqtheory.compress.layout import ITSELF, Layout, origin_of
from sqtheory.compress.patterns import broken, promised
from sqtheory.compress.recipe import Treatment
from sqtheory.compress.report import Applied, LeftAlone, Report
from sqtheory.compress.ties import equal_tensors, first_of
from sqtheory.exceptions import CheckpointError
from sqtheory.execution.prefetch import InTurn, Watch, unwatched
from sqtheory.files.checkpoints import SafetensorsCheckpoint, ShardedCheckpoint, TensorInfo
from sqtheory.files.checkpoints.gguf import GgufCheckpoint
from sqtheory.files.checkpoints.npz import NpyCheckpoint
from sqtheory.files.digests import digest
from sqtheory.files.inspection import kept_patterns
from sqtheory.files.packing import ModuleCheckpoint, PackedCheckpoint


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
    theorem ``idempotence`` puts them there (codes have no other), the hash of its bytes; of every file the hash of
    all other bytes. From the source all of the report is made again and compared, and of packed tensors the schema
    and the values. Raises CheckpointError for a file that cannot be read, ValueError where the source is there and
    statistics that the recipe was made with are not known.
    """
    report = replace(report, recipe=report.recipe.among({one.name: one.shape for one in report.tensors}))
    if report.recipe.draws:
        source = (against or written).source
        alike = first_of(equal_tensors(source), source.tensors, report.recipe.views)
        report = replace(report, recipe=report.recipe.drawing(alike))
    expect(sum(math.prod(one.shape) for one in report.tensors))
    present = _present(written, report)
    named = [*_of_names(present, report)]
    failures = [*named, *_of_metadata(written, report), *_of_files(written, report)]
    if against is not None:
        report.recipe.check_known(against.tensors())
        failures += of_source(report, against)
    there = [one for one in report.recorded if one.name in present]
    originals = {} if against is None else {info.name: info for info in against.tensors()}
    check = partial(_check, written, present, report, against, originals)
    outcomes: list[Outcome] = []
    for found, again in watch(InTurn(check, there, executor, ahead), "verify"):
        failures += found
        outcomes += [] if again is None else [again]
    failures += _of_headers(written, report)
    if against is not None and not named and len(outcomes) == len(report.tensors):
        failures += of_headers(report, against, outcomes)
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
    shards: Mapping[str, SafetensorsCheckpoint | PackedCheckpoint | ModuleCheckpoint | GgufCheckpoint] = {}
    if isinstance(written.source, SafetensorsCheckpoint | PackedCheckpoint | ModuleCheckpoint | GgufCheckpoint):
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


def _of_headers(written: Layout, report: Report) -> Iterator[Failure]:
    """The bytes of the files that are entries of no tensor."""
    try:
        found = headers_of(written, [one.name for one in report.tensors])
        found |= {name: digest(path) for name, path in written.others().items() if name in report.headers}
    except CheckpointError as refusal:
        yield Failure(None, str(refusal))
        return
    for name in {**report.headers, **found}:
        if found.get(name) != report.headers.get(name):
            what = written.source.path.name if name == ITSELF else name
            yield Failure(None, f"{what}: what it holds besides entries has not the recorded SHA-256")


def _check(
    written: Layout,
    present: Mapping[str, TensorInfo],
    report: Report,
    against: Layout | None,
    originals: Mapping[str, TensorInfo],
    one: Applied | LeftAlone,
) -> tuple[list[Failure], Outcome | None]:
    """The first rule that a tensor breaks, if it does, and what comes of its source."""
    info, outcome = present[one.name], None
    found = Written(written.source, info.name)
    rules = _faults(written, info, report.recipe, one, found.content)
    if against is not None:
        original = originals.get(one.name)
        if original is None:
            rules = chain(rules, [f"{against.source.path} has no tensor of this name"])
        elif isinstance(one, LeftAlone):
            rules = chain(rules, of_left_alone(found.content, report.recipe, against, original, one))
        else:
            outcome = applied(against, report.recipe, original, content=found.against)
            if found.same and _is_made(written, info, outcome, one):
                return [], outcome
            recipe = report.recipe.of(one.name)
            rules = chain(rules, of_target(written, info, recipe, against, outcome, one, found.content))
    rule = next(rules, None)
    return ([] if rule is None else [Failure(one.name, rule)]), outcome


def _is_made(written: Layout, info: TensorInfo, outcome: Outcome, one: Applied) -> bool:
    """Bytes that are those of the outcome stand for its values, which were checked when it was made, as it is said."""
    schema, source = outcome.target.schema, written.source
    read = schema is None or (isinstance(source, PackedCheckpoint) and source.schemas[info.name] == schema)
    return read and outcome.record == one and (info.dtype, info.shape) == (one.dtype, one.shape)


def _faults(
    written: Layout, info: TensorInfo, treatment: Treatment, one: Applied | LeftAlone, content: Callable[[], str]
) -> Rules:
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
        recipe = treatment.of(one.name)
        told = not recipe.method or recipe.assigner is not None  # else a method may have made another mask
        try:
            for own, matrix in recipe.matrices(y, one.name) if told else ():
                fault = broken(promised(recipe.assignment.of(own)), matrix)
                if fault is not None:
                    yield f"the pattern is broken: {in_matrix(one.name, own, fault)}"
            fault = off_grid(recipe, one.name, y) if one.on_grid and written.packing is None else None
            if fault is not None:
                yield fault
        except ValueError as refusal:  # of the operators: a mask or a format that does not fit, NaN
            yield str(refusal)
        zeros, _ = kept_patterns((), y)
        if zeros != one.zeros:
            yield f"{zeros} entries are 0, the report says {one.zeros}"
        del y
    if content() != one.sha256:
        yield "its bytes have not the recorded SHA-256: it changed after it was written"
