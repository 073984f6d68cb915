"""Claims about the places of a mask in a chain: what is proved no tensor refutes, what is refuted one does."""

import json
from fractions import Fraction
from math import inf

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.operators import chained
from sqtheory.alphabet.quantizers import int_, mxfp
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.cli import main
from sqtheory.orders.chain import compare_chain
from sqtheory.orders.letters import Letters
from sqtheory.theory.decide import decide, decide_chain
from sqtheory.theory.decide.answers import Effort
from sqtheory.theory.decide.chains import OF_CHAINS, common_shape
from tests import pipelines as alphabet
from tests.nightly import often


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("claim", "chain", "p", "verdict"),
    [
        ("sq_never_worse", "int8 >> 2:4 >> mxfp4", 2, "proved"),
        ("first_is_best", "nvfp4 >> 2:4 >> int8 >> hbfp4", inf, "proved"),
        ("later_masks", "mxfp8 >> 1:4 >> mxfp4", 1, "proved"),
        ("worst_by_position", "int8 >> 2:4 >> nvfp4", 0.5, "proved"),
        ("places_in_order", "int8 >> nm(2, 4, ties=by_original) >> mxfp4", 3, "proved"),
        ("places_in_order", "int4:b4 >> nm(2, 4, ties=introselect(prune)) >> int(2, block=4)", 1, "refuted"),
        ("first_is_best", "int8:b8 >> 2:4 >> bcq(2, block=8)", 2, "refuted"),
        ("first_is_best", "int4:b4 >> 2:4 >> mxfp(e2m1, block=4)", 0.5, "refuted"),
        ("later_masks", "int8 >> 2:4 >> int(4, block=2)", 1, "refuted"),
    ],
)
def test_verdicts(claim: str, chain: str, p: float, verdict: str) -> None:
    found = decide_chain(claim, chain, p=p, rng=rng())
    assert found.verdict == verdict, found
    assert (found.witness is not None) == (verdict == "refuted") and found.decision.effort.seconds < 10
    assert f": {verdict}" in found.text().split("\n")[0]
    assert json.loads(json.dumps(found.to_dict()))["verdict"] == verdict


def test_a_witness_is_what_the_operators_make_of_it() -> None:
    chain = "int4:b4 >> 2:4 >> bcq(2, block=4)"
    found = decide_chain("first_is_best", chain, p=1, rng=rng()).witness
    assert found is not None
    x = np.array([float(v) for v in found.x])
    report = compare_chain(x, chain, p=1)
    letters = Letters.of(chain)
    for word, (name, values) in zip(
        [(True, False, False), (False, True, False), (False, False, True)], found.places, strict=True
    ):
        assert letters.spelled(word) == name
        assert tuple(map(Fraction, chained(letters.operators(word))(x).tolist())) == values
    first, *later = report.placings
    assert first.error > min(one.error for one in later)


@pytest.mark.parametrize("turn", range(often(12)))
def test_what_is_proved_of_a_random_chain_no_tensor_refutes(turn: int) -> None:
    """Chains of the whole alphabet: where the rulings close, random rows are compared by the definition."""
    draw = np.random.default_rng(turn)
    shape = (8,)
    for _ in range(40):
        parts = [alphabet.quantizer(draw, shape) for _ in range(int(draw.integers(1, 4)))]
        s = nm(*alphabet.pick(draw, ((2, 4), (1, 4), (1, 2))), ties=alphabet.ties(draw))
        try:
            letters = Letters((s,), tuple(parts), (True, *(False,) * len(parts)))
            for f in (s, *parts):
                f.check(shape)
            closed = not letters.open_premises(shape, 1.0)
        except ValueError:
            continue
        if not closed:
            continue
        for x in alphabet.rows(draw, (6, *shape), parts[-1], subnormal=False):
            p = alphabet.pick(draw, (1.0, 2.0, 3.0, inf))
            report = compare_chain(x, letters.chain, p)
            least = min(one.error for one in report.placings)
            assert report.placings[0].error <= least * (1 + 1e-9), (str(letters), x.tolist(), p)


def test_every_theorem_on_chains_can_be_decided() -> None:
    assert set(OF_CHAINS) == {"first_is_best", "later_masks", "places_in_order", "worst_by_position"}
    assert decide("sq_never_worse", "2:4 >> int8", rng=rng()).theorem == "first_is_best"
    assert decide("sq_never_worse", nm(2, 4), int_(8), rng=rng()).theorem == "prune_first_dominates"


def test_shapes_hold_two_of_every_box() -> None:
    assert common_shape(Letters.of("int(8, block=6) >> 2:4 >> mxfp(e2m1, block=8)")) == (48,)
    assert common_shape(Letters.of("int(8, per=row) >> nm(2, 4, axis=0) >> mxfp4"))[-1] == 64
    small = decide_chain("sq_never_worse", "int8 >> 2:4 >> mxfp4", shape=(3, 8), rng=rng())
    assert small.decision.shape == (3, 8) and small.theorem == "first_is_best"


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="did you mean first_is_best"):
        decide_chain("first_best", "int8 >> 2:4", rng=rng())
    with pytest.raises(ValueError, match="has several"):
        decide_chain("sq_never_worse", "2:4 >> int8 >> 4:8", rng=rng())
    with pytest.raises(ValueError, match="has no mask"):
        decide_chain("sq_never_worse", "int4 >> int8", rng=rng())
    with pytest.raises(ValueError, match="that have entries"):
        decide_chain("sq_never_worse", "2:4 >> int8", shape=(0,), rng=rng())


def test_chance_is_left_open() -> None:
    chain = int_(4, rounding=stochastic(rng())) >> nm(2, 4) >> mxfp(E2M1)
    found = decide_chain("sq_never_worse", chain, rng=rng(), effort=Effort(seconds=0.1))
    assert found.verdict == "open" and "draws random numbers" in found.text()


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["decide", "sq_never_worse", "--chain", "int8 >> 2:4 >> mxfp4"]
    assert main([*line, "--ties", "high_index", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["verdict"], found["theorem"]) == (
        "sqtheory.decide_chain/1",
        "proved",
        "first_is_best",
    )
    assert "ties=high_index" in found["chain"]
    assert main(line) == 0 and "theorem first_is_best is concluded by" in capsys.readouterr().out
    assert main([*line, "--mask", "2:4"]) == 2 and "leave --mask out" in capsys.readouterr().err


def test_an_attack_on_chains_notices_a_mask_that_is_put_wrongly() -> None:
    """A mask of ties that all survive keeps more than its budget: without its ruling the claim would fail."""
    draw, broken = np.random.default_rng(1), 0
    for _ in range(60):
        x = draw.integers(0, 9, 8).astype(np.float64)
        report = compare_chain(x, "nm(2, 4, ties=all_survive) >> int4 >> int(2)", 1.0)
        broken += report.placings[0].error > min(one.error for one in report.placings) + 1e-9
    assert broken
    assert Letters.of("nm(2, 4, ties=all_survive) >> int4 >> int(2)").open_premises((8,), 1.0) == ("magnitude",)
