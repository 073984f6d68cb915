"""A page in a browser, where there is one: the script runs under its policy and sorts; nothing is complained about."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sqtheory.cli import main
from tests.show.page.material import Page, checkpoint

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr")
CLICK = (
    '<script>const head = document.querySelectorAll(".sortable th")[{0}]; head.click(); head.click();</script></body>'
)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


DARK = "--blink-settings=preferredColorScheme=0"
SEEN = """<script>
const table = document.querySelector(".summary table"), ink = getComputedStyle(document.querySelector("svg text")).fill;
document.title = [innerWidth, table.getBoundingClientRect().right, table.parentNode.scrollWidth -
  table.parentNode.clientWidth, getComputedStyle(document.body).backgroundColor, ink].join(";");
</script></body>"""


def browse(address: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    call = [BROWSER, *QUIET, *options, f"--user-data-dir={folder}/home", "--dump-dom", address]
    return subprocess.run(call, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module", autouse=True)
def _browser(tmp_path_factory: pytest.TempPathFactory) -> None:
    if BROWSER is None:
        pytest.skip("needs Chromium")
    if browse("about:blank", tmp_path_factory.mktemp("browser")).returncode:
        pytest.skip("Chromium does not start here: it needs more address space than a limit leaves")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    asked = [
        "report",
        str(checkpoint(folder)),
        "--mask",
        "2:4",
        "--format",
        "int4",
        "--format",
        "int8",
        "--format",
        "int2",
    ]
    assert main([*asked, "-o", str(folder / "r.html")]) == 0
    return (folder / "r.html").read_text(encoding="utf-8")


def opened(source: str, folder: Path, *options: str) -> tuple[Page, str]:
    """The page after its script ran, and what the browser said on its console."""
    (folder / "page.html").write_text(source, encoding="utf-8")
    run = browse((folder / "page.html").as_uri(), folder, *options)
    assert run.returncode == 0, run.stderr
    return Page(run.stdout), "\n".join(line for line in run.stderr.splitlines() if "CONSOLE" in line)


def heads(page: Page) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in page.elements if tag == "th"]


def test_the_script_runs_under_the_policy_and_nothing_is_complained_about(source: str, tmp_path: Path) -> None:
    assert not any("tabindex" in attributes for attributes in heads(Page(source)))
    page, said = opened(source, tmp_path)
    assert sum("tabindex" in attributes for attributes in heads(page)) > 30 and said == ""


def test_another_script_does_not_run(source: str, tmp_path: Path) -> None:
    page, said = opened(source.replace("</body>", CLICK.format(1)), tmp_path)
    assert not any("aria-sort" in attributes for attributes in heads(page))
    assert "Content Security Policy" in said


@pytest.mark.parametrize(
    ("column", "order"), [(1, ["int(2)", "int(4)", "int(8)"]), (3, ["int(8)", "int(4)", "int(2)"])]
)
def test_a_second_click_sorts_upwards(column: int, order: list[str], source: str, tmp_path: Path) -> None:
    """By the spelling of the format, and by its error."""
    page, _ = opened(POLICY.sub("", source).replace("</body>", CLICK.format(column)), tmp_path)
    assert [cell for cell in page.texts["td"] if cell.startswith("int(")][:3] == order
    assert heads(page)[column]["aria-sort"] == "ascending"


def seen(source: str, folder: Path, *options: str) -> list[str]:
    """Width of the window, right edge of the summary, by how much it is too wide, colours of the page and of type."""
    made = POLICY.sub("", source).replace("</body>", SEEN)
    page, _ = opened(made, folder, "--window-size=1200,900", *options)
    return page.texts["title"][0].split(";")


def test_the_summary_is_inside_a_window_of_1200_pixels(source: str, tmp_path: Path) -> None:
    spelled = "nm(2, 4, score=gain(int(4, block=32, scaling=halfrange), 2), ties=high)"
    cell = '<td style="text-align:left">nm(2, 4)</td>'
    assert cell in source
    for page in (source, source.replace(cell, cell.replace("nm(2, 4)", spelled))):
        width, right, excess, *_ = seen(page, tmp_path)
        assert width == "1200" and float(right) <= 1200 and excess == "0"


def test_the_page_is_dark_where_the_reader_asks_for_it(source: str, tmp_path: Path) -> None:
    *_, paper, ink = seen(source, tmp_path)
    assert (paper, ink) == ("rgb(255, 255, 255)", "rgb(26, 26, 26)")
    *_, paper, ink = seen(source, tmp_path, DARK)
    assert (paper, ink) == ("rgb(21, 23, 26)", "rgb(230, 230, 230)")
