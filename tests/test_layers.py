"""The floors of the package: who may import whom, where each third-party import lives, and what no file may do."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import sqtheory
from sqtheory.proofs import proof

ROOT = Path(sqtheory.__file__).parent
PROOFS = Path(proof.__file__).parent
FLOORS: tuple[tuple[str, ...], ...] = (
    ("exceptions", "tex", "version"),
    ("arrays", "tables"),
    ("alphabet", "records"),
    ("arithmetic", "orders", "files"),
    ("execution", "theory"),
    ("compress", "methods", "models", "proofs", "strategies", "tools"),
    ("bench", "show"),
    ("api",),
    ("__init__", "cli"),
)
"""The ground and the wings of the package; each imports from lower floors only, and from no other on its own."""

ENTRY = "__main__"
"""What ``python -m sqtheory`` runs: it imports the command line and is imported by nothing."""
FLOOR_OF = {name: floor for floor, names in enumerate((*FLOORS, (ENTRY,))) for name in names}
ANYWHERE = ""
HOMES: dict[str, str | tuple[str, ...]] = {
    "numpy": ANYWHERE,
    "pandas": "tables.py",
    "safetensors": "files/checkpoints/safetensors.py",
    "gguf": "files/checkpoints/gguf.py",
    "onnx": "files/checkpoints/onnx",
    "matplotlib": "show/figures/",
    "tqdm": "cli/",
    "argcomplete": "cli/completion.py",
    "scipy": "theory/expectations/",
    "sympy": ("theory/claims.py", "theory/render.py", "theory/sides.py", "theory/theorem.py", "theory/theorems/"),
    "hypothesis": ("theory/decide/targeted.py", "strategies/"),
    "z3": "theory/decide/solver.py",
    "threadpoolctl": "models/evaluation/evaluating.py",
    "distributed": "execution/workers.py",
    "mpi4py": "execution/workers.py",
    "numba": ("alphabet/kernels/compiled", "arithmetic/compiled.py", "models/architectures/compiled.py"),
    "ml_dtypes": "bench/peers/ml_dtypes.py",
    "gfloat": "bench/peers/gfloat.py",
    "torch": "bench/peers/",
    "torchao": "bench/peers/torchao.py",
    "compressed_tensors": "bench/peers/compressed_tensors.py",
}
"""Each package that is not ours and the file or folder (or few) that imports it."""

NOWHERE = ("pickle",)
HEAVY = (
    *("scipy", "sympy", "matplotlib", "hypothesis", "onnx", "gguf"),
    *("z3", "dask", "distributed", "mpi4py", "numba", "pandas"),
    *("torch", "torchao", "compressed_tensors", "tqdm", "safetensors", "ml_dtypes", "pytest", "threadpoolctl"),
    "argcomplete",
)
LONGEST = 300
LOOKED_AT = (ast.Import, ast.ImportFrom, ast.Call, ast.ExceptHandler, ast.ClassDef)


@cache
def sources() -> dict[str, str]:
    return {f.relative_to(ROOT).as_posix(): f.read_text(encoding="utf-8") for f in sorted(ROOT.rglob("*.py"))}


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """Everything in a file that these tests look at, from the outermost in."""
    return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, LOOKED_AT))


def unit(file: str) -> str:
    """The entry of the table a file belongs to: its folder, or its own name."""
    return file.split("/")[0].removesuffix(".py")


def imports(source: str) -> Iterator[str]:
    """Full names of what is imported anywhere in a file; a name taken from a module of ours hangs on the module's."""
    for node in nodes(source):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            ours = module.split(".")[0] == "sqtheory"
            yield from (f"{module}.{alias.name}" if ours else module for alias in node.names)


def own(name: str, files: dict[str, str]) -> str:
    """The entry of the table that ``sqtheory.x.y`` belongs to; ``from sqtheory import name`` is the package itself."""
    first = name.split(".")[1] if "." in name else "__init__"
    known = f"{first}.py" in files or f"{first}/__init__.py" in files
    return first if known else "__init__"


def import_faults(file: str, source: str, files: dict[str, str]) -> list[str]:
    """What a file imports against the tables."""
    me, faults = unit(file), []
    if me not in FLOOR_OF:
        return [f"{file} is on no floor: add {me!r} to FLOORS in tests/test_layers.py, above all it imports"]
    for name in imports(source):
        top = name.split(".")[0]
        if not top:
            faults.append(f"{file} imports {name} relatively: write the full name")
        elif top == "sqtheory":
            other = own(name, files)
            below = FLOOR_OF.get(other, 99) < FLOOR_OF[me]
            if other != me and not below:
                faults.append(f"{file} (floor {FLOOR_OF[me]}) imports {other} (floor {FLOOR_OF.get(other, '?')})")
        elif top in NOWHERE:
            faults.append(f"{file} imports {top}, which has no place in the package")
        elif top in HOMES and not file.startswith(HOMES[top]):
            faults.append(f"{file} imports {top}, whose home is {HOMES[top]}")
        elif top not in HOMES and top not in sys.stdlib_module_names:
            faults.append(f"{file} imports {top}: give it one home in HOMES in tests/test_layers.py")
    return faults


