"""The table of the documentation that says which layout holds which format, held to what the layouts do."""

from pathlib import Path

import numpy as np
import pytest

import sqtheory as sq
from sqtheory.exceptions import InputRefused
from sqtheory.files.code_layout import CodeLayout
from sqtheory.files.packing import FOLDERS, Packed, pack_image
from sqtheory.files.packing.gguf import blocks_of
from sqtheory.files.packing.matmul_nbits import blockwise
from sqtheory.tables import Table

PAGE = Path(__file__).parents[3] / "notebooks" / "docs" / "checkpoints.md"
MARK = "<!-- layouts -->\n"
FORMATS = (
    *("int(4, block=32)", "int(4, block=32, scaling=stored(float16))", "int(8, per=row, scaling=stored(float16))"),
    *("affine(4, block=32)", "affine(4, block=32, stored=float16)", "affine(8, per=row, stored=float16)"),
    *("Q4_0", "Q8_0", "Q4_1", "Q5_1", "TQ1_0", "affine(4, offset=edge, stored=float16)", "affine(4, offset=real)"),
    *("mxint8", "hbfp4", "mxfp4", "nvfp4", "scaled(e2m1, block=16, scaling=stored(e4m3))", "mxfp(e4m3)", "nf4"),
    "scaled(iq4, block=32, scaling=stored(float16))",
)
NO = "–"


def said_of(layout: CodeLayout, packed: Packed) -> str:
    """What the layout calls a tensor; a dash where it refuses it."""
    try:
        if layout is CodeLayout.gguf:
            return blocks_of(packed)[0]
        if layout is CodeLayout.onnx:
            return f"{blockwise(packed).bits} bits"
        folder = FOLDERS[layout]
        folder.parts(packed)
        scheme = folder.scheme_of(packed.schema)
        kind, bits = getattr(scheme, "layout", ""), getattr(scheme, "bits", 0)
        return kind or f"{bits} bits"
    except InputRefused:
        return NO


def table() -> str:
    """Each format on normals, of which every block has entries of both signs."""
    x = np.random.default_rng(0).normal(size=(64, 256)).astype(np.float32)
    layouts = [layout for layout in CodeLayout if layout is not CodeLayout.sqtheory]
    rows = []
    for fmt in FORMATS:
        packed = pack_image(x, sq.parse(fmt))
        bits = f"{float(packed.schema.bits_per_entry):.4g}"
        rows.append((f"`{fmt}`", bits, *(said_of(layout, packed) for layout in layouts)))
    return Table(("format", "`sqtheory`, bits", *(f"`{layout}`" for layout in layouts)), tuple(rows)).markdown()


def test_the_table_is_what_the_layouts_do() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(MARK) == 1
    assert text.split(MARK)[1].startswith(table().strip() + "\n"), table()


@pytest.mark.parametrize("layout", [layout for layout in CodeLayout if layout is not CodeLayout.sqtheory])
def test_every_layout_holds_something_and_lacks_something(layout: CodeLayout) -> None:
    x = np.random.default_rng(0).normal(size=(64, 256)).astype(np.float32)
    found = {said_of(layout, pack_image(x, sq.parse(fmt))) for fmt in FORMATS}
    assert NO in found and len(found) > 1
