"""The generated parts of README.md: ``python -m tests.readme`` rewrites them."""

import contextlib
import io
import re
import shlex
from pathlib import Path

from sqtheory.cli import main

README = Path(__file__).parents[1] / "README.md"
GENERATED = re.compile(r"(<!-- begin: sqtheory (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def printed(command: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(shlex.split(command)) == 0
    return out.getvalue()


def regenerated(text: str) -> str:
    return GENERATED.sub(lambda m: f"{m[1]}{printed(m[2])}{m[3]}", text)


if __name__ == "__main__":
    README.write_text(regenerated(README.read_text(encoding="utf-8")), encoding="utf-8")
