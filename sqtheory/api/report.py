"""One self-contained HTML page on a checkpoint, in one call."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from sqtheory.alphabet.norms import check_norm
from sqtheory.alphabet.shares import pruned
from sqtheory.api.commands import Commands
from sqtheory.api.given import (
    Format,
    Known,
    Mask,
    PathLike,
    Source,
    TieRule,
    Words,
    name_of,
    opened,
    statistics_of,
    statistics_path,
    words,
)
from sqtheory.api.operators import method_of, tool_of
from sqtheory.api.pipelines import RecipeFile, pipelines_of
from sqtheory.api.result import Result
from sqtheory.exceptions import NotCovered, about
from sqtheory.execution import Assignment, Sweep
from sqtheory.execution.assignment import awaited
from sqtheory.execution.gathering import gathered, of_files
from sqtheory.execution.prefetch import Watch, unwatched
from sqtheory.execution.preflight import preflight
from sqtheory.execution.selection import Tolerance
from sqtheory.execution.workers import Threads
from sqtheory.files import atomic
from sqtheory.files.checkpoints import Checkpoint, StoredTensor, TensorInfo
from sqtheory.files.outputs import check_outputs, check_page
from sqtheory.methods import Work
from sqtheory.orders.applied import Order, Winner
from sqtheory.orders.grid import Row, pipeline_table, sentences, total_of
from sqtheory.show.page import Findings, Section, page
from sqtheory.tables import Table, json_ready
from sqtheory.theory.expectations import Agreement, AgreementReport, agreement
from sqtheory.theory.expectations.predict import checked
from sqtheory.tools import Tool
from sqtheory.version import __version__

NOT_ASKED = "left out (--no-prediction)"
"""Why no gap is predicted where none was asked for."""


@final
@dataclass(frozen=True, repr=False, eq=False)
class ReportResult(Result):
    """What a page is made of, and the page."""

    findings: Findings
    out: Path | None
    """Where the page was written."""

    @property
    def html(self) -> str:
        """The page."""
        return page(self.findings)

    @property
    def failures(self) -> tuple[str, ...]:
        """Weights that were refused."""
        return tuple(self.findings.chosen.failures)

    def parts(self) -> Sequence[Table | str]:
        found: list[Table | str] = ["\n".join(self.findings.chosen.sentences())]
        for section in self.findings.sections:
            found += [pipeline_table(section.rows, section.rows), "\n".join(sentences(section.rows))]
            found.append("\n".join(section.commands))
        return found

    def to_dict(self) -> dict[str, Any]:
        found = self.findings
        return {
            "schema": "sqtheory.report/1",
            "version": found.version,
            "checkpoint": found.checkpoint,
            "norm": json_ready(found.p),
            "sections": [
                {
                    **({} if section.rule is None else {"rule": section.rule}),
                    "total": total_of(section.rows).to_dict(),
                    "tensors": [row.to_dict() for row in section.rows],
                    "prediction": section.gaps.to_dict(),
                    "unpredicted": section.unpredicted,
                    "commands": list(section.commands),
                }
                for section in found.sections
            ],
            "parameters": found.chosen.parameters,
            "skipped": [{"name": info.name, "reason": reason} for info, reason in found.chosen.skipped],
            "command": found.command,
            **({} if found.rules is None else {"rules": found.rules.to_list(), "sha256": found.rules.sha256}),
        }

    def columns(self) -> Mapping[str, Sequence[Any]]:
        rows = [row for section in self.findings.sections for row in section.rows]
        errors = {name: [getattr(r.order.errors, name) for r in rows] for name in ("s", "q", "sq", "qs", "gain")}
        named = {"tensor": [r.name for r in rows], "mask": [r.order.mask for r in rows]}
        return {**named, "format": [r.order.format for r in rows], **errors}


def report(
    checkpoint: Source,
    masks: Mask | Iterable[Mask] = (),
    formats: Format | Iterable[Format] = (),
    out: PathLike | None = None,
    *,
    recipe: RecipeFile | None = None,
    norm: float = 2.0,
    ties: TieRule | None = None,
    seed: int = 0,
    targets: Words = (),
    ignore: Words = (),
    axis: Words = (),
    strict: bool = False,
    keep_going: bool = False,
    statistics: Known | None = None,
    method: str | Work | None = None,
    tool: str | Tool | None = None,
    prediction: bool = True,
    workers: int = 1,
    force: bool = False,
    watch: Watch = unwatched,
) -> ReportResult:
    """One HTML page on a checkpoint: orders, bounds, channels, predictions, commands; written where ``out`` says.

    As ``sqtheory report``. Raises SpellingError, InputRefused that names file and tensor, FileExistsError unless
    ``force``, and never replaces a file that is no page.
    """
    check_norm(norm)
    file = None if out is None else Path(out)
    if file is not None:
        _check_out(file, checkpoint, statistics, force)
    known, by = statistics_of(statistics), method_of(method)
    asked = pipelines_of(
        *(masks, formats, recipe),
        ties=ties,
        norm=norm,
        seed=seed,
        targets=targets,
        ignore=ignore,
        known=known,
        method=by,
        tool=tool_of(tool),
    )
    commands = Commands(
        *(name_of(checkpoint), norm, seed, asked.chosen.include, asked.chosen.ignore, words(axis)),
        None if known is None else str(known.path),
        None if asked.rules is None else asked.rules.source,
        None if by is None else by.name,
    )
    sections: list[Section] = []
    with opened(checkpoint) as whole:
        source, chosen = asked.choose(whole, words(axis), known=known, strict=strict)
        tolerates = Tolerance(source, strict=strict, keep_going=keep_going)
        with about(str(source.path)):
            for job in asked.jobs(chosen.taken):
                patterns = zip(*(one.pattern for one in job.grid), strict=True)
                preflight(source, job.tensors, *(tuple(dict.fromkeys(kind)) for kind in patterns), tolerates=tolerates)
        chosen = chosen.without(tolerates.left)
        jobs = asked.jobs(chosen.taken)
        with Threads(workers).crew() as (executor, count):
            for job in jobs:
                swept = Sweep(source, job.tensors, job.grid, norm, executor=executor, ahead=2 * count)
                rows = [row for rows in gathered(job.tensors, list(watch(swept, "order"))) for row in rows]
                for at, one in enumerate(job.grid):
                    gaps = watch(_gaps(source, job.tensors, one, norm, executor, asked=prediction), "predict")
                    section = _section(one, norm, rows[at :: len(job.grid)], _whole(job.tensors, list(gaps)), commands)
                    sections.append(replace(section, rule=job.rule))
    spelled_masks, spelled_formats = (
        tuple(dict.fromkeys(map(str, spelled)))
        for spelled in zip(*(one.pattern for job in jobs for one in job.grid), strict=True)
    )
    found = Findings(
        checkpoint=name_of(checkpoint),
        version=__version__,
        p=norm,
        sections=tuple(sections),
        chosen=chosen,
        rules=asked.rules,
        command=commands.page(spelled_masks, spelled_formats, file, prediction=prediction),
    )
    if file is not None:
        atomic.write(file, page(found).encode("utf-8", "backslashreplace"), force=force)
    return ReportResult(found, file)


def _check_out(file: Path, checkpoint: Source, statistics: Known | None, force: bool) -> None:
    if os.path.lexists(file) and not force:
        raise FileExistsError(f"{file} exists: pass --force to replace it")
    if file.is_dir():
        raise ValueError(f"{file} is a folder: name a file for the page")
    check_outputs([file], name_of(checkpoint), *([] if statistics is None else [statistics_path(statistics)]))
    check_page(file)
    atomic.check_folder(file.parent)


def _gaps(
    source: Checkpoint,
    taken: Sequence[TensorInfo],
    assignment: Assignment,
    norm: float,
    executor: Executor | None,
    *,
    asked: bool,
) -> Iterable[Agreement | str]:
    """Predicted and measured gap of every tensor, or why none is predicted."""
    if not asked:
        return [NOT_ASKED] * len(taken)

    mask, fmt = assignment.pattern

    def one(info: TensorInfo) -> Agreement | str:
        try:
            checked(fmt, mask, info.shape, norm)
        except NotCovered as silence:
            return str(silence)
        pair = assignment.of(info.name)
        if not pair.plain:
            return f"no law predicts what a method does {pair.procedure.title}"
        x = StoredTensor.of(source, info.name) or source.read(info.name)
        try:
            return agreement(info.name, x, pair.s, pair.q, norm)
        except NotCovered as silence:
            return str(silence)

    return map(one, taken) if executor is None else executor.map(one, taken)


def _whole(taken: Sequence[TensorInfo], gaps: Sequence[Agreement | str]) -> list[Agreement | str]:
    """What was found of matrices, for each tensor of the file: together, or why not."""
    found: list[Agreement | str] = []
    for info, own in of_files(taken, gaps):
        silence = next((gap for gap in own if isinstance(gap, str)), None)
        found.append(silence or Agreement.together(info.stored.name, [gap for gap in own if not isinstance(gap, str)]))
    return found


def _section(
    assignment: Assignment, norm: float, rows: Sequence[Row], found: Sequence[Agreement | str], commands: Commands
) -> Section:
    predicted = tuple(g for g in found if not isinstance(g, str))
    best = Order.qs.name if total_of(rows).winner is Winner.qs else Order.sq.name
    mask, fmt = map(str, assignment.pattern)
    return Section(
        rows=tuple(rows),
        gaps=AgreementReport(mask, fmt, norm, predicted),
        unpredicted=dict(Counter(g for g in found if isinstance(g, str))),
        commands=commands.compressing(
            mask, fmt, best, calibrated=commands.method is not None or bool(awaited(assignment.pattern[0]))
        ),
        pruned=pruned(assignment.pattern[0], (shape for row in rows for shape in row.shapes)),
    )
