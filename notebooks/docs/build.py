"""Build the documentation: ``python notebooks/docs/build.py``, then open build/docs/html/index.html.

Writes the generated pages beside the hand-written ones and copies of the notebooks, discharges every proof and
runs every notebook on the way, and hands all of it to Sphinx.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def write_sources(folder: Path) -> None:
    """Fill a fresh folder with everything that Sphinx reads."""
    sys.path.insert(0, str(HERE))
    from pages import pages

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in HERE.glob("*.png"):
        shutil.copy(path, folder)
    (folder / "notebooks").mkdir()
    for path in HERE.parent.glob("*.ipynb"):
        shutil.copy(path, folder / "notebooks")
    for name, text in pages():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Build, and return Sphinx's exit status: 1 if it so much as warns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "docs", metavar="DIR", help="default: build/docs")
    arguments = parser.parse_args(argv)
    try:
        from sphinx.cmd.build import build_main
    except ModuleNotFoundError:
        print("build.py: the documentation needs Sphinx: pip install '.[docs]'", file=sys.stderr)
        return 4
    os.environ.pop("MPLBACKEND", None)  # figures go into the pages
    os.environ.update(COLUMNS="80", NO_COLOR="1")  # the width of what --help prints
    sources, pages = arguments.out / "source", arguments.out / "html"
    write_sources(sources)
    options = ["--fail-on-warning", "--keep-going", "--fresh-env", "--quiet"]
    status = build_main([*options, "-c", str(HERE), "-d", str(arguments.out / "doctrees"), str(sources), str(pages)])
    if status == 0:
        print(pages / "index.html")
    return status


if __name__ == "__main__":
    sys.exit(main())
