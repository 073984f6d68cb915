"""Whether a written checkpoint is what its report says, in one call."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from sqtheory import compress
from sqtheory.api.given import Known, PathLike, Source, is_folder, name_of, opened, statistics_of
from sqtheory.api.operators import method_of, of_tool, tool_of
from sqtheory.api.pipelines import RecipeFile, rules_of
from sqtheory.api.result import Result
from sqtheory.compress import Failure, Report, Verification
from sqtheory.execution.prefetch import Watch, unwatched
from sqtheory.execution.workers import Threads
from sqtheory.files import atomic
from sqtheory.files.checkpoints.tensors import plain, quoted
from sqtheory.tables import Table, counted

if TYPE_CHECKING:
    from sqtheory.tools import Tool


@final
@dataclass(frozen=True, repr=False, eq=False)
class VerifyResult(Result):
    """What was checked of a compressed checkpoint, and what does not hold."""

    out: Path
    against: str | None
    report: Report
    found: Verification

    @property
    def failures(self) -> tuple[str, ...]:
        """The first check that fails, and how many more do; ``found.failures`` has them all."""
        if not self.found.failures:
            return ()
        first, more = self.found.failures[0], len(self.found.failures) - 1
        where = "" if first.tensor is None else f"tensor {quoted(first.tensor)}: "
        return (f"{plain(str(self.out))}: {where}{first.rule}{f' (and {more} more)' if more else ''}",)

    def parts(self) -> Sequence[Table | str]:
        if self.found.failures:
            return ()
        grid = "all that codes can say" if self.report.packing is not None else "theorem idempotence"
        said = [
            f"{self.out}: verified.",
            f"{counted(self.found.tensors, 'compressed tensor')}: pattern, zeros and bytes as recorded; "
            f"{self.found.on_grid} of them on their own grid ({grid}).",
            f"{counted(self.found.left_alone, 'tensor')} left alone: bytes as recorded.",
        ]
        if self.against is None:
            said.append("Values and errors were not computed again: that takes --against CKPT.")
        else:
            said.append(f"Computed again from {self.against}: every byte, every error, every count.")
        return ("\n".join(said),)

    def to_dict(self) -> dict[str, Any]:
        return {"schema": "sqtheory.verify/1", "recipe": self.report.recipe.to_dict(), **self.found.to_dict()}

    def columns(self) -> Mapping[str, Sequence[Any]]:
        """A line for each check that failed."""
        failed = self.found.failures
        return {"tensor": [one.tensor for one in failed], "rule": [one.rule for one in failed]}


def verify(
    out: PathLike,
    *,
    against: Source | None = None,
    recipe: RecipeFile | None = None,
    statistics: Known | None = None,
    tool: "str | Tool | None" = None,
    workers: int = 1,
    watch: Watch = unwatched,
) -> VerifyResult:
    """Check a checkpoint that ``apply`` wrote from its bytes and its report; with ``against`` make all of it again.

    With ``recipe`` the report must have that one, with ``tool`` the mask and the format of its mode.
    As ``sqtheory verify``, whose help says what is checked. Raises CheckpointError for a file that cannot be read and
    for a report that is not what apply wrote; what fails is in the result.
    """
    path = Path(out)
    atomic.recover(path.parent)
    with ExitStack() as stack:
        report = compress.read_report(compress.beside(path))
        treatment = report.recipe.told(statistics_of(statistics))
        by = method_of(treatment.method or None)
        if by is not None and (against is not None or statistics is not None or not by.needs):
            treatment = treatment.by(by)
        report = replace(report, recipe=treatment)
        written = compress.written(path, report.packing)
        stack.enter_context(written.source)
        layout = None
        if against is not None:
            source = stack.enter_context(opened(against))
            layout = compress.layout_of(source, path, folder=is_folder(against), packing=report.packing)
        executor, ahead = stack.enter_context(Threads(workers).crew())
        before = written.source.signature
        found = compress.verify(written, report, layout, executor=executor, ahead=ahead, watch=watch)
        written.source.check_unchanged(before)
    if recipe is not None:
        wanted, recorded = rules_of(recipe), report.recipe.to_dict().get("sha256")
        if recorded != wanted.sha256:
            rule = f"was not made by the recipe {wanted.source}, whose SHA-256 is {wanted.sha256}"
            found = replace(found, failures=(Failure(None, rule), *found.failures))
    asked = tool_of(tool)
    if asked is not None:
        found = replace(found, failures=(*_of_tool(asked, report), *found.failures))
    return VerifyResult(path, None if against is None else name_of(against), report, found)


def _of_tool(tool: "Tool", report: Report) -> list[Failure]:
    """What of the recipe in a report is not what a tool's mode does."""
    masks, formats = of_tool(tool, (), ())
    wrong = []
    for title, recipe, _ in report.recipe.groups(t.name for t in report.tensors):
        s, q = map(str, recipe.assignment.pattern)
        for made, own, kind in ((s, masks, "mask"), (q, formats, "format")):
            if own and made != str(own[0]):
                wrong.append(
                    Failure(None, f"{title or 'it'} was made with {kind} {made}, --tool {tool.spelled} means {own[0]}")
                )
    return wrong
