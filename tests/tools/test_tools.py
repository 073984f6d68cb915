"""Records of tools: found by name, spelled as they are parsed, with a verdict on the order that structure gives."""

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.orders.report import compare
from sqtheory.theory.decide import decide
from sqtheory.tools import ALL, CanOrder, Mode, Observed, OrderGuard, Step, Tool, ZeroFate, find
from sqtheory.tools.telling import each_mode, hypotheses_table, properties, tie_rule, tool_dict, zeros_table
from sqtheory.tools.tool import Measured, exactly, missing
from sqtheory.tools.verdicts import brief, decided
from tests.nightly import thin
from tests.readme import README

every = pytest.mark.parametrize("tool", ALL, ids=lambda tool: tool.name)
each = pytest.mark.parametrize("tool", each_mode(ALL), ids=lambda tool: tool.name)


def made(*modes: Mode) -> Tool:
    return Tool("t", "a tool", modes, OrderGuard(CanOrder.quantizes, "nothing"), (Measured("t", "1"),))


@every
def test_a_tool_says_what_was_measured_and_is_found_by_its_name_and_modes(tool: Tool) -> None:
    assert find(tool.name) is tool and tool.mode is tool.modes[0]
    assert tool.sources and all(one.version for one in tool.sources) and tool.guard.otherwise
    assert len(tool.spelled_modes) == len(tool.modes)
    for name, mode in tool.spelled_modes.items():
        assert find(name).mode is mode and find(name.upper()).mode is mode and find(name).own == tool.name


@each
def test_a_mode_says_what_it_is_and_its_operators_are_spelled_as_they_print(tool: Tool) -> None:
    mode = tool.mode
    assert mode.says and mode.does in ("mask", "format", "mask and format")
    assert (mode.counts in ("kept", "pruned")) == (mode.mask is not None)
    for step, op in ((mode.mask, mode.sparsifier()), (mode.format, mode.quantizer())):
        assert (op is None) == (step is None or step.spelling is None)
        assert op is None or parse(str(op)) == op
    assert bool(mode.lacks) == any(step.spelling is None for step in mode.steps)


@thin(8)
@each
def test_a_verdict_is_proved_by_a_theorem_refuted_by_a_tensor_or_open_with_a_reason(tool: Tool) -> None:
    found = brief(tool)
    assert found.verdict in ("proved", "refuted", "open") and found.by
    if found.decision is None:
        assert found.verdict == "open"
        return
    assert found.verdict != "open", "a mode with operators is decided"
    s, q = parse(found.mask), parse(found.format)
    if found.verdict == "refuted":
        assert found.decision.witness is not None and any(not a.closed for a in found.decision.assumptions)
        x = np.array([float(v) for v in found.decision.witness.x]).reshape(found.decision.shape)
        errors = compare(x, s, q).errors  # type: ignore[arg-type]
        assert errors.sq > errors.qs * (1 - 1e-6)
    else:
        assert found.by == found.decision.theorem and all(a.closed for a in found.decision.assumptions)


def test_masks_and_formats_that_a_mode_does_not_have_are_the_usual_ones_or_those_asked_for() -> None:
    only = brief(find("torch-topk-cuda:keep-2:4"))
    assert (only.mask, only.format) == ("nm(2, 4)", "int(4, block=32)")
    assert only.supplied == "asked with format int(4, block=32), since the mode has none"
    asked = decided(find("onnx:qdq-int4"), "zero_kept", mask="1:4")
    assert (asked.verdict, asked.mask, asked.claim) == ("proved", "nm(1, 4)", "zero_kept")
    assert asked.supplied == "asked with mask nm(1, 4), as is asked"


def test_a_verdict_is_that_of_decide_on_the_spelling() -> None:
    found = decided(find("gfloat:mxfp4"))
    direct = decide("sq_never_worse", parse("2:4"), parse("mxfp4"), rng=np.random.default_rng(0))  # type: ignore[arg-type]
    assert found.decision == direct


