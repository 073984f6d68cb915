"""The committed result tables: ``python -m tests.results FILE`` regenerates one by the command in its first line."""

import importlib.util
import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks" / "results"
NOTHING_KEPT = ("scaling", "hbfp")
"""Verbs that go on from nothing, but for trainings."""
BEGIN, END = "<!-- sqtheory ", " -->"


def command(file: Path) -> list[str]:
    """The arguments of ``sqtheory`` that printed a file."""
    first = file.read_text(encoding="utf-8").splitlines()[0]
    if not (first.startswith(BEGIN) and first.endswith(END)):
        raise ValueError(f"{file.name} does not begin with {BEGIN}…{END}")
    return shlex.split(first.removeprefix(BEGIN).removesuffix(END))


def located(arguments: list[str]) -> list[str]:
    """The same with whole paths for ``package/file``, models that ship in packages.

    Raises FileNotFoundError where a package is not installed.
    """
    return [str(_packaged(*word.split("/", 1))) if "/" in word else word for word in arguments]


def _packaged(package: str, file: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{file} is in the package {package}, which is not installed")
    return Path(spec.origin).parent / file


def regenerate(file: Path, kept: Path) -> None:
    """Run the command of a file in its folder, where figures go, and replace all but its first line."""
    arguments = command(file)
    resumes = ["--results", str(kept)] if arguments[0] not in NOTHING_KEPT or "training" in arguments else []
    call = [sys.executable, "-m", "sqtheory", *located(arguments), *resumes]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    printed = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True, cwd=FOLDER, env=environment).stdout
    file.write_text(f"{BEGIN}{shlex.join(arguments)}{END}\n{printed}", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        regenerate(Path(name), ROOT / ".results")
