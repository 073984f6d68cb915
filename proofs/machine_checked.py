"""The formal proofs: Coq files checked from nothing, and the axioms each theorem rests on."""

import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import final

FORMAL = Path(__file__).parent / "formal"
CLASSICAL_REALS = frozenset(
    {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
    }
)
"""The axioms under Coq's classical real numbers; a theorem may rest on these and on nothing else."""
UNPROVED = re.compile(r"\b(Admitted|admit|Axiom|Axioms|Parameter|Parameters|Conjecture)\b")
COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)
_DEFINED = re.compile(
    r"^\s*(?:Local\s+|Global\s+)?(?:Definition|Fixpoint|Inductive|Record|Theorem|Lemma|Corollary)\s+([\w']+)",
    re.MULTILINE,
)
_NOTATION = re.compile(r"^\s*(?:Local\s+|Global\s+)?(?:Notation|Infix|Coercion|Canonical)\b", re.MULTILINE)
HOW_TO_INSTALL = "coqc is absent (Debian: apt-get install --no-install-recommends coq)"


class ProofError(Exception):
    """A proof that does not check, or that rests on more than it may."""


@final
@dataclass(frozen=True)
class FormalStatement:
    """One theorem as Coq knows it: its file, its statement, its name, and the axioms its proof uses."""

    file: str
    statement: str
    name: str
    axioms: frozenset[str]


def files() -> list[str]:
    """The files in an order in which each needs only earlier ones, as ``_CoqProject`` lists them."""
    lines = (FORMAL / "_CoqProject").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip().endswith(".v")]


def source(file: str) -> str:
    """The text of a file without its comments. Raises ProofError if it leaves anything unproved."""
    text = COMMENT.sub(" ", (FORMAL / file).read_text(encoding="utf-8"))
    found = UNPROVED.search(text)
    if found:
        raise ProofError(f"{file} leaves something unproved: {found[0]}")
    return text


def statement(name: str) -> tuple[str, str]:
    """The file a theorem (or a list of theorems) is stated in and its statement, as written there."""
    proved = rf"^\s*(?:Theorem|Corollary|Lemma)\s+({name}\b.*?\.)\s+Proof\b"
    listed = rf"^\s*Definition\s+({name}\s*:=.*?\.)$"
    for file in files():
        for pattern in (proved, listed):
            found = re.search(pattern, source(file), re.DOTALL | re.MULTILINE)
            if found:
                return file, found[1]
    raise ProofError(f"no theorem {name} is stated")


def check_as_written(name: str) -> None:
    """Raise ProofError where Coq's theorem is not what its text says by itself.

    That is so in a section, whose hypotheses and variables become premises, and where a word of the development has two
    meanings, since the later definition or notation is the one that counts.
    """
    file, text = statement(name)
    before = COMMENT.sub("", source(file)).partition(text)[0]
    if len(re.findall(r"^\s*Section\s", before, re.MULTILINE)) > len(re.findall(r"^\s*End\s", before, re.MULTILINE)):
        raise ProofError(f"{name} stands in a section of {file}: what is assumed there is not in its text")
    defined = Counter(word for one in files() for word in _DEFINED.findall(COMMENT.sub("", source(one))))
    twice = sorted(word for word in set(re.findall(r"[\w']+", text)) if defined[word] > 1)
    if twice:
        raise ProofError(f"{name} speaks of {', '.join(twice)}, which is defined more than once")
    if any(_NOTATION.search(COMMENT.sub("", source(one))) for one in files()):
        raise ProofError("a notation of the development's own can change what a statement says")


def requires(*wanted: str) -> list[str]:
    """The files that these files need and they themselves, in an order in which they can be checked."""
    needed = set(wanted)
    for file in wanted:
        sentences = re.findall(r"^From sqtheory Require Import ([^.]+)\.", source(file), re.MULTILINE)
        needed.update(*(requires(f"{name}.v") for sentence in sentences for name in sentence.split()))
    return [file for file in files() if file in needed]


def compile_in(folder: str, file: str, text: str) -> str:
    """What coqc prints when it checks a file of this text. Raises ProofError if it is absent or refuses."""
    coqc = shutil.which("coqc")
    if coqc is None:
        raise ProofError(HOW_TO_INSTALL)
    Path(folder, file).write_text(text, encoding="utf-8")
    command = [coqc, "-q", "-Q", ".", "sqtheory", file]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        raise ProofError(f"{file}: {' '.join((run.stdout + run.stderr).split())}")
    return run.stdout


def check() -> tuple[list[FormalStatement], float]:
    """Check every file with coqc in a folder of its own; the theorems whose assumptions it prints, and the seconds.

    Raises ProofError if coqc is absent, refuses a file, or names an axiom beyond the classical reals.
    """
    started = time.monotonic()
    theorems: list[FormalStatement] = []
    with tempfile.TemporaryDirectory() as folder:
        for file in files():
            text = source(file)
            printed = axioms(compile_in(folder, file, text))
            names = re.findall(r"^Print Assumptions (\w+)\.", text, re.MULTILINE)
            if len(printed) != len(names):
                raise ProofError(
                    f"{file} asks for the assumptions of {len(names)} theorems, {len(printed)} were printed"
                )
            theorems += [
                FormalStatement(*statement(name), name, used) for name, used in zip(names, printed, strict=True)
            ]
    for theorem in theorems:
        refuse_more_than_the_reals(theorem)
    return theorems, time.monotonic() - started


def check_named(*names: str) -> list[FormalStatement]:
    """Check what these theorems need, once, and ask for the axioms each rests on. Raises ProofError as ``check``."""
    stated = [statement(name) for name in names]
    of = {file: file.removesuffix(".v") for file, _ in stated}
    with tempfile.TemporaryDirectory() as folder:
        for file in requires(*of):
            compile_in(folder, file, source(file))
        asked = "".join(f"Print Assumptions {name}.\n" for name in names)
        imports = "".join(f"From sqtheory Require Import {module}.\n" for module in of.values())
        printed = axioms(compile_in(folder, "Question.v", imports + asked))
    theorems = [FormalStatement(*said, name, used) for said, name, used in zip(stated, names, printed, strict=True)]
    for theorem in theorems:
        refuse_more_than_the_reals(theorem)
    return theorems


def refuse_more_than_the_reals(theorem: FormalStatement) -> None:
    """Raise ProofError if a theorem rests on an axiom beyond the classical reals."""
    beyond = theorem.axioms - CLASSICAL_REALS
    if beyond:
        raise ProofError(f"{theorem.name} rests on {', '.join(sorted(beyond))}")


def axioms(printed: str) -> list[frozenset[str]]:
    """The axioms that each ``Print Assumptions`` printed: one set for each, empty for a closed proof."""
    answers = re.split(r"^(?=Axioms:|Closed under the global context)", printed, flags=re.MULTILINE)[1:]
    names = re.compile(r"^([A-Za-z_][\w.']*)(?=\s|$)", re.MULTILINE)
    return [
        frozenset() if answer.startswith("Closed") else frozenset(names.findall(answer.removeprefix("Axioms:")))
        for answer in answers
    ]
