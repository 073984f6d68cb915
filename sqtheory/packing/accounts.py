"""The bits of packed tensors: those of theorem ``storage``, and those in the file."""

from collections.abc import Mapping

from sqtheory.packing.schema import Schema
from sqtheory.tables import Table, one_line


def bits_table(schemas: Mapping[str, Schema], nbytes: Mapping[str, int]) -> tuple[Table, str]:
    """A row for each tensor, and a sentence on all; ``nbytes`` are those of the arrays of each in the file."""
    rows = tuple(
        (
            one_line(name),
            "×".join(map(str, schema.shape)) or "scalar",
            one_line(schema.operator),
            f"{100 * schema.kept / max(schema.size, 1):.2f}",
            str(schema.bits),
            f"{float(schema.bits_per_entry):.6g}",
            f"{8 * nbytes[name] / max(schema.size, 1):.6g}",
        )
        for name, schema in schemas.items()
    )
    header = ("tensor", "shape", "operator", "kept %", "bits", "bits an entry", "in the file")
    size, bits = (max(1, sum(schema.size for schema in schemas.values())), sum(s.bits for s in schemas.values()))
    total = (
        f"{len(rows)} tensors, {size} entries: {bits / size:.6g} bits an entry by theorem storage, "
        f"{8 * sum(nbytes[name] for name in schemas) / size:.6g} in the file"
    )
    return Table(header, rows), total
