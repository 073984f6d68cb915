from pathlib import Path

import pytest

from sqtheory.bench.builds import Build, spend

ROOT = Path(__file__).parents[2]


def test_a_process_is_waited_for_and_what_it_took_is_noted(tmp_path: Path) -> None:
    script = "import os, sys; x = b'0' * 2**25; print(os.getcwd(), os.environ['OMP_NUM_THREADS']); sys.exit('no\\nwhy')"
    cost = spend(["-c", script], ROOT, tmp_path)
    assert cost.status == 1 and cost.out.split() == [str(tmp_path), "1"] and cost.last == "why"
    assert cost.processor > 0 and cost.elapsed > 0 and cost.peak > 2**25


def test_packages_come_from_the_folder_of_the_build(tmp_path: Path) -> None:
    package = tmp_path / "sqtheory"
    package.mkdir()
    with pytest.raises(ValueError, match="holds no build of sqtheory"):
        Build.at(tmp_path)
    (package / "__main__.py").write_text("print('another')")
    (package / "__init__.py").touch()
    old = Build.at(tmp_path)
    assert old.old and spend(["-m", "sqtheory"], old.folder, tmp_path.parent).out == "another\n"
    here = Build.here()
    assert not here.old and here.folder == ROOT


def test_a_process_that_says_nothing_ends_with_its_status(tmp_path: Path) -> None:
    cost = spend(["-c", "import os; os._exit(7)"], ROOT, tmp_path)
    assert (cost.status, cost.out, cost.last) == (7, "", "exit status 7")


def test_a_system_that_does_not_tell_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.wait4")
    with pytest.raises(ValueError, match="does not tell what a process took"):
        spend(["-c", ""], ROOT, tmp_path)
