"""The quantizer of GPTQ's official code."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="gptq",
    title="GPTQ's official quantizer, by plain rounding",
    modes=(
        Mode(
            "sym",
            "4 bits per row, symmetric",
            format=exactly("int(4, per=row, scaling=halfrange)", "gptq_official:sym_4"),
        ),
        Mode(
            "sym-group-32",
            "4 bits per 32, symmetric",
            format=exactly("int(4, block=32, scaling=halfrange)", "gptq_official:sym_4_block_32"),
        ),
        Mode("asym", "4 bits per row, asymmetric", format=exactly("affine(4, per=row)", "gptq_official:asym_4")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "its feedback refills pruned entries unless they are masked again"),
    sources=(Measured("IST-DASLab/gptq", "2d65066eeb06a5c9ff5184d8cebdf33662c67faf"),),
    surprises=("the symmetric rule halves the range on one-signed rows",),
)
