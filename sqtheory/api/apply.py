"""A checkpoint with its weights sparsified and quantized, and the record of what that cost, in one call."""

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from sqtheory import compress
from sqtheory.alphabet.norms import spell_norm
from sqtheory.alphabet.shares import pruned
from sqtheory.alphabet.storage import Index
from sqtheory.api import operators
from sqtheory.api.given import (
    Format,
    Known,
    Mask,
    PathLike,
    Source,
    TieRule,
    Words,
    held,
    is_folder,
    statistics_of,
    words,
)
from sqtheory.api.operators import method_of
from sqtheory.api.pipelines import RecipeFile, check_alone, rules_of
from sqtheory.api.result import Result, Say, unsaid
from sqtheory.compress import Applied, Recipe, Report, RuledRecipe, beside
from sqtheory.execution.prefetch import Watch, unwatched
from sqtheory.execution.selection import Selection
from sqtheory.execution.workers import Threads
from sqtheory.files.code_layout import CodeLayout
from sqtheory.files.packing import bits_sentence
from sqtheory.files.statistics import Statistics
from sqtheory.files.targets import Chooser, Targets
from sqtheory.files.views.seeing import axes_of
from sqtheory.orders.applied import Order
from sqtheory.tables import Table, counted, one_line, share, short
from sqtheory.version import __version__

if TYPE_CHECKING:
    from sqtheory.methods import Work
    from sqtheory.tools import Tool

ERRORS = ("S %", "Q %", "S→Q %", "Q→S %", "written %", "bound %")


@final
@dataclass(frozen=True, repr=False, eq=False)
class ApplyResult(Result):
    """What was written, or would be, of every tensor of a checkpoint."""

    out: Path
    report: Report
    ties: tuple[str, ...]
    """What becomes of tensors that are equal in the source, in words."""
    chosen: Selection
    """Which tensors were compressed, and why the others were left alone."""
    nbytes: int
    """Bytes of all tensors as they are written."""
    written: bool
    """False for a dry run."""

    def parts(self) -> Sequence[Table | str]:
        report = self.report
        spelled = spell_norm(report.recipe.norm)
        parts: list[Table | str] = []
        for title, recipe, names in report.recipe.groups(t.name for t in report.tensors):
            parts.append(self._table(title, [t for t in report.tensors if t.name in names]))
            reached = pruned(recipe.assignment.pattern[0], report.shapes(names))
            parts += [str(reached)] if reached else []
        parts.insert(
            1,
            f"Errors are ‖x − y‖_{spelled} in percent of ‖x‖_{spelled}; written is that of the values in the file; "
            "bits are those that an entry takes there.",
        )
        if report.packing is not None:
            entries, bits = sum(math.prod(t.shape) for t in report.tensors), sum(t.bits or 0 for t in report.tensors)
            stored = sum(t.bits_in_file for t in report.tensors)
            parts.append(bits_sentence(len(report.tensors), entries, bits, stored) + ".")
        parts.append(self.chosen.sentences("Compressed")[0])
        rounded = [t for t in report.tensors if t.rounded]
        if rounded:
            count = sum(t.rounded for t in rounded)
            kinds = ", ".join(sorted({t.dtype for t in rounded}))
            parts.append(
                f"{count} values in {counted(len(rounded), 'tensor')} are none of {kinds} and were rounded once more "
                "to it."
            )
        if report.left_alone:
            left = "\n".join(f"  {short(t.name)} ({t.reason})" for t in report.left_alone)
            how = "byte for byte" if report.decoding is None else "as they are, codes as their values"
            parts.append(f"Left alone, {how}, {counted(len(report.left_alone), 'tensor')}:\n{left}")
        parts += self.ties
        if report.copied:
            parts.append(f"Copied: {', '.join(map(one_line, report.copied))}")
        size = f"{counted(len(report.tensors), 'tensor')} compressed, {self.nbytes} bytes of tensors"
        done = f"written to {self.out}" if self.written else "nothing is written (--dry-run)"
        parts.append(f"{size}: {done}" + (f", the report to {beside(self.out)}" if self.written else ""))
        return parts

    @property
    def failures(self) -> tuple[str, ...]:
        """Weights that were refused."""
        return tuple(self.chosen.failures)

    def _table(self, title: str, tensors: Sequence[Applied]) -> Table:
        p, axes = self.report.recipe.norm, axes_of(self.chosen.taken)
        seen = {t.name: axes[t.name] for t in tensors if t.name in axes}
        rows = [
            (
                short(t.name),
                t.dtype,
                "×".join(map(str, t.shape)),
                *(share(value, t.x_norm) for value in (t.e_s, t.e_q, t.e_sq, t.e_qs, t.error, t.bound(p))),
                f"{100 * t.zeros / math.prod(t.shape):.2f}" if math.prod(t.shape) else "–",
                " ".join(t.patterns) or "–",
                str(t.rounded),
                f"{t.bits_in_file / math.prod(t.shape):.6g}" if math.prod(t.shape) else "–",
                t.open,
                t.theorem or "not " + ", ".join(t.failed),
                *([seen.get(t.name, "–")] if seen else []),
            )
            for t in tensors
        ]
        header: tuple[str, ...] = (
            "tensor",
            "dtype",
            "shape",
            *ERRORS,
            "zeros %",
            "keeps",
            "rounded",
            "bits",
            "open",
            "by",
        )
        header += ("reduced axis",) if seen else ()
        return Table(header, tuple(rows), title)

    def to_dict(self) -> dict[str, Any]:
        """The report beside the checkpoint."""
        content: dict[str, Any] = json.loads(self.report.to_json())
        return content

    def columns(self) -> Mapping[str, Sequence[Any]]:
        """A line for each tensor that was compressed, all that the report says of it, called as ``order`` calls it."""
        tensors = self.to_dict()["tensors"]
        names = dict.fromkeys(name for one in tensors for name in one)
        columns = {name: [one.get(name) for one in tensors] for name in names}
        return {
            "tensor": columns.pop("name", []),
            **{name.removeprefix("e_"): given for name, given in columns.items()},
        }


