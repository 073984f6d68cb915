"""gfloat."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="gfloat",
    title="gfloat: block formats",
    modes=(
        Mode("mxfp4", "OCP MXFP4", format=exactly("mxfp(e2m1)", "gfloat:mxfp4_e2m1")),
        Mode("mxfp8", "OCP MXFP8, E4M3", format=exactly("mxfp(e4m3)", "gfloat:mxfp8_e4m3")),
        Mode("mxint8", "OCP MXINT8", format=exactly("mxint(8)", "gfloat:mxint8")),
        Mode("mxfp6", "OCP MXFP6, E2M3", format=exactly("mxfp(e2m3)", "gfloat:mxfp6_e2m3")),
        Mode("binary8p3se", "P3109, saturating", format=exactly("cast(binary8p3se)", "gfloat:k8p3_sat")),
        Mode("binary8p4se", "P3109, saturating", format=exactly("cast(binary8p4se)", "gfloat:k8p4_sat")),
        Mode("binary6p3se", "P3109, saturating", format=exactly("cast(binary6p3se)", "gfloat:k6p3_sat")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros are values like others"),
    sources=(Measured("gfloat", "0.5.2"),),
)
