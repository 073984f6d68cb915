"""Every mode of every tool is what its release made of the test inputs, or apart in as many entries as it says."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.traits import KEEPS_ZERO, MAX_DETERMINED, ODD
from sqtheory.arrays import Array
from sqtheory.tools import ALL, Mode, Observed, Step, Tool, ZeroFate
from sqtheory.tools.telling import each_mode
from sqtheory.tools.verdicts import brief

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
RESIDUE = 2.0**-10
"""Zeros that come back as less than this share of the largest entry are back but for rounding."""
HALVES = {"torch_cuda:tile_signed", "torch_cuda:tile_magnitude"}
"""Golden files of what a release made of the inputs' float16 roundings: it takes no float32."""
STEPS = {
    f"{tool.name} {kind}": (tool.mode, step)
    for tool in each_mode(ALL)
    for kind, step in (("mask", tool.mode.mask), ("format", tool.mode.format))
    if step is not None
}
TOOLS = {f"{tool.name} {kind}": tool for tool in each_mode(ALL) for kind in ("mask", "format")}
HELD = {name: pair for name, pair in STEPS.items() if pair[1].golden is not None}
LOOSE = sorted(STEPS.keys() - HELD.keys())
"""Said of the release, but held to no golden file: not counted."""


@cache
def inputs() -> dict[str, Array]:
    with np.load(HERE / "make" / "inputs.npz") as file:
        return {name: file[name] for name in file.files}


@cache
def golden(name: str) -> dict[str, Array]:
    with np.load(GOLDEN / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def images(step: Step) -> Iterator[tuple[str, Array, Array]]:
    """Each input that the release was run on: its name, it, and what the release made of it (a mask's bits applied)."""
    assert step.golden is not None
    name, mode = step.golden.split(":")
    for key, made in golden(name).items():
        asked, _, which = key.rpartition("/")
        if asked == mode:
            x = inputs()[which].astype(np.float16 if step.golden in HALVES else np.float32)
            if made.dtype == np.uint8:
                yield which, x, np.unpackbits(made.astype(np.uint8))[: x.size].reshape(x.shape).astype(bool)
            else:
                yield which, x[:, : made.shape[1]], made


def differing(operator: Operator, step: Step) -> tuple[int, int]:
    """In how many of how many entries an operator is not what the release made; of bits of a mask these differ."""
    differ = of = 0
    for _, x, made in images(step):
        ours = operator.mask(x) if made.dtype == bool else operator(x)  # type: ignore[attr-defined]
        differ, of = differ + int(np.count_nonzero(ours != made)), of + made.size
    return differ, of


def observed(step: Step) -> Observed:
    """What is seen on the inputs that there are."""
    made = {which: image for which, _, image in images(step)}

    def zeros(which: str) -> ZeroFate | None:
        if which not in made:
            return None
        back = np.abs(made[which][inputs()[which] == 0])
        if not back.any():
            return ZeroFate.kept
        return ZeroFate.residue if back.max() <= RESIDUE * np.abs(inputs()[which]).max() else ZeroFate.lost

    pairs = [(a, b) for a, b in (("masked_positive", "masked_negative"), ("positive", "negative")) if {a, b} <= {*made}]
    odd = all(np.array_equal(made[a], -made[b]) for a, b in pairs) if pairs else None
    still = None
    if {"normal", "masked"} <= {*made}:
        kept = inputs()["masked"] != 0
        still = bool(np.array_equal(made["normal"][kept], made["masked"][kept]))
    return Observed(zeros("masked"), zeros("masked_positive"), zeros("masked_negative"), odd, still)


@pytest.mark.parametrize("name", HELD)
def test_a_step_is_its_golden_file_or_apart_as_its_record_says(name: str) -> None:
    mode, step = HELD[name]
    operator = mode.sparsifier() if step is mode.mask else mode.quantizer()
    if operator is None:
        assert next(images(step)) and step.because
        if step.nearest is None:
            return
        operator = parse(step.nearest)
    differ, of = differing(operator, step)
    assert (differ, of if differ else 0) == (step.differ, step.of), f"{differ} of {of} differ, the record says else"


@pytest.mark.parametrize("name", [name for name, (mode, step) in HELD.items() if step is mode.format])
def test_what_a_release_does_to_zeros_contradicts_neither_traits_nor_record(name: str) -> None:
    mode, step = HELD[name]
    found, q = observed(step), mode.quantizer()
    if q is None or KEEPS_ZERO not in q.traits:
        assert (step.seen.mixed, step.seen.positive, step.seen.negative) == (
            found.mixed,
            found.positive,
            found.negative,
        )
    else:
        assert {found.mixed, found.positive, found.negative} <= {ZeroFate.kept, None}
    if q is None:
        assert (step.seen.odd, step.seen.by_maximum) == (found.odd, found.by_maximum)
        return
    assert found.odd is not False or ODD not in q.traits
    assert found.by_maximum is not False or MAX_DETERMINED not in q.traits


def test_files_name_the_release_that_records_say_was_run() -> None:
    for tool in each_mode(ALL):
        for step in tool.mode.steps:
            if step.golden is not None:
                versions = {str(one).split("+")[0] for one in golden(step.golden.split(":")[0])["versions"]}
                assert versions & set(releases(tool)), f"{tool.name}: {versions}"


def releases(tool: Tool) -> list[str]:
    return [f"{one.package.rpartition('/')[2]}=={one.version.split('+')[0]}" for one in tool.sources if one.ran]


def tools_held() -> set[str]:
    """Tools with a mode that is held to a golden file."""
    return {name.split(":")[0] for name in HELD}


def test_at_least_35_tools_are_held_to_golden_files() -> None:
    print("held to no golden file:", *LOOSE, sep="\n  ")
    assert len(tools_held()) >= 35, sorted({tool.name for tool in ALL} - tools_held())


def test_a_wrong_operator_is_seen() -> None:
    mode, step = next((m, s) for m, s in HELD.values() if s is m.format and s.spelling and not s.differ)
    broken = Mode(mode.name, mode.says, format=Step("int(3, block=32)", step.golden)).quantizer()
    assert broken is not None and differing(broken, step)[0] > 0


MASKED = {"normal": "masked", "positive": "masked_positive", "negative": "masked_negative"}
"""Inputs and what 2:4 by magnitude makes of them: without ties, so that every tool's mask is that."""
TWO_OF_FOUR = nm(2, 4)


@pytest.mark.parametrize("name", [n for n, (mode, step) in HELD.items() if step is mode.format and mode.mask is None])
def test_no_proved_order_is_contradicted_by_what_the_release_made(name: str) -> None:
    made = {which: (x.astype(np.float64), image.astype(np.float64)) for which, x, image in images(HELD[name][1])}
    for dense, masked in MASKED.items():
        if {dense, masked} <= made.keys():
            (x, quantized), (_, pruned_first) = made[dense], made[masked]
            sq, qs = (np.linalg.norm(x - y, axis=1) for y in (pruned_first, TWO_OF_FOUR(quantized)))
            lost = np.any(sq > qs * (1 + 1e-6))  # the release's images are those of its own arithmetic, float32 or less
            assert not lost or brief(TOOLS[name]).verdict != "proved"
