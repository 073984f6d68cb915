import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from safetensors.numpy import load_file, save_file

from sqtheory.cli import main
from sqtheory.show.figures.catalogue import BY_NAME
from sqtheory.show.figures.data import FigureKind, Needs
from tests.nightly import NIGHTLY
from tests.readme import README, pages


def test_alone_it_lists_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figure"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(BY_NAME)


def test_a_figure_is_written_with_data_caption_and_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = ("block", "gain_curve") if NIGHTLY else ("block",)
    command = ["figure", *figures, "--out", str(tmp_path), "--format", "svg,png", "--style", "single"]
    assert main(command) == 0
    names = {f"{name}.{kind}" for name in figures for kind in ("svg", "png", "csv", "txt")}
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(made) == names
    caption, line = made["block.txt"].decode().strip().split("\n\n")
    assert caption.startswith("Geometry of one block")
    again = tmp_path / "again"
    assert line.startswith("sqtheory figure block ")
    assert main([*line.split()[1:], "--out", str(again), "--format", "svg,png"]) == 0
    assert all(path.read_bytes() == made[path.name] for path in again.iterdir())
    assert main(command) == 0
    capsys.readouterr()


def test_a_file_that_differs_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "block.png").write_bytes(b"mine")
    command = ["figure", "block", "--out", str(tmp_path), "--format", "png"]
    assert main(command) == 2 and "pass --force" in capsys.readouterr().err
    assert (tmp_path / "block.png").read_bytes() == b"mine"
    assert main([*command, "--force"]) == 0


def never(*given: object) -> None:
    raise AssertionError("something is computed although it can be known that it is refused")


@pytest.fixture
def computing_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FigureKind, "compute", never)


@pytest.mark.parametrize("left", ["svg", "csv", "txt"])
@pytest.mark.usefixtures("computing_is_a_fault")
def test_a_file_of_another_command_is_refused_before_anything_is_computed(
    left: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f"gain_curve.{left}").write_text("caption\n\nsqtheory figure gain_curve --style slide\n")
    assert main(["figure", "block", "gain_curve", "--out", str(tmp_path), "--format", "svg"]) == 2
    said = capsys.readouterr().err
    assert f"gain_curve.{left} exists, of another command: pass --force to replace it, or another --out" in said
    assert [path.name for path in tmp_path.iterdir()] == [f"gain_curve.{left}"]


