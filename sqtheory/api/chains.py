"""Every order of the masks and quantizers of a chain in every tensor of a checkpoint, in one call."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.operators import Operator
from sqtheory.api.given import Source, TieRule, Words, name_of, opened, words
from sqtheory.api.operators import tie_rule
from sqtheory.api.result import Result, Say, unsaid
from sqtheory.api.sight import choose
from sqtheory.exceptions import InputRefused, about
from sqtheory.execution.assignment import check_awaits_none
from sqtheory.execution.fingerprints import generators, rebound, word
from sqtheory.execution.gathering import of_files
from sqtheory.execution.prefetch import InTurn, Watch, unwatched
from sqtheory.execution.selection import Selection, Tolerance
from sqtheory.execution.workers import Threads
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.seeing import notes
from sqtheory.orders.chain import ChainReport, chain_report
from sqtheory.orders.chain_totals import Named, chain_sentences, chain_table, chain_total
from sqtheory.orders.letters import WANTED, Letters
from sqtheory.tables import Table, counted, json_ready
from sqtheory.version import __version__


@final
@dataclass(frozen=True, repr=False, eq=False)
class ChainResult(Result):
    """Every order of the letters of a chain on every tensor of a checkpoint."""

    checkpoint: str
    rows: tuple[Named, ...]
    """A report for each tensor of the file, in its order."""
    chosen: Selection
    """Which tensors were compared, and why the others were left alone."""
    sort: str = "file"
    top: int | None = None
    fail_over: float | None = None
    seed: int = 0

    @property
    def reports(self) -> tuple[ChainReport, ...]:
        """Those of all tensors."""
        return tuple(report for _, report in self.rows)

    @property
    def total(self) -> ChainReport:
        """All tensors together."""
        return chain_total(self.reports)

    @property
    def shown(self) -> tuple[Named, ...]:
        """The first ``top`` in the order of ``sort``: worst, largest error of masks first; gap, largest difference."""
        rows = list(self.rows)
        if self.sort != "file":
            rows.sort(key=lambda row: -_ranked(row[1], self.sort))
        return tuple(rows[: self.top])

    @property
    def failures(self) -> tuple[str, ...]:
        """Weights that were refused, tensors on which a theorem fails (a fault of this program), or ``fail_over``."""
        found = list(self.chosen.failures)
        for name, report in self.rows:
            if report.guarantee_broken:
                found.append(
                    f"tensor {name!r}: the mask first lost in {report.chain} although a theorem forbids it: "
                    "a fault of this program, please report it"
                )
            best = 100 * _relative(min(one.error for one in report.placings), report.x_norm)
            if self.fail_over is not None and not best <= self.fail_over:
                found.append(f"tensor {name!r}: {best:.4f}% exceeds --fail-over {self.fail_over:g}%")
        return tuple(found)

    def parts(self) -> Sequence[Table | str]:
        p = spell_norm(self.reports[0].p)
        return (
            f"{self.checkpoint}: {counted(len(self.rows), 'tensor')} compared, {len(self.chosen.skipped)} left alone. "
            f"Errors are ‖x − y‖_{p} in percent of ‖x‖_{p}; S % is that of the masks alone, Q % of the quantizers.",
            "\n".join(self.chosen.sentences()),
            chain_table(self.shown, self.reports),
            "\n".join(chain_sentences(self.reports)),
        )

    def to_dict(self) -> dict[str, Any]:
        total, first = self.total.to_dict(), self.reports[0]
        own = {"sort": self.sort, "top": self.top, "fail_over": json_ready(self.fail_over), "seed": self.seed}
        return {
            "schema": "sqtheory.order_chain/1",
            "version": __version__,
            "checkpoint": self.checkpoint,
            "recipe": {"chain": first.chain, "order": first.asked, "norm": json_ready(first.p), **own},
            "tensors": [{"name": name, **report.to_dict()} for name, report in self.shown],
            "total": {"tensors": total.pop("shape")[0], **total},
            "parameters": self.chosen.parameters,
            "skipped": [{"name": info.name, "reason": reason} for info, reason in self.chosen.skipped],
        }

    def columns(self) -> Mapping[str, Sequence[Any]]:
        """A line for each tensor and order: its error as a norm, ties of each mask, whether no other has less."""
        lines = [(name, report, one) for name, report in self.shown for one in report.placings]
        return {
            "tensor": [name for name, _, _ in lines],
            "shape": [report.shape for _, report, _ in lines],
            "chain": [report.chain for _, report, _ in lines],
            "order": [one.word for _, _, one in lines],
            "x_norm": [report.x_norm for _, report, _ in lines],
            "error": [one.error for _, _, one in lines],
            "tied": [one.ties for _, _, one in lines],
            "least": [one.word in report.winners for _, report, one in lines],
            "theorem": [None if report.open else "first_is_best" for _, report, _ in lines],
        }


def order_chain(
    checkpoint: Source,
    chain: Operator | str,
    *,
    norm: float = 2.0,
    ties: TieRule | None = None,
    seed: int = 0,
    targets: Words = (),
    ignore: Words = (),
    axis: Words = (),
    strict: bool = False,
    keep_going: bool = False,
    sort: str = "file",
    top: int | None = None,
    fail_over: float | None = None,
    workers: int = 1,
    watch: Watch = unwatched,
    say: Say = unsaid,
) -> ChainResult:
    """Compare every order of the masks and quantizers of a chain in every layer of a checkpoint.

    As ``sqtheory order --chain``; ``workers`` are threads, each of which holds one tensor and an image for each letter.
    Every tensor draws from generators made of the seed and its name. Raises SpellingError, ValueError for a chain
    without a mask or a quantizer, InputRefused that names file and tensor.

    >>> found = order_chain("zoo:vit-dense", "int8 >> 2:4 >> mxfp4", targets="blocks.0.qkv.weight").total
    >>> found.winners, [one.ties for one in found.placings]
    (('S→Q₁→Q₂',), [(6,), (262,), (3325,)])
    """
    check_norm(norm)
    if sort not in ("file", "worst", "gap"):
        raise ValueError(f"sort is file, worst, gap, got {sort!r}")
    letters = letters_of(chain, ties, norm, np.random.default_rng(seed))
    rule, axes = Targets(words(targets), words(ignore)), Axes.parse(words(axis))
    with opened(checkpoint) as whole, ExitStack() as stack:
        kinds = (*letters.masks, *letters.quantizers)
        source, chosen = choose(whole, rule, axes, lambda info: kinds, strict=strict)
        tolerates = Tolerance(source, strict=strict, keep_going=keep_going)

        def report(info: TensorInfo) -> ChainReport | None:
            try:
                with about(str(source.path)), about(f"tensor {info.name!r}"):
                    return chain_report(source.read(info.name), drawing(letters, seed, info.name), norm)
            except InputRefused as refusal:
                if not tolerates(info, refusal):
                    raise
                return None

        crew, ahead = stack.enter_context(Threads(workers).crew())
        found = list(watch(InTurn(report, chosen.taken, crew, ahead), "order"))
        taken, chosen = chosen.taken, chosen.without(tolerates.left)
    for note in notes(chosen.taken):
        say(note)
    rows = [
        (info.stored.name, _together(info, [one for one in own if one is not None]))
        for info, own in of_files(taken, found)
        if None not in own
    ]
    return ChainResult(name_of(checkpoint), tuple(rows), chosen, sort, top, fail_over, seed)


def letters_of(chain: Operator | str, ties: TieRule | None, norm: float, rng: Generator) -> Letters:
    """Read a chain; ``ties`` replaces the tie rule of each mask, ``rng`` is what it may name.

    Raises ValueError for a mask that awaits statistics of inputs.
    """
    letters = Letters.of(parse_as(Operator, WANTED, chain, {"rng": rng}))
    for s in letters.masks:
        check_awaits_none(s)
    return letters if ties is None else letters.with_ties(tie_rule(ties, norm, rng))


def drawing(letters: Letters, seed: int, name: str) -> Letters:
    """The letters of the tensor of this name: each generator in them new, made of the seed and the name."""
    kinds = letters.masks, letters.quantizers
    own = generators(kinds)
    fresh = {key: np.random.default_rng([seed, place, word(name)]) for place, key in enumerate(own)}
    if not own:
        return letters
    masks, quantizers = rebound(kinds, fresh)
    return Letters(masks, quantizers, letters.asked)


def _together(info: TensorInfo, reports: Sequence[ChainReport]) -> ChainReport:
    """The matrices of one tensor of the file as one."""
    if len(reports) == 1:
        return reports[0]
    shape = info.stored.shape if info.view is None else info.view.shape(info.stored.shape)
    return replace(chain_total(reports), shape=shape)


def _relative(value: float, whole: float) -> float:
    return value / whole if whole else (np.inf if value else 0.0)


def _ranked(report: ChainReport, sort: str) -> float:
    errors = [one.error for one in report.placings]
    return _relative(errors[0] if sort == "worst" else max(errors) - min(errors), report.x_norm)
