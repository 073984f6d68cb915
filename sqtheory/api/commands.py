"""The command lines that do again, or do next, what a page is about."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final


@final
@dataclass(frozen=True)
class Commands:
    """Command lines on one checkpoint with the options of one page."""

    checkpoint: str
    norm: float
    seed: int
    targets: tuple[str, ...]
    ignore: tuple[str, ...]
    axis: tuple[str, ...]
    statistics: str | None
    """The path of the file of statistics."""
    recipe: str | None = None
    """The path of the recipe, in whose place masks, formats and orders stand otherwise."""
    method: str | None = None
    """The published method that chooses the operators."""

    def page(self, masks: Sequence[str], formats: Sequence[str], out: Path | None, *, prediction: bool) -> str:
        """The one that makes the page."""
        flags = [] if prediction else ["--no-prediction"]
        page = "report.html" if out is None else str(out)
        return self._line("report", masks, formats, [*flags, *self._method(), *self._statistics(), "-o", page])

    def compressing(self, mask: str, fmt: str, order: str, *, calibrated: bool) -> tuple[str, ...]:
        """Those that compress in this order, check that, and decide whether it is the better one for every tensor."""
        if self.recipe is not None:
            order, calibrated = "recipe", self.statistics is not None
        out, by, known = self._compressed(order), self._method(), self._statistics() if calibrated else []
        decided = ["sqtheory", "decide", "sq_never_worse", *_operators([mask], [fmt]), *self._norm()]
        return (
            self._line("apply", [mask], [fmt], [*([] if self.recipe else ["--order", order]), *by, *known], out),
            shlex.join(["sqtheory", "verify", out, "--against", self.checkpoint, *known]),
            *(() if known or by else (shlex.join(decided),)),
        )

    def _compressed(self, order: str) -> str:
        """A name for the compressed checkpoint, of the kind that ``apply`` writes."""
        path = Path(self.checkpoint.removeprefix("zoo:"))
        suffix = "" if path.is_dir() else path.suffix
        read_only = suffix in (".gguf", ".bin", ".tflite")
        stem = path.name.removesuffix(suffix) or "compressed"
        zoo = self.checkpoint.startswith("zoo:")
        return f"{stem}-{order}{'.safetensors' if zoo or read_only else suffix}"

    def _line(self, verb: str, masks: Sequence[str], formats: Sequence[str], more: Sequence[str], *out: str) -> str:
        asked = _operators(masks, formats) if self.recipe is None else ["--recipe", self.recipe]
        words = ["sqtheory", verb, self.checkpoint, *out, *asked, *self._norm()]
        chosen = (("--targets", self.targets), ("--ignore", self.ignore), ("--axis", self.axis))
        words += [word for option, values in chosen for value in values for word in (option, value)]
        return shlex.join([*words, *more])

    def _statistics(self) -> list[str]:
        """The file of statistics, if there is one."""
        return [] if self.statistics is None else ["--statistics", self.statistics]

    def _method(self) -> list[str]:
        """The method, if there is one."""
        return [] if self.method is None else ["--method", self.method]

    def _norm(self) -> list[str]:
        """The norm and the seed where they are not the defaults."""
        norm = ["--norm", f"{self.norm:g}"] if self.norm != 2 else []
        return norm + (["--seed", str(self.seed)] if self.seed else [])


def _operators(masks: Sequence[str], formats: Sequence[str]) -> list[str]:
    named = (("--mask", masks), ("--format", formats))
    return [word for name, values in named for value in values for word in (name, value)]
