"""GPTQModel, the successor of AutoGPTQ."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="gptqmodel",
    title="GPTQModel: rounding to nearest (RTN), the grid of its GPTQ",
    modes=(
        Mode(
            "sym",
            "4 bits in groups of 128, symmetric",
            format=exactly("int(4, block=128, scaling=halfrange)", "gptqmodel:sym"),
        ),
        Mode(
            "asym",
            "4 bits in groups of 128 with a zero point",
            format=exactly("affine(4, block=128)", "gptqmodel:asym"),
        ),
        Mode(
            "sym-group-32",
            "4 bits in groups of 32, symmetric",
            format=exactly("int(4, block=32, scaling=halfrange)", "gptqmodel:sym_32"),
        ),
        Mode(
            "sym-8",
            "8 bits in groups of 128, symmetric",
            format=exactly("int(8, block=128, scaling=halfrange)", "gptqmodel:sym_8"),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight stay under RTN; GPTQ's feedback refills them"),
    sources=(Measured("gptqmodel", "7.7.0"),),
    surprises=(
        "a symmetric group without a negative entry saturates at half of its maximum: 27 % error, mirrored 11 %",
    ),
)