def apply(
    checkpoint: Source,
    out: PathLike,
    mask: Mask | None = None,
    format: Format | None = None,
    *,
    order: Order | str | None = None,
    recipe: RecipeFile | None = None,
    frozen_scale: bool = False,
    pack: bool = False,
    layout: CodeLayout | str | None = None,
    index: Index | str | None = None,
    norm: float = 2.0,
    ties: TieRule | None = None,
    seed: int = 0,
    targets: Words = (),
    ignore: Words = (),
    axis: Words = (),
    strict: bool = False,
    keep_going: bool = False,
    statistics: Known | None = None,
    method: "str | Work | None" = None,
    tool: "str | Tool | None" = None,
    workers: int = 1,
    dry_run: bool = False,
    force: bool = False,
    watch: Watch = unwatched,
    say: Say = unsaid,
) -> ApplyResult:
    """Write a checkpoint whose weights are sparsified and quantized, as values or (``pack``) as codes.

    As ``sqtheory apply``, whose help says what is written and refused; masks, formats and tie rules are text, or
    operators that have a spelling; ``recipe`` says them by rules. Everything is checked before anything is written.
    Raises SpellingError, InputRefused that names file and tensor, FileExistsError unless ``force``.
    """
    if not pack and (layout or index):
        raise ValueError("--layout and --index are about codes: they need --pack")
    places = Index[index] if isinstance(index, str) else index
    packing = compress.Packing(CodeLayout(layout or CodeLayout.sqtheory), places) if pack else None
    known = statistics_of(statistics)
    chosen: Chooser
    made: Recipe | RuledRecipe
    rules = None if recipe is None else rules_of(recipe)
    made_by = operators.tool_of(tool)
    masks, formats = operators.of_tool(made_by, (mask,) if mask else (), (format,) if format else ())
    mask, format = masks[0] if masks else None, formats[0] if formats else None
    if made_by is not None and format is None and rules is None:
        raise ValueError(f"--tool {made_by.spelled} has no format: --format is needed beside it")
    if rules is None:
        made = _uniform(
            mask or "1:1", format, order, frozen_scale, norm, ties, seed, words(axis), known, method_of(method)
        )
        chosen = Targets(words(targets), words(ignore))
    else:
        check_alone(any((mask, format, order, frozen_scale, ties, targets, ignore, method)))
        chosen, made = rules, RuledRecipe.of_rules(rules, norm=norm, seed=seed, axes=words(axis)).told(known)
    with held(checkpoint) as source, Threads(workers).crew() as (executor, ahead), ExitStack() as stack:
        files = compress.layout_of(source, Path(out), folder=is_folder(checkpoint), packing=packing)
        keeps = not dry_run and Path(out).parent.is_dir()
        plan = compress.plan(
            *(files, made, chosen, __version__),
            executor=executor,
            ahead=ahead,
            watch=watch,
            force=force,
            strict=strict,
            keep_going=keep_going,
            draft=stack.enter_context(compress.Draft(Path(out))) if keeps else None,
        )
        if not dry_run:
            compress.apply(plan, executor=executor, ahead=ahead, watch=watch, force=force)
    tied = tuple(compress.said_of_ties(plan.ties, plan.report))
    if files.note:
        say(files.note)
    return ApplyResult(Path(out), plan.report, tied, plan.chosen, plan.nbytes, not dry_run)


def _uniform(
    mask: Mask,
    format: Format | None,
    order: Order | str | None,
    frozen_scale: bool,
    norm: float,
    ties: TieRule | None,
    seed: int,
    axes: tuple[str, ...],
    known: Statistics | None,
    by: "Work | None",
) -> Recipe:
    """The same for every target."""
    if format is None:
        raise ValueError("--format is needed, or --recipe")
    rng = np.random.default_rng(seed)
    rule = None if ties is None else operators.tie_rule(ties, norm, rng)
    s = operators.mask(mask, rule, rng, calibrated=True)
    operators.check_awaited(known, [s], by)
    given = Order[order] if isinstance(order, str) else order or Order.sq
    named = "" if by is None else by.name
    made = Recipe(str(s), str(format), given, norm, frozen_scale, seed, axes=axes, method=named).told(known)
    return made if by is None else made.by(by)
