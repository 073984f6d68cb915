import re
import shlex
from pathlib import Path

import pytest

from sqtheory.cli import main
from sqtheory.show.figures.order_map import contrast
from sqtheory.show.page.drawing import CHANNELS, LONGEST, gap_scatter, labels
from sqtheory.show.page.stylesheet import SCRIPT, STYLE
from sqtheory.tables import one_line, short
from tests.show.page.material import HOSTILE, Page, checkpoint

GRID = ("--mask", "2:4", "--mask", "50%", "--format", "int(4, block=32)")
SOME = ("--targets", r"re:blocks\.[05]\..*(proj|qkv|fc1|fc2)\.weight")


def written(out: Path, *asked: str) -> str:
    assert main(["report", *asked, "-o", str(out)]) == 0
    return out.read_text(encoding="utf-8")


def test_a_page_needs_nothing_but_itself_and_is_well_formed(tmp_path: Path) -> None:
    source = written(tmp_path / "r.html", "zoo:vit-dense", *GRID, *SOME)
    page = Page(source)
    assert not page.stack and not page.crossed
    names = {name for _, attributes in page.elements for name in attributes}
    assert not names & {"src", "href", "srcset", "data", "action", "poster", "xlink:href", "background"}
    assert not {tag for tag, _ in page.elements} & {"img", "link", "iframe", "object", "base", "form"}
    assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttp|import\(", source)
    assert page.texts["script"] == [SCRIPT]
    assert [tag for tag, _ in page.elements].count("svg") == 5, "worst and map twice, gap where one is predicted"


def test_hostile_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    page = Page(written(tmp_path / "r.html", str(checkpoint(tmp_path)), "--mask", "2:4", "--format", "int4"))
    assert not page.stack and not page.crossed and page.texts["script"] == [SCRIPT]
    for name, cell in zip(map(one_line, HOSTILE), map(short, HOSTILE), strict=True):
        assert cell in page.texts["td"]
        assert labels([name])[0] in page.texts["text"]
        assert any(text.startswith(f"{name}: M open in ") for text in page.texts["title"])


def test_long_names_keep_what_tells_them_apart() -> None:
    names = [f"model.decoder.with.many.parts.layers.{i}.{'long_' * 12}{kind}.weight" for i in (0, 1) for kind in "qk"]
    shown = labels(names)
    assert len(set(shown)) == 4 and all(len(label) <= LONGEST for label in shown)
    assert all(label.startswith(f"…{i}.long_") for label, i in zip(shown, (0, 0, 1, 1), strict=True))
    assert all(label.endswith(f"_{kind}.weight") for label, kind in zip(shown, "qkqk", strict=True))
    assert labels(["a.b", "a.c"]) == ["a.b", "a.c"], "short names stay whole"
    assert labels(["w" * 100, f"{'w' * 100}.b"])[0].startswith("www"), (
        "a name that begins another is not cut to nothing"
    )


def test_every_tensor_has_its_own_field_in_the_map(tmp_path: Path) -> None:
    page = Page(written(tmp_path / "r.html", str(checkpoint(tmp_path)), "--mask", "2:4", "--format", "int4"))
    fields = [a for tag, a in page.elements if tag == "rect" and a.get("stroke") == "#999"]
    assert len(fields) == 3 * len(HOSTILE) == len({(a["x"], a["y"]) for a in fields})


def test_every_number_of_the_tables_is_that_of_order_and_predict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("zoo:vit-dense", "--mask", "2:4", "--format", "int4", *SOME)
    cells = Page(written(tmp_path / "r.html", *asked)).texts["td"]
    capsys.readouterr()
    assert main(["order", *asked, "--markdown"]) == 0 and main(["predict", *asked, "--norm", "2", "--tensors"]) == 0
    printed = capsys.readouterr().out.splitlines()
    lines = [line.strip("|").split("|") for line in printed if line.startswith(("| blocks", "| total"))]
    assert len(lines) == 9
    for line in lines:
        name, _, *numbers, _, _, _, _ = (cell.strip() for cell in line)
        at = cells.index(name)
        assert cells[at + 2 : at + 8] == numbers
        assert float(cells[at + 8]) == pytest.approx(float(numbers[5]) - float(numbers[2]), abs=2e-4)
    for line in [line for line in printed if line.startswith("blocks.")]:
        name, *numbers = line.split()
        at = len(cells) - 1 - cells[::-1].index(name)
        assert cells[at : at + 7] == [name, *numbers]


def test_one_and_two_workers_write_the_same_bytes(tmp_path: Path) -> None:
    asked = ("zoo:vit-dense", "--mask", "nm(2, 4, ties=random(rng))", "--format", "int4", *SOME)
    out = tmp_path / "r.html"
    alone = written(out, *asked)
    assert written(out, *asked, "--workers", "2", "--force") == alone
    assert written(out, *asked, "--seed", "4", "--force") != alone


def test_a_page_is_not_replaced_unasked_and_a_refusal_leaves_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r.html"
    asked = ["report", "zoo:vit-dense", "--format", "int4", *SOME, "-o", str(out)]
    assert main([*asked, "--mask", "3:5"]) == 3 and not out.exists()
    out.write_text("<html>mine")
    assert main([*asked, "--mask", "2:4"]) == 2 and out.read_text() == "<html>mine"
    assert "pass --force" in capsys.readouterr().err
    assert main([*asked, "--mask", "2:4", "--force"]) == 0 and out.read_text().startswith("<!DOCTYPE html>")


def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = Page(written(tmp_path / "r.html", "zoo:vit-dense", "--mask", "2:4", "--format", "int4", *SOME))
    made, recipe = page.texts["pre"]
    for line in recipe.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "sqtheory" and main(arguments) == 0
    before = (tmp_path / "r.html").read_bytes()
    (tmp_path / "r.html").unlink()
    assert main(shlex.split(made)[1:]) == 0 and (tmp_path / "r.html").read_bytes() == before


def test_without_a_prediction_the_page_says_why(tmp_path: Path) -> None:
    page = Page(written(tmp_path / "r.html", "zoo:vit-dense", "--mask", "50%", "--format", "hbfp4", *SOME))
    assert any(text.startswith("No prediction for 8 of 8 tensors: the prediction is for") for text in page.texts["li"])
    assert gap_scatter([]) == ""
    asked = ("zoo:vit-dense", "--mask", "2:4", "--format", "int4", "--no-prediction", *SOME)
    page = Page(written(tmp_path / "n.html", *asked))
    assert "No prediction for 8 of 8 tensors: left out (--no-prediction)." in page.texts["li"]
    assert "--no-prediction" in page.texts["pre"][0]
    page = Page(
        written(tmp_path / "i.html", "zoo:vit-dense", "--mask", "2:4", "--format", "int4", "--norm", "inf", *SOME)
    )
    assert any("p < ∞" in text for text in page.texts["li"])


def test_the_recipe_for_a_folder_writes_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net-3.1").mkdir()
    checkpoint(tmp_path).rename(tmp_path / "net-3.1" / "model.safetensors")
    monkeypatch.chdir(tmp_path)
    recipe = Page(written(Path("r.html"), "net-3.1", "--mask", "2:4", "--format", "int4")).texts["pre"][1]
    assert recipe.startswith("sqtheory apply net-3.1 net-3.1-sq --mask ")
    assert main(shlex.split(recipe.splitlines()[0])[1:]) == 0 and (tmp_path / "net-3.1-sq").is_dir()


def themes() -> list[dict[str, str]]:
    """The colours that the stylesheet names, of the light page and of the dark one."""
    return [dict(re.findall(r"--(\w+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)]


def test_type_and_figures_stand_out_from_the_light_and_the_dark_page() -> None:
    light, dark = themes()
    assert light.keys() == dark.keys() >= {"ink", "soft", "paper", "code", "stripe", "accent"}
    for theme in (light, dark):
        for behind in ("paper", "code", "stripe"):
            assert contrast(theme["ink"], theme[behind]) >= 7
        assert contrast(theme["soft"], theme["paper"]) >= 4.5
        for colour in (theme["accent"], *CHANNELS.values()):
            assert contrast(colour, theme["paper"]) >= 3
    assert not re.findall(r"#[0-9a-f]{3,6}\b", re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL).replace("#999", ""))


def test_type_and_lines_of_figures_have_the_colour_of_the_text_around_them(tmp_path: Path) -> None:
    page = Page(written(tmp_path / "r.html", "zoo:vit-dense", "--mask", "2:4", "--format", "int4", *SOME))
    drawn = {tag: [a for t, a in page.elements if t == tag] for tag in ("text", "line", "rect", "circle")}
    assert all(drawn.values())
    assert {a["fill"] for a in drawn["text"]} == {a["stroke"] for a in drawn["line"]} == {"currentColor"}
    filled = {a.get("fill") for tag in ("rect", "circle") for a in drawn[tag]}
    assert filled <= {"none", "currentColor", *CHANNELS.values()}
