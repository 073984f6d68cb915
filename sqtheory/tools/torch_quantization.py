"""torch.ao.quantization."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="torch-ao-quantization",
    title="torch.ao.quantization: dynamic and observed weights",
    modes=(
        Mode(
            "dynamic",
            "quantize_dynamic, qint8, one scale",
            format=exactly("int(8, per=tensor, scaling=reciprocal(midpoint))", "torch_observers:dynamic"),
        ),
        Mode(
            "sym-qint8",
            "MinMaxObserver, symmetric qint8",
            format=exactly("int(8, per=tensor, scaling=reciprocal(midpoint))", "torch_observers:sym_qint8"),
        ),
        Mode(
            "sym-qint8-rows",
            "PerChannelMinMaxObserver, symmetric qint8",
            format=exactly("int(8, per=row, scaling=reciprocal(midpoint))", "torch_observers:sym_qint8_rows"),
        ),
        Mode(
            "affine-quint8",
            "affine quint8, one scale",
            format=exactly("affine(8, per=tensor)", "torch_observers:affine_quint8"),
        ),
        Mode(
            "affine-quint8-rows",
            "affine quint8, per row",
            format=exactly("affine(8, per=row)", "torch_observers:affine_quint8_rows"),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight are values like others"),
    sources=(Measured("torch", "2.13.0+cpu"),),
)
