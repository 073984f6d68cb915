"""Intel neural-compressor's round-to-nearest."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="neural-compressor-rtn",
    title="neural-compressor: round-to-nearest weights",
    modes=(
        Mode("sym", "4 bits in groups of 32", format=exactly("int(4, block=32)", "neural_compressor_rtn:sym")),
        Mode(
            "sym-full-range",
            "the maximum with its sign goes to −8",
            format=exactly("int(4, block=32, scaling=signedmax(minimum=true))", "neural_compressor_rtn:sym_full_range"),
        ),
        Mode("asym", "4 bits with a zero point", format=exactly("affine(4, block=32)", "neural_compressor_rtn:asym")),
        Mode("nf4", "dtype nf4", format=exactly("nf4(block=32)", "neural_compressor_rtn:nf4")),
        Mode(
            "fp4_e2m1",
            "dtype fp4_e2m1",
            format=exactly("scaled(fp4inc, block=32)", "neural_compressor_rtn:fp4_e2m1"),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight are values like others; its pruners are gone"),
    sources=(Measured("neural-compressor-pt", "3.10"),),
    surprises=("its fp4_e2m1 has 0.0625 where E2M1 has 0.5",),
)
