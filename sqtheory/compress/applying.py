"""Compressing a checkpoint: first everything is computed and checked, then everything is written, or nothing."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import final

import numpy as np

from sqtheory.alphabet.kernels import expect
from sqtheory.arrays import as_real
from sqtheory.compress.compressing import Outcome, applied, check_type, compressed, left_alone
from sqtheory.compress.draft import Draft
from sqtheory.compress.image import Memory, reused
from sqtheory.compress.layout import Content, Contents, Layout, Made, Pieces
from sqtheory.compress.recipe import Treatment
from sqtheory.compress.report import Applied, Report, beside, check_report
from sqtheory.compress.ties import Ties, equal_tensors, first_of
from sqtheory.exceptions import InputRefused
from sqtheory.execution.prefetch import InTurn, Watch, unwatched
from sqtheory.execution.selection import Selection, Tolerance, select_by
from sqtheory.files import atomic
from sqtheory.files.checkpoints import Signature, TensorInfo
from sqtheory.files.checkpoints.tensors import plain, refused
from sqtheory.files.checkpoints.writing import check_not_input
from sqtheory.files.digests import digest
from sqtheory.files.targets import Chooser
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.viewed import as_matrix


@final
@dataclass(frozen=True)
class Plan:
    """Everything that will be written, before anything is: the report has the hash of every tensor."""

    layout: Layout
    report: Report
    chosen: Selection
    """What is compressed and what is left alone."""
    ties: Ties
    """Tensors of the source that are equal."""
    signature: Signature
    """Of the source as it was read."""
    draft: Draft | None = None
    """What is written, as far as it was kept."""

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors as they are written."""
        made = {one.name: one.bits_in_file // 8 for one in self.report.tensors}
        return sum(made.get(info.name, info.nbytes) for info in self.layout.tensors())


def plan(
    layout: Layout,
    recipe: Treatment,
    targets: Chooser,
    version: str,
    *,
    executor: Executor | None = None,
    ahead: int = 1,
    watch: Watch = unwatched,
    force: bool = False,
    strict: bool = False,
    keep_going: bool = False,
    draft: Draft | None = None,
) -> Plan:
    """Compress every target without writing anything; what is made is kept in the ``draft``, or is made again later.

    Targets that do not fit the mask or the format, and attention masks of -inf, are left alone, unless ``strict``;
    with ``keep_going`` those as well that cannot take the result. Raises InputRefused naming the tensors, also where
    all targets are such; ValueError or FileExistsError where the output cannot be written; CheckpointError where the
    source changes meanwhile.
    """
    check_replaced(layout, recipe, force)
    taken, _ = targets.split(layout.source.tensors)
    recipe = recipe.on(taken)
    views = Axes.parse(recipe.said_of_axes).views(layout.source, taken)
    done = recipe = recipe.seeing(views)
    recipe.check_known(layout.tensors())
    fitted = [as_matrix(info, views.get(info.name)) for info in layout.tensors()]
    chosen = select_by(
        layout.source.path,
        fitted,
        targets,
        lambda info: done.of(info.stored.name).assignment.pattern,
        strict=strict,
    )
    done = recipe = recipe.among({info.name: info.stored.shape for info in chosen.taken})
    for info in chosen.taken:
        check_type(layout, recipe, info.stored)
    ties = equal_tensors(layout.source)
    if recipe.draws:
        recipe = recipe.drawing(first_of(ties, layout.tensors(), views))
    tolerates = Tolerance(layout.source, strict=strict, keep_going=keep_going)
    expect(sum(info.size for info in chosen.taken))
    before = layout.source.signature
    source = {name: digest(path) for name, path in layout.files().items()}
    copied = {name: digest(path) for name, path in layout.others().items()}
    lost = layout.source.decoding
    report = Report(version, recipe, layout.packing, source, copied, {}, (), (), lost)
    if draft is not None:
        draft.lay(layout.places(partial(metadata, report)))
    attempt = partial(_attempt, layout, recipe, tolerates, draft)
    found = tuple(watch(InTurn(attempt, [info.stored for info in chosen.taken], executor, ahead), "plan"))
    outcomes = tuple(one for one in found if one is not None)
    chosen = chosen.without(tolerates.left)
    tensors, left = (
        tuple(one.record for one in outcomes),
        tuple(left_alone(layout, recipe, *one, draft) for one in chosen.skipped),
    )
    headers = layout.headers([one.target for one in outcomes], partial(metadata, report))
    _same(layout, before)
    return Plan(layout, replace(report, headers=headers, tensors=tensors, left_alone=left), chosen, ties, before, draft)


def apply(
    plan: Plan,
    *,
    executor: Executor | None = None,
    ahead: int = 1,
    watch: Watch = unwatched,
    force: bool = False,
) -> None:
    """Write what was planned, and the report beside it: both, or neither, also where the process is killed.

    Raises CheckpointError where the source is another by now; ValueError, FileExistsError, OSError as ``plan``.
    """
    check_replaced(plan.layout, plan.report.recipe, force)
    layout, report, draft = plan.layout, plan.report, plan.draft
    planned: Mapping[str, Applied] = {one.name: one for one in report.tensors}
    left = {one.name: one.sha256 for one in report.left_alone}
    held = frozenset() if draft is None else draft.held
    targets = [info for info in layout.tensors() if info.name in planned and info.name not in held]
    results = iter(
        watch(
            InTurn(
                partial(_made, layout, report.recipe, draft, np.empty if executor else reused),
                targets,
                executor,
                ahead,
            ),
            "write",
        )
    )
    out, beside_it = layout.out.name, beside(layout.out).name
    with atomic.Together(
        layout.out.parent, {beside_it: None, **dict.fromkeys(layout.beside()), out: layout.parts()}, force=force
    ) as folder:
        atomic.write(folder / beside_it, report.to_json().encode())
        contents = _contents(layout, planned, left, draft, results)
        whole = Contents(contents) if draft is None else Contents(contents, draft.begun)
        layout.write(whole, partial(metadata, report), folder / out)
        for name, path in layout.others().items():
            if report.copied.get(name) != digest(folder / out / name):
                raise refused(path, "changed since it was planned")
        _same(layout, plan.signature)


def _attempt(
    layout: Layout, recipe: Treatment, tolerates: Tolerance, draft: Draft | None, info: TensorInfo
) -> Outcome | None:
    """What comes of a tensor; None for one whose refusal is tolerated."""
    try:
        return applied(layout, recipe, info, draft)
    except InputRefused as refusal:
        if tolerates(info, refusal):
            return None
        raise


def check_replaced(layout: Layout, recipe: Treatment, force: bool) -> None:
    """Raise ValueError where what is written would replace an input, FileExistsError for what is no output of apply.

    What a killed process left is settled before.
    """
    atomic.recover(layout.out.parent)
    inputs = [*layout.files().values(), *layout.others().values()]
    told = [] if recipe.known is None else [recipe.known.path]
    within = layout.out.rglob("*") if told and layout.out.is_dir() else ()
    for path in (layout.out, beside(layout.out), *within):
        check_not_input(path, layout.source, *told)
        if path.exists() and any(path.samefile(one) for one in inputs):
            raise ValueError(f"{plain(str(path))} is a file of the input: write to another")
    layout.check(force)
    check_report(beside(layout.out), force)


def metadata(report: Report, source: str) -> dict[str, str]:
    """What the metadata of a safetensors file made from a file of the source say of that; strings only, no paths."""
    recipe = report.recipe
    return {
        "sqtheory.version": report.version,
        "sqtheory.recipe": json.dumps(recipe.to_dict(), ensure_ascii=False, separators=(",", ":")),
        "sqtheory.order": recipe.order_word,
        "sqtheory.tie_rule": recipe.ties or "",
        "sqtheory.source_sha256": report.source[source],
    }


def _made(layout: Layout, recipe: Treatment, draft: Draft | None, memory: Memory, info: TensorInfo) -> Made:
    kept = None if draft is None else draft.packed(info.name)
    if kept is not None:
        return Made(None, 0, kept)
    return compressed(layout, recipe.of(info.name), info, as_real(layout.source.read(info.name)), memory)


def _contents(
    layout: Layout,
    planned: Mapping[str, Applied],
    left: Mapping[str, str],
    draft: Draft | None,
    results: Iterator[Made],
) -> Iterator[Content]:
    for info in layout.tensors():
        kept = None if draft is None else draft.pieces(info.name)
        if kept is not None:
            yield Content(info, kept, changed=info.name in planned)
        elif info.name in planned:
            made = next(results)
            pieces = _checked(layout, info, layout.stored(info, made).pieces, planned[info.name].sha256)
            content = Content(info, pieces, changed=True, packed=made.packed)
            del made, pieces  # not kept while the next tensor is made
            yield content
            del content
        else:
            yield Content(info, _checked(layout, info, layout.kept(info), left[info.name]), changed=False)


def _checked(layout: Layout, info: TensorInfo, pieces: Pieces, wanted: str) -> Pieces:
    """The pieces; at their end CheckpointError if they are not those that were planned."""
    content = hashlib.sha256()
    for piece in pieces:
        content.update(np.ascontiguousarray(piece).data)
        yield piece
    if content.hexdigest() != wanted:
        raise refused(layout.source.path, "changed since it was planned", info.name)


def _same(layout: Layout, before: Signature) -> None:
    layout.source.check_unchanged(before)
    changed = next((path for path in layout.files().values() if not layout.source.holds(path)), None)
    if changed is not None:
        raise refused(changed, "changed while it was read")
