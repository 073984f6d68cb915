"""Every public name has an example that runs: in its docstring, or on the page of public names."""

import ast
import doctest
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sqtheory

PAGE = Path(__file__).parents[1] / "notebooks" / "docs" / "names.md"
LAZY = {
    *("Case", "decide", "open_checkpoint", "theorems"),
    *("apply", "inspect", "order", "predict", "report", "verify"),
}


def blocks() -> str:
    """What stands in the fences of the page, its lines where they are."""
    inside, kept = False, []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        fence = line.startswith("```")
        inside ^= fence
        kept.append(line if inside and not fence else "")
    return "\n".join(kept)


@pytest.mark.parametrize("name", sqtheory.__all__)
def test_every_public_name_has_an_example(name: str) -> None:
    value = getattr(sqtheory, name)
    documented = inspect.isclass(value) or inspect.isfunction(value)
    own = doctest.DocTestParser().get_examples(value.__doc__ or "") if documented else []
    assert own or re.search(rf"\b(sq|exceptions)\.{name}\b", blocks())


def test_the_page_of_names_prints_what_it_says() -> None:
    complaints: list[str] = []
    test = doctest.DocTestParser().get_doctest(blocks(), {}, PAGE.name, str(PAGE), 0)
    assert len(test.examples) > 30
    doctest.DocTestRunner().run(test, out=complaints.append)
    assert complaints == []


def test_what_is_loaded_on_first_use_is_there_and_nothing_else_is() -> None:
    assert (
        set(sqtheory.__all__) >= LAZY and not LAZY & vars(sqtheory).keys() and set(sqtheory.__all__) <= {*dir(sqtheory)}
    )
    space: dict[str, object] = {}
    exec("from sqtheory import *", space)
    assert space.keys() >= LAZY
    assert sqtheory.theorems.find("margin") is sqtheory.theorems.BY_SLUG["margin"]
    with pytest.raises(AttributeError, match="module 'sqtheory' has no attribute 'theorem'"):
        getattr(sqtheory, "theorem")  # noqa: B009


def test_every_name_is_what_type_checkers_take_it_for() -> None:
    """And each of them, and no other, is listed."""
    body = ast.parse(Path(sqtheory.__file__).read_text(encoding="utf-8")).body
    told = [n for part in body for n in (part.body if isinstance(part, ast.If) else [part])]
    homes = {alias.name: n.module for n in told if isinstance(n, ast.ImportFrom) for alias in n.names}
    for name in sqtheory.__all__:
        assert getattr(sqtheory, name) is getattr(sys.modules[str(homes[name])], name)
    assert homes.keys() - {"TYPE_CHECKING", "__version__"} == set(sqtheory.__all__)


def test_parts_of_the_package_are_there_without_being_imported() -> None:
    script = "import sqtheory as sq; print(sq.orders.__name__, sq.exceptions.about.__name__, sq.alphabet.formats.E2M1)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["sqtheory.orders", "about", "e2m1"]
