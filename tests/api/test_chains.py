"""``order_chain`` is what ``sqtheory order --chain`` prints; each tensor is compared as ``compare`` does."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import sqtheory as sq
from sqtheory.api.chains import drawing, order_chain
from sqtheory.exceptions import InputRefused
from sqtheory.orders.letters import Letters
from tests.api.material import NAMES, parsed, printed, weights

CHAIN = "int8 >> 2:4 >> mxfp4"


def test_it_is_what_the_command_line_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = weights(tmp_path)
    result = order_chain(path, CHAIN, norm=1, ties="high_index", sort="gap", top=2, workers=2)
    line = ["order", path, "--chain", CHAIN, "--norm", "1", "--ties", "high_index", "--sort", "gap", "--top", "2"]
    line += ["--workers", "2"]
    assert json.loads(json.dumps(result.to_dict())) == parsed(capsys, *line)
    assert str(result) == printed(capsys, *line) and result.markdown() == printed(capsys, *line, "--markdown")
    assert [name for name, _ in result.rows] == [*NAMES] and len(result.shown) == 2 and not result.failures
    assert result.to_dict()["schema"] == "sqtheory.order_chain/1"


def test_each_tensor_and_all_together(tmp_path: Path) -> None:
    path = weights(tmp_path)
    result = order_chain(path, CHAIN)
    with sq.open_checkpoint(path) as checkpoint:
        tensors = [checkpoint.read(name) for name in NAMES]
    assert [report.to_dict() for report in result.reports] == [sq.compare(x, CHAIN).to_dict() for x in tensors]
    whole = sq.compare(np.concatenate(tensors), CHAIN)
    assert [one.error for one in result.total.placings] == pytest.approx([one.error for one in whole.placings])
    assert [one.ties for one in result.total.placings] == [one.ties for one in whole.placings]
    columns = result.columns()
    assert columns["tensor"] == [name for name in NAMES for _ in range(3)] and set(columns["theorem"]) == {
        "first_is_best"
    }
    assert sum(columns["least"]) == sum(len(report.winners) for report in result.reports)


def test_draws_of_a_tensor_do_not_depend_on_what_else_is_asked(tmp_path: Path) -> None:
    path, chain = weights(tmp_path), "int(4, rounding=stochastic(rng)) >> 2:4 >> int8"
    every, one = order_chain(path, chain, seed=5), order_chain(path, chain, seed=5, targets="b.weight")
    assert every.rows[1][1] == one.rows[0][1] != order_chain(path, chain, seed=6).rows[1][1]
    letters = Letters.of("2:4 >> int8")
    assert drawing(letters, 0, "a") is letters


def test_experts_are_matrices_of_their_own_on_one_line(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(3, 8, 64)).astype(np.float32)
    save_file({"m.experts.down_proj": x}, tmp_path / "m.safetensors")
    [(name, report)] = order_chain(tmp_path / "m.safetensors", "nvfp4 >> 2:4 >> int8").rows
    each = [sq.compare(matrix, "nvfp4 >> 2:4 >> int8") for matrix in x]
    assert (name, report.shape) == ("m.experts.down_proj", (3, 8, 64))
    assert report.placings[1].ties == tuple(np.sum([one.placings[1].ties for one in each], axis=0))
    assert report.placings[2].error == pytest.approx(float(np.linalg.norm([one.placings[2].error for one in each])))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--mask", "2:4"], "leave --mask out"),
        (["--experts"], "leave --experts out"),
        (["--results", "kept"], "leave --results out"),
    ],
)
def test_what_a_chain_does_not_have_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    printed(capsys, "order", weights(tmp_path), "--chain", CHAIN, *more, status=2)
    from sqtheory.cli import main

    assert main(["order", str(tmp_path / "in.safetensors"), "--chain", CHAIN, *more]) == 2
    assert said in capsys.readouterr().err


def test_refusals_name_the_tensor(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_file({"a.weight": np.full((4, 8), np.nan, np.float32), "b.weight": np.ones((4, 8), np.float32)}, path)
    with pytest.raises(InputRefused, match=r"tensor 'a\.weight'"):
        order_chain(path, CHAIN)
    result = order_chain(path, CHAIN, keep_going=True, fail_over=10.0)
    assert [name for name, _ in result.rows] == ["b.weight"]
    assert [text.split(":")[0] for text in result.failures] == ["tensor 'a.weight'", "tensor 'b.weight'"]
    with pytest.raises(ValueError, match="sort is"):
        order_chain(path, CHAIN, sort="size")
    with pytest.raises(ValueError, match="awaits"):
        order_chain(path, "nm(2, 4, score=wanda) >> int8")