def test_tensors_that_are_given_are_tried_before_any_others() -> None:
    s, q, rng = parse("2:4"), parse("int(8, block=32, scaling=fullrange)"), np.random.default_rng(0)
    found = decide("sq_never_worse", s, q, rng=rng, first=[(0,) * 65, (7, 7, -7)])  # type: ignore[arg-type]
    assert found.witness is not None and found.witness.found_by == "given" and found.effort.instances == 1


def test_a_step_without_a_spelling_is_open_and_says_what_is_missing() -> None:
    tool = made(
        Mode("a", "unknown", format=missing("it is secret", seen=Observed(ZeroFate.lost, ZeroFate.kept, odd=False)))
    )
    found = brief(tool)
    assert (found.verdict, found.by) == ("open", "no operator here is it: it is secret")
    assert "open" in found.text() and found.to_dict()["reason"] == found.by
    assert properties(tool.mode) == ("lost", "kept ≥ 0, ? ≤ 0", "no", "?", "?")


def test_a_score_that_awaits_statistics_is_open() -> None:
    tool = made(Mode("a", "Wanda", exactly("nm(2, 4, score=wanda)"), counts="pruned"))
    assert brief(tool).verdict == "open" and "of the inputs" in brief(tool).by


def test_a_step_that_is_apart_or_unspelled_says_why_and_a_mode_does_something() -> None:
    with pytest.raises(ValueError, match="says why"):
        Step(None)
    with pytest.raises(ValueError, match="says why"):
        Step("int4", differ=1, of=2)
    with pytest.raises(ValueError, match="does nothing"):
        Mode("a", "nothing")
    assert Step("int4", differ=1, of=4, because="rounding").share == 1 / 4


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("torcha", "did you mean torchao"),
        ("zzzz", "known are torch-topk"),
        ("gguf:Q9", "no mode 'Q9': known are gguf:Q4_0"),
    ],
)
def test_an_unknown_tool_or_mode_is_answered_with_those_that_there_are(name: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        find(name)


def test_what_a_tool_has_is_not_given_beside_it() -> None:
    with pytest.raises(ValueError, match=r"--tool gfloat:mxfp4 says format .*: leave --format out"):
        decided(find("gfloat"), format="int4")
    with pytest.raises(ValueError, match="--tool torch-topk-cuda:keep-2:4 says mask nm\\(2, 4\\): leave --mask out"):
        decided(find("torch-topk-cuda"), mask="2:4")


def test_tables_have_a_line_for_every_mode_and_properties_by_traits() -> None:
    tools = [find("onnx"), find("torch-topk-cuda"), find("bitsandbytes:nf4")]
    rows = {row[0]: row for row in zeros_table(tools).rows}
    assert set(rows) >= {"onnx:qdq-int4", "bitsandbytes:nf4", "torch-topk-cuda:prune-2:4"}
    assert rows["onnx:qdq-int4"][1:6] == ("kept", "kept", "yes", "yes", "yes")
    assert rows["torch-topk-cuda:prune-2:4"][1:7] == (*("–",) * 5, "high_index")
    assert rows["bitsandbytes:nf4"][3] == "no"
    [row] = hypotheses_table([find("bitsandbytes:nf4")]).rows
    assert row[4] == "monotone" and row[5] == "refuted"


def test_zeros_are_those_of_traits_where_these_say_so() -> None:
    for tool in each_mode(ALL):
        q = tool.mode.quantizer()
        if q is not None and KEEPS_ZERO in q.traits:
            assert properties(tool.mode)[:2] == ("kept", "kept")


def test_ties_of_a_mode_without_a_mask_are_none() -> None:
    assert tie_rule(find("onnx").mode) == "–" and tie_rule(find("torch-topk-cuda").mode) == "low_index"
    assert tie_rule(find("torch-semi-structured:tile").mode) == "its own order"


def test_the_record_as_json_has_all_that_is_said() -> None:
    told = tool_dict(find("gguf"))
    assert told["name"] == "gguf" and [mode["name"] for mode in told["modes"]][:2] == ["Q4_0", "Q4_1"]
    assert {"spelling", "differ", "of", "because"} == set(told["modes"][0]["format"])


def test_readme_counts_them() -> None:
    assert f"Releases of {len(ALL)} pruners and quantizers" in README.read_text(encoding="utf-8")
