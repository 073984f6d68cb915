"""Weights for OpenVINO, as NNCF compresses them."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, missing

TOOL = Tool(
    name="openvino",
    title="OpenVINO: nncf.compress_weights",
    modes=(
        Mode("INT4_SYM", "4 bits in groups", format=missing("its scale is the maximum with its sign over −8")),
        Mode("INT4_ASYM", "4 bits in groups", format=missing("it has an integer zero point besides the scale")),
        Mode("MXFP4", "E2M1 per 32", format=exactly("mxfp(e2m1, scaling=rceil)")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight stay, in all of 8 modes"),
    sources=(Measured("openvino", "2026.4.1"), Measured("nncf", "3.4.0")),
    surprises=("INT4_SYM is not odd: the maximum with its sign goes to −8",),
)