@pytest.mark.usefixtures("computing_is_a_fault")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["channels", "--mask", "3:5"],
            "figure channels of model.safetensors: tensor 'first.weight': axis 1 of length",
        ),
        (["order_map", "rotation", "--mask", "50%%"], "figure rotation of model.safetensors: a mask prunes 0% to less"),
        (["order_map", "rotation", "--quantizer", "int5x"], "figure rotation of model.safetensors: unknown operator"),
        (
            ["order_map", "price", "--mask", "50%"],
            "figure price of model.safetensors: it is of n:m masks, and top(0.5)",
        ),
        (["order_map", "depth"], "figure depth of model.safetensors: model.safetensors: no architecture"),
        (["block", "rotation", "--quantizer", "int(4, block=7, tail=error)"], "axis 1 of length 256 is not a whole"),
        (["block", "rotation", "--quantizer", "cast(float16, saturate=false)"], "makes inf of entry"),
        (["block", "order_mapp"], "did you mean order_map?"),
        (["block", "order_map", "--style", "poster"], "known are single, double, slide"),
    ],
)
def test_what_is_refused_is_refused_before_anything_is_computed(
    words: list[str], said: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tensors = load_file("model.safetensors")
    if "inf" in said:
        tensors["second.weight"][0, 0] = 1e6
        save_file(tensors, "model.safetensors")
    assert main(["figure", *words, "--model", "model.safetensors"]) in (2, 3)
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("computing_is_a_fault")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_no_figure_is_of_are_refused_first(
    value: float, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tensors = load_file("model.safetensors")
    tensors["second.weight"][3, 5] = value
    save_file(tensors, "model.safetensors")
    assert main(["figure", "order_map", "--model", "model.safetensors"]) == 3
    assert "tensor 'second.weight': " in capsys.readouterr().err


def test_the_figures_of_readme_and_documentation_do_not_meet() -> None:
    """Two commands that draw one figure for one folder would be refused, unless they are one command."""
    text = re.sub(r"\\\n", " ", "\n".join(page.read_text(encoding="utf-8") for page in pages()))
    drawn: dict[tuple[str, str], str] = {}
    for line in re.findall(r"^sqtheory figure .*$", text, re.MULTILINE):
        words = shlex.split(line, comments=True)
        out = words[words.index("--out") + 1] if "--out" in words else "figures"
        names = itertools.takewhile(lambda word: not word.startswith("--"), words[2:])
        for name in names:
            for each in BY_NAME if name == "all" else [name]:
                assert drawn.setdefault((out, each), line) == line
    assert len({line for line in drawn.values()}) >= 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["blok"], "did you mean block?"),
        (["block", "--style", "poster"], "known are single, double, slide"),
    ],
)
def test_what_does_not_exist_is_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figure", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_kind_of_file_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["figure", "block", "--format", "jpg"])
    assert "not 'jpg'" in capsys.readouterr().err


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint of nobody's architecture in an otherwise empty folder, which is where commands run."""
    rng = np.random.default_rng(0)
    tensors = {f"{name}.weight": rng.standard_normal((8, 256)).astype(np.float32) for name in ("first", "second")}
    save_file(tensors, tmp_path / "model.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_of_all_what_cannot_be_drawn_is_left_out_and_said(
    own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By day what can be drawn is an empty file: all figures are drawn in ``tests/show/figures``."""
    drawn = FigureKind.files

    def empty(kind: FigureKind[Any], *asked: Any) -> dict[str, bytes]:
        return drawn(kind, *asked) if kind.needs is Needs.network else {f"{kind.name}.svg": b"<svg/>"}

    if not NIGHTLY:
        monkeypatch.setattr(FigureKind, "files", empty)
    assert main(["figure", "all", "--model", "model.safetensors", "--format", "svg"]) == 1
    complaints = capsys.readouterr().err.splitlines()
    networks = [name for name, kind in BY_NAME.items() if kind.needs is Needs.network]
    assert [line.split(" of ")[0] for line in complaints] == [f"sqtheory: left out: figure {name}" for name in networks]
    assert {path.stem for path in (own / "figures").glob("*.svg")} == set(BY_NAME) - set(networks)


def test_other_kinds_of_checkpoints_give_the_same_figures(own: Path) -> None:
    names = ["channels", "price"] if NIGHTLY else ["channels"]
    tensors = load_file("model.safetensors")
    np.savez("model.npz", allow_pickle=False, **tensors)
    held = [numpy_helper.from_array(tensor, name) for name, tensor in tensors.items()]
    onnx.save(helper.make_model(helper.make_graph([], "weights", [], [], initializer=held)), "model.onnx")
    made = []
    for suffix in ("safetensors", "npz", "onnx"):
        assert main(["figure", *names, "--model", f"model.{suffix}", "--format", "png", "--out", suffix]) == 0
        made.append([(own / suffix / f"{name}.{kind}").read_bytes() for name in names for kind in ("png", "csv")])
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize("name", [name for name, kind in BY_NAME.items() if kind.needs is Needs.network])
def test_what_needs_a_forward_pass_says_which_are_known(
    name: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["figure", name, "--model", "model.safetensors"]) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"sqtheory: figure {name} of model.safetensors: ") and said.count("\n") == 1
    assert "no architecture that can be computed; known: vision transformer" in said
    assert not (own / "figures").exists() or not list((own / "figures").iterdir())


@pytest.mark.parametrize("name", [name for name, kind in BY_NAME.items() if kind.needs is Needs.blocks])
def test_what_needs_an_n_m_mask_says_so(name: str, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figure", name, "--model", "model.safetensors", "--mask", "50%"]) != 0
    assert capsys.readouterr().err.startswith(f"sqtheory: figure {name} of model.safetensors: ")


def test_readme_leads_to_a_figure_in_three_commands(own: Path) -> None:
    [lines] = re.findall(r"<!-- figure -->\n```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    install, *commands = (shlex.split(line) for line in lines.strip().splitlines())
    assert install == ["python3", "-m", "pip", "install", "."] and len(commands) == 2
    for program, *arguments in commands:
        assert program == "sqtheory" and main(arguments) == 0
    made = {path.name: path.read_bytes() for path in (own / "paper").iterdir()}
    for name in ("order_map", "gap_in_bits", "channels"):
        assert made[f"{name}.pdf"].startswith(b"%PDF") and "--model model.safetensors" in made[f"{name}.txt"].decode()
