"""The generated parts of README.md and of the documentation's pages: ``python -m tests.readme`` rewrites them."""

import contextlib
import io
import os
import re
import shlex
from pathlib import Path

from sqtheory.cli import main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "notebooks" / "docs"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
GENERATED = re.compile(r"(<!-- begin: sqtheory (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)")
"""A link to a file: its path, from the page that it stands on."""
PICTURE = "figure order_map --model zoo:lm-dense --style single --format png"
"""What drew the picture of README, notebooks/docs/order_map.png, and its data beside it."""


def pages() -> list[Path]:
    """README and every page of the documentation that is written by hand."""
    return [README, CONTRIBUTING, *sorted(DOCS.glob("*.md"))]


def printed(command: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(shlex.split(command)) == 0
    return out.getvalue()


def regenerated(page: Path) -> str:
    """The text of a page with what its commands print now; they name files from the root, pages from where they are."""
    up = os.path.relpath(ROOT, page.parent)

    def here(text: str) -> str:
        return text if up == "." else LINK.sub(lambda m: f"]({up}/{m[1]}{m[2] or ''})", text)

    return GENERATED.sub(lambda m: f"{m[1]}{here(printed(m[2]))}{m[3]}", page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for each in pages():
        each.write_text(regenerated(each), encoding="utf-8")
    printed(f"{PICTURE} --out {DOCS}")
