import json

import pytest

from sqtheory.cli import main


def decided(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, object]:
    assert main(["decide", *argv, "--json"]) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    assert document["schema"] == "sqtheory.decide/1"
    assert {"verdict", "theorem", "assumptions", "witness", "effort", "mask", "format", "norm"} <= document.keys()
    return document


@pytest.mark.parametrize("fmt", ["int4", "int4:b32", "hbfp6", "mxfp4", "mxfp8", "nvfp4", "mxint8"])
def test_two_of_four_is_proved(fmt: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = decided(capsys, "sq_never_worse", "--mask", "2:4", "--format", fmt)
    assert (found["verdict"], found["theorem"]) == ("proved", "prune_first_dominates")


@pytest.mark.parametrize(
    ("claim", "mask", "fmt", "norm"),
    [
        ("scale_kept", "2:4", "int(4, block=6)", "2"),
        ("sq_never_worse", "2:4", "int(4, block=6)", "1"),
        ("sq_never_worse", "2:4", "int(4, scaling=halfrange)", "2"),
        ("zero_kept", "2:4", "bcq3", "2"),
        ("sq_never_worse", "50%", "hbfp(4, block=2)", "1"),
        ("sq_never_worse", "2:4", "int4", "0.5"),
        ("sq_never_worse", "2:4", "int(4, rounding=stochastic(rng))", "1"),
        ("orders_commute", "2:4", "int4", "2"),
    ],
)
def test_refuted_with_a_witness(claim: str, mask: str, fmt: str, norm: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = decided(capsys, claim, "--mask", mask, "--format", fmt, "--norm", norm)
    assert found["verdict"] == "refuted" and found["witness"]


def test_the_answer_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decide", "sq_never_worse", "--mask", "2:4", "--format", "mxfp4"]) == 0
    text = capsys.readouterr().out
    assert "proved" in text and "prune_first_dominates" in text and "keeps_scale" in text
    assert main(["decide", "orders_commute", "--mask", "2:4", "--format", "int4"]) == 0
    assert "refuted" in capsys.readouterr().out
    argv = ["decide", "orders_commute", "--mask", "2:4", "--format", "int4", "--ties", "by_original"]
    assert main(argv) == 0
    assert "frozen_commutation" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("claim", "fmt", "concluded"),
    [("sq_never_worse", "mxfp4", "Coq, derived"), ("storage", "int4", "tested only"), ("zero_kept", "int4", None)],
)
def test_what_concludes_the_theorem_is_said(
    claim: str, fmt: str, concluded: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A theorem that no machine derives decides nothing without saying so."""
    found = decided(capsys, claim, "--mask", "2:4", "--format", fmt)
    assert (found["verdict"], found["theorem_concluded_by"]) == ("proved", concluded)
    assert main(["decide", claim, "--mask", "2:4", "--format", fmt]) == 0
    assert (f"is concluded by: {concluded}" in capsys.readouterr().out) == (concluded is not None)


def test_an_unknown_claim_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decide", "sq_never_wors", "--mask", "2:4", "--format", "int4"]) == 2
    assert "sq_never_worse" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["decide", "scale_kept", "--mask", "2:4", "--format", "int4", "--shape", "0,4"])
    assert "a shape is positive numbers" in capsys.readouterr().err


@pytest.mark.parametrize("shape", ["12", "2,8"])
def test_a_shape_can_be_given(shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = decided(capsys, "scale_kept", "--mask", "2:4", "--format", "int(4, block=8)", "--shape", shape)
    assert found["verdict"] == "proved"


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (("swap_gap", "--mask", "1:2", "--format", "mxfp4", "--norm", "2"), "swap_gap says nothing of p = 2"),
        (("swap_gap", "--mask", "1:2", "--format", "mxfp4", "--norm", "inf"), "it speaks of p = 1"),
        (("swap_constant", "--mask", "2:4", "--format", "int4", "--norm", "2"), "it speaks of p = 1"),
        (("storage", "--mask", "threshold(0.5)", "--format", "int4"), "storage says nothing of threshold(0.5)"),
        (("price_of_order", "--mask", "2:4", "--format", "nvfp4"), "price_of_order says nothing of"),
    ],
)
def test_what_a_theorem_does_not_speak_of(
    argv: tuple[str, ...], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decide", *argv]) == 2
    assert error in capsys.readouterr().err


def test_the_norm_of_a_theorem_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    found = decided(capsys, "swap_gap", "--mask", "1:2", "--format", "mxfp4", "--ties", "adversarial")
    assert (found["verdict"], found["norm"], found["mask"]) == ("proved", "1", "nm(1, 2, ties=adversarial(1))")
    assert decided(capsys, "scale_kept", "--mask", "2:4", "--format", "mxfp4")["norm"] == "2"


def test_short_blocks_take_more_bits_than_the_formula_says(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("storage", "--mask", "2:4", "--format", "int(4, block=5)", "--shape", "12")
    found = decided(capsys, *argv)
    assert found["verdict"] == "refuted" and "counted = 10.75, formula = 9.15" in str(found["witness"])