def conduct_faults(file: str, source: str) -> list[str]:
    """Star imports, evaluated text, printing outside the command line, and length."""
    faults = []
    for node in nodes(source):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            faults.append(f"{file}:{node.lineno} imports *")
        if isinstance(node, ast.ImportFrom) and any(alias.name == "import_module" for alias in node.names):
            faults.append(f"{file}:{node.lineno} imports import_module")
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if called in ("eval", "exec", "compile", "__import__") or attribute == "import_module":
                faults.append(f"{file}:{node.lineno} calls {called or attribute}")
            if called == "print" and not file.startswith("cli/"):
                faults.append(f"{file}:{node.lineno} prints")
    lines = source.count("\n")
    if lines > LONGEST:
        faults.append(f"{file} has {lines} lines, more than {LONGEST}: make two files of it")
    return faults


def message_faults(file: str, source: str) -> list[str]:
    """Handlers that look for words in the message of what they caught: a kind of error says what it is."""
    faults = []
    for handler in (node for node in nodes(source) if isinstance(node, ast.ExceptHandler)):
        said = (f"str({handler.name})", f"repr({handler.name})", f"{handler.name}.args", f"{handler.name}.args[0]")
        for node in (node for part in handler.body for node in ast.walk(part)):
            read = (
                [ast.unparse(side) for side in (node.left, *node.comparators)] if isinstance(node, ast.Compare) else []
            )
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                words = node.func.attr in ("startswith", "endswith", "find", "index", "count")
                read = [ast.unparse(node.func.value)] if words else []
                if ast.unparse(node.func.value) == "re":
                    read = [ast.unparse(argument) for argument in node.args]
            if handler.name and set(read) & set(said):
                faults.append(f"{file}:{node.lineno} decides by the message of {handler.name}: give the error a class")
    return faults


def test_modules_import_from_lower_floors_and_packages_from_their_homes() -> None:
    faults = [fault for file, source in sources().items() for fault in import_faults(file, source, sources())]
    assert not faults, "\n".join(faults)


def test_no_file_evaluates_prints_or_grows_too_long() -> None:
    faults = [fault for file, source in sources().items() for fault in conduct_faults(file, source)]
    assert not faults, "\n".join(faults)


def test_no_handler_decides_by_a_message() -> None:
    everything = sources() | {f"proofs/{f.name}": f.read_text(encoding="utf-8") for f in PROOFS.glob("*.py")}
    faults = [fault for file, source in everything.items() for fault in message_faults(file, source)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "read",
    [
        'if "the law is for" in str(e):',
        'if str(e).startswith("the law"):',
        'if e.args[0] == "the law":',
        'if re.match("l", str(e)):',
    ],
)
def test_a_message_that_decides_is_seen(read: str) -> None:
    source = f"try:\n    f()\nexcept ValueError as e:\n    {read}\n        raise\n"
    assert message_faults("tables.py", source) == ["tables.py:4 decides by the message of e: give the error a class"]
    told = "try:\n    f()\nexcept ValueError as e:\n    if len(found) == 1:\n        raise TypeError(str(e)) from e"
    assert message_faults("tables.py", told) == []


def test_no_class_name_is_defined_twice() -> None:
    homes: dict[str, list[str]] = {}
    for file, source in sources().items():
        for node in nodes(source):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(file)
    assert not {name: files for name, files in homes.items() if len(files) > 1}


def test_the_tables_hold_nothing_that_is_gone() -> None:
    present = {unit(file) for file in sources()}
    assert set(FLOOR_OF) <= present, f"on a floor, but not in the package: {set(FLOOR_OF) - present}"
    assert present == set(FLOOR_OF) and sum(map(len, FLOORS)) == len(FLOOR_OF) - 1
    assert len(FLOOR_OF) <= 24 and len(FLOORS) <= 9


def test_imports_form_no_cycle() -> None:
    """File by file; imports inside functions and for type checkers count like all others."""
    files = sources()
    graph: dict[str, set[str]] = {}
    for file, source in files.items():
        graph[file] = set()
        for name in imports(source):
            paths = ["/".join(name.split(".")[1:end]) for end in (None, -1)] if name.startswith("sqtheory.") else []
            modules = (module for path in paths for module in (f"{path}.py", f"{path}/__init__.py"))
            target = next((module for module in modules if module in files), None)
            if target and target != file:
                graph[file].add(target)
    done: set[str] = set()

    def visit(file: str, trail: tuple[str, ...]) -> None:
        assert file not in trail, " → ".join((*trail[trail.index(file) :], file))
        if file not in done:
            for target in graph[file]:
                visit(target, (*trail, file))
            done.add(file)

    for file in graph:
        visit(file, ())
    assert len(done) == len(files)
    assert graph["orders/report.py"] >= {"orders/errors.py", "orders/applied.py"}


