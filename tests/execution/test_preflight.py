"""What is refused before anything is computed, and that nothing else is."""

from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.exceptions import Indivisible, NonFinite
from sqtheory.execution.preflight import preflight
from sqtheory.files.checkpoints import open_checkpoint

OPERATORS = ("2:4", "nm(2, 4, axis=0)", "nm(2, 4, axis=2)", "nm(2, 4, tail=short)", "50%", "top(0.5, per=column)")
UNITS = ("blockwise(0.5, tile=(2, 2))", "top(2, block=4, axis=1)", "threshold(0.5)", "top(0.5, heads=3)")
FORMATS = ("int(4, block=3, tail=error)", "int(4, per=column)", "int4", "mxfp(e2m1, tile=(2, 2))", "hbfp(4, heads=2)")


@pytest.mark.parametrize("shape", [(4, 8), (3, 8), (6, 6), (8,), (2, 3, 4), (4, 3)])
@pytest.mark.parametrize("text", OPERATORS + UNITS + FORMATS)
def test_a_shape_is_refused_exactly_when_the_operator_refuses_its_tensors(text: str, shape: tuple[int, ...]) -> None:
    op = parse_as(Quantizer if text in FORMATS else Sparsifier, "operator", text)
    said = []
    for attempt in (lambda: op.check(shape), lambda: op(np.ones(shape))):
        try:
            attempt()
            said.append("")
        except (Indivisible, ValueError) as refusal:
            said.append(str(refusal))
    assert said[0] == said[1]


def checked(path: Path, mask: str, fmt: str, *, values: bool = True) -> None:
    with open_checkpoint(path) as checkpoint:
        s, q = parse_as(Sparsifier, "mask", mask), parse_as(Quantizer, "format", fmt)
        preflight(checkpoint, checkpoint.tensors, [s], [q], values=values)


def test_the_last_tensor_is_refused_first_of_all(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, a=np.full((4, 8), np.nan), b=np.ones((4, 6)))
    with pytest.raises(Indivisible, match="tensor 'b': axis 1 of length 6 is not a whole number of groups of 4"):
        checked(path, "2:4", "int4")
    with pytest.raises(NonFinite, match="tensor 'a': nan at"):
        checked(path, "50%", "int4")
    checked(path, "50%", "int4", values=False)


def test_a_format_that_overflows_is_refused_for_its_values(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, a=np.ones((4, 8)), b=np.full((4, 8), 1e6))
    with pytest.raises(NonFinite, match=r"tensor 'b': .*makes inf of entry"):
        checked(path, "2:4", "cast(float16, saturate=false)")
    checked(path, "2:4", "cast(bfloat16, saturate=false)")
    checked(path, "2:4", "cast(float16)")
