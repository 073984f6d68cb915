"""Both orders, the optimum and the open assumptions in every tensor of a checkpoint, in one call."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sqtheory.alphabet.norms import check_norm
from sqtheory.alphabet.shares import pruned
from sqtheory.api.compared import Asked, Compared, OrderResult
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
    words,
)
from sqtheory.api.operators import method_of, tool_of
from sqtheory.api.pipelines import Job, RecipeFile, pipelines_of
from sqtheory.api.result import Say, unsaid
from sqtheory.execution import Sweep
from sqtheory.execution.gathering import gathered
from sqtheory.execution.prefetch import Watch, unwatched
from sqtheory.execution.selection import Tolerance
from sqtheory.execution.workers import workers as staff_of
from sqtheory.files import atomic
from sqtheory.files.views.seeing import notes
from sqtheory.orders.grid import Row
from sqtheory.tables import counted

if TYPE_CHECKING:
    from sqtheory.methods import Work
    from sqtheory.tools import Tool

SORTS = ("file", "worst", "gap")
"""The orders in which tensors are shown: as in the file, largest S→Q error first, largest difference first."""


def order(
    checkpoint: Source,
    masks: Mask | Iterable[Mask] = (),
    formats: Format | Iterable[Format] = (),
    *,
    recipe: RecipeFile | None = None,
    norm: float = 2.0,
    ties: TieRule | None = None,
    seed: int = 0,
    targets: Words = (),
    ignore: Words = (),
    axis: Words = (),
    experts: bool = False,
    strict: bool = False,
    keep_going: bool = False,
    statistics: Known | None = None,
    method: "str | Work | None" = None,
    tool: "str | Tool | None" = None,
    sort: str = "file",
    top: int | None = None,
    fail_over: float | None = None,
    workers: int | None = None,
    executor: str = "threads",
    results: PathLike | None = None,
    watch: Watch = unwatched,
    say: Say = unsaid,
) -> OrderResult:
    """Compare S→Q with Q→S in every layer of a checkpoint, under each pair of a mask and a format, or by a recipe.

    All but ``watch`` (who sees the tensors go by) and ``say`` (who is told a sentence) is what ``sqtheory order``
    takes; masks, formats and tie rules are text, or operators. Raises as that says: SpellingError, InputRefused that
    names file and tensor, MissingExtra, WorkerFailed.

    >>> result = order("zoo:vit-dense", "2:4", ["mxfp4", "int4"], targets="blocks.0.qkv.weight")
    >>> [(row.order.format, row.order.winner.sign, row.reason.theorem) for row in result.rows]
    [('mxfp(e2m1)', 'S→Q', 'prune_first_dominates'), ('int(4)', 'S→Q', 'prune_first_dominates')]
    >>> result.to_pandas().shape
    (2, 17)
    """
    check_norm(norm)
    if sort not in SORTS:
        raise ValueError(f"sort is {', '.join(SORTS)}, got {sort!r}")
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
    staff = staff_of(executor, workers)
    folder = None if results is None else Path(results)
    if folder is not None:
        atomic.check_folder(folder)
    with opened(checkpoint) as whole:
        source, chosen = asked.choose(whole, words(axis), known=known, strict=strict)
        tolerates = Tolerance(source, strict=strict, keep_going=keep_going)
        jobs, swept = asked.jobs(chosen.taken), list[tuple[Job, list[Row]]]()
        computed = found = 0
        with staff.crew() as (crew, count):
            for job in jobs:
                sweep = Sweep(
                    *(source, job.tensors, job.grid, norm),
                    executor=crew,
                    results=folder,
                    ahead=2 * count,
                    waits=lambda left: say(
                        f"waiting for {counted(left, 'tensor')} that other processes compute in {folder}"
                    ),
                    tolerates=tolerates,
                )
                each = gathered(job.tensors, list(watch(sweep, "order")), experts=experts)
                swept.append((job, [row for rows in each for row in rows]))
                computed, found = computed + sweep.computed, found + sweep.found
        chosen = chosen.without(tolerates.left)
    for note in notes(chosen.taken):
        say(note)
    if folder is not None:
        say(f"{counted(computed, 'tensor')} computed, {found} found in {folder}")
    pipelines = [
        Compared(*one.words, tuple(rows[at :: len(job.grid)]), pruned(one.pattern[0], job.shapes(chosen)), job.rule)
        for job, rows in swept
        for at, one in enumerate(job.grid if rows else ())
    ]
    places = {name: place for place, info in enumerate(chosen.tensors) for name in (info.name, info.stored.name)}
    everything = sorted((row for one in pipelines for row in one.rows), key=lambda row: places[row.name])
    return OrderResult(
        name_of(checkpoint),
        tuple(pipelines),
        tuple(everything),
        chosen,
        Asked(
            norm,
            None if ties is None else str(ties),
            seed,
            asked.chosen.include,
            asked.chosen.ignore,
            words(axis),
            strict,
            keep_going,
            sort,
            top,
            fail_over,
            None if known is None else known.sha256,
            asked.rules,
            "" if by is None else by.name,
        ),
    )