IMPORT_FAULTS = {
    "a new module": ("novelty.py", "import os", "is on no floor: add 'novelty' to FLOORS"),
    "a higher floor": ("arrays.py", "from sqtheory.orders.report import compare", "(floor 1) imports orders (floor 3)"),
    "a higher floor by name": ("alphabet/scores.py", "from sqtheory import orders", "imports orders (floor 3)"),
    "a wing beside": ("orders/errors.py", "from sqtheory.files import zoo", "imports files (floor 3)"),
    "inside a function": ("orders/errors.py", "def f():\n    import sqtheory.cli.options", "imports cli (floor 8)"),
    "the package itself": ("orders/grid.py", "from sqtheory import __version__", "imports __init__ (floor 8)"),
    "relatively": ("orders/grid.py", "from .errors import norm", "imports .errors relatively"),
    "torch": ("cli/order.py", "import torch.nn", "imports torch, whose home is bench/peers/"),
    "pickle": ("exceptions.py", "from pickle import loads", "imports pickle, which has no place"),
    "another home": (
        *("show/figures/style.py", "import safetensors.numpy"),
        "whose home is files/checkpoints/safetensors.py",
    ),
    "not at home": ("orders/grid.py", "from tqdm import tqdm", "whose home is cli/"),
    "no home": ("orders/errors.py", "import polars as pl", "give it one home in HOMES"),
}
CONDUCT_FAULTS = {
    "star": ("orders/errors.py", "from math import *", "orders/errors.py:1 imports *"),
    "eval": ("orders/errors.py", "x = 1\ny = eval('x')", "orders/errors.py:2 calls eval"),
    "exec": ("cli/demo.py", "exec('')", "calls exec"),
    "import by name": ("tables.py", "import importlib\nimportlib.import_module('os')", "calls import_module"),
    "import by a name of its own": ("tables.py", "from importlib import import_module", "imports import_module"),
    "print": ("orders/grid.py", "print(1)", "orders/grid.py:1 prints"),
    "length": ("orders/grid.py", "\n" * 301, "has 301 lines"),
}


@pytest.mark.parametrize("name", IMPORT_FAULTS)
def test_forbidden_imports_are_seen(name: str) -> None:
    file, source, message = IMPORT_FAULTS[name]
    (fault,) = import_faults(file, source, sources())
    assert message in fault


@pytest.mark.parametrize("name", CONDUCT_FAULTS)
def test_forbidden_conduct_is_seen(name: str) -> None:
    file, source, message = CONDUCT_FAULTS[name]
    (fault,) = conduct_faults(file, source)
    assert message in fault


def test_what_is_allowed_is_allowed() -> None:
    source = (
        "import numpy as np\nfrom sqtheory.alphabet.gains import gain\nfrom sqtheory.arrays import Array\nimport json"
    )
    assert import_faults("alphabet/ties.py", source, sources()) == []
    assert (
        import_faults("cli/demo.py", "from tqdm import tqdm\nfrom sqtheory.version import __version__", sources()) == []
    )
    assert (
        import_faults("files/checkpoints/npz.py", "from sqtheory.files.checkpoints.tensors import fill", sources())
        == []
    )
    assert conduct_faults("cli/demo.py", "print(1)\nre.compile('x')") == []


def loaded(statement: str) -> set[str]:
    """The top-level modules in memory after a statement, in a process of its own."""
    script = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(found.stdout)}


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import sqtheory; sqtheory.int_", set()),
        ("import sqtheory.alphabet.words, sqtheory.alphabet.catalogue, sqtheory.files.atomic", set()),
        ("import sqtheory.orders.grid, sqtheory.orders.batches, sqtheory.orders.assumptions", set()),
        ("import sqtheory.files.checkpoints, sqtheory.execution, sqtheory.files.inspection", {"safetensors"}),
        ("import sqtheory.cli; sqtheory.cli.parser()", set()),
    ],
)
def test_importing_the_package_loads_nothing_heavy(statement: str, allowed: set[str]) -> None:
    found = loaded(statement)
    assert {"sqtheory", "numpy"} <= found
    assert not found & set(HEAVY) - allowed


@pytest.mark.parametrize("statement", ["import sqtheory", "import sqtheory.cli.order", "import sqtheory.exceptions"])
def test_help_and_a_refusal_do_without_numpy(statement: str) -> None:
    assert not loaded(statement) & {"numpy", *HEAVY}


def test_a_heavy_import_would_be_seen() -> None:
    assert "safetensors" in loaded("import sqtheory.files.checkpoints")
