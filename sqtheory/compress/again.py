"""A report made again from the source and the recipe, and held against the report that there is."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias, final

from sqtheory.arrays import as_real
from sqtheory.compress.applying import metadata
from sqtheory.compress.compressing import Outcome, kept_apart, left_alone
from sqtheory.compress.layout import ITSELF, Layout, origin_of
from sqtheory.compress.reading import difference
from sqtheory.compress.recipe import Recipe, Treatment
from sqtheory.compress.report import Applied, LeftAlone, Report
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.digests import digest
from sqtheory.files.packing import PackedCheckpoint
from sqtheory.files.targets import IGNORED
from sqtheory.records import as_json

Rules: TypeAlias = Iterator[str]
"""What does not hold, in words."""
SAME = 1e-9
"""Relative difference of two norms that sums in another order may cause."""
NORMS = ("x_norm", "e_s", "e_q", "e_sq", "e_qs", "e_sq_dense", "e_gain", "error")


@final
@dataclass(frozen=True)
class Failure:
    """What does not hold, of a tensor or (``tensor`` None) of the checkpoint."""

    tensor: str | None
    rule: str


def _reasons(recipe: Treatment, against: Layout, info: TensorInfo, said: Collection[str]) -> Iterator[str]:
    """Every reason for which a tensor of the source may have been left alone; ``said`` are those of all that were."""
    reason = recipe.reason_to_skip(info, said)
    if reason is not None:
        yield reason
    try:
        recipe.of(info.name)
    except ValueError:  # no rule takes it
        return
    yield from kept_apart(against, recipe, info)


def of_source(report: Report, against: Layout) -> Iterator[Failure]:
    """The files of the source, the tensors in them, and the reasons why some were left alone."""
    if [digest(path) for path in against.files().values()] != list(report.source.values()):
        yield Failure(None, f"{against.source.path} is not the source: its SHA-256 is not the recorded one")
    if report.decoding != against.source.decoding:
        yield Failure(None, "what the report says of codes in the source is not what they are")
    copied = {name: digest(path) for name, path in against.others().items()}
    for name in {**report.copied, **copied}:
        if report.copied.get(name) != copied.get(name):
            yield Failure(None, f"the file {name} of the source is not the one that was copied")
    found = {info.name: info for info in against.tensors()}
    recorded = {one.name for one in report.recorded}
    yield from (Failure(name, "the report does not have it") for name in found if name not in recorded)
    for kind in (report.tensors, report.left_alone):
        names = {one.name for one in kind}
        if [one.name for one in kind if one.name in found] != [name for name in found if name in names]:
            yield Failure(None, "the report has the tensors in another order than the source")
    said = frozenset(one.reason for one in report.left_alone)
    for one in report.left_alone:
        if one.name in found and one.reason != IGNORED:
            reasons = _reasons(report.recipe, against, found[one.name], said)
            first = next(reasons, "a target")
            if one.reason != first and one.reason not in reasons:
                yield Failure(one.name, f"was left alone as {one.reason!r}, by the source it is {first!r}")
    yield from (Failure(name, rule) for name, rule in report.recipe.faults(found.values()))


def of_headers(report: Report, against: Layout, outcomes: Sequence[Outcome]) -> Iterator[Failure]:
    """What the files hold besides entries."""
    headers = against.headers(
        [one.target for one in outcomes], lambda name: metadata(report, origin_of(name, report.source))
    )
    for name in {**report.headers, **headers}:
        if report.headers.get(name) != headers.get(name):
            what = against.out.name if name == ITSELF else name
            yield Failure(None, f"{what}: what it holds besides entries is not what the recipe makes of the source")


def of_left_alone(
    content: Callable[[], str], recipe: Treatment, against: Layout, original: TensorInfo, one: LeftAlone
) -> Rules:
    """A tensor that was copied; ``content`` is the SHA-256 of its bytes."""
    made = left_alone(against, recipe, original, one.reason)
    if content() != made.sha256:
        yield "left alone, but its bytes are not those of the source"
    if made != one:
        yield f"the report of it: {difference(as_json(made), as_json(one))}"


def of_target(
    written: Layout,
    info: TensorInfo,
    recipe: Recipe,
    against: Layout,
    outcome: Outcome,
    one: Applied,
    content: Callable[[], str],
) -> Rules:
    """A tensor that was changed: its bytes, of SHA-256 ``content``, what they stand for, and all that is said of it."""
    if content() != outcome.record.sha256:
        yield "its bytes are not what the recipe makes of the source"
    schema = outcome.target.schema
    if schema is not None:
        if isinstance(written.source, PackedCheckpoint):
            found = difference(schema.to_dict(), written.source.schemas[info.name].to_dict(), "schema")
            if found is not None:
                yield found
        y = recipe.image(as_real(against.source.read(one.name)), one.name)
        if not against.reads(schema, y, written.source.read(info.name)):
            yield "its codes do not stand for the values that the recipe makes of the source"
    for name in (field.name for field in fields(Applied)):
        old, new = getattr(one, name), getattr(outcome.record, name)
        if not math.isclose(old, new, rel_tol=SAME) if name in NORMS else old != new:
            yield f"{name} is {new}, the report says {old}"
