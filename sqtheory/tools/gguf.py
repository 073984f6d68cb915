"""The Python package gguf."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly

TOOL = Tool(
    name="gguf",
    title="gguf (llama.cpp's Python package): simple types",
    modes=(
        Mode("Q4_0", "4 bits in blocks of 32", format=exactly("Q4_0", "gguf:Q4_0")),
        Mode(
            "Q4_1",
            "4 bits and a minimum",
            format=exactly(
                "affine(4, offset=float, reciprocal=true, stored=float16, block=32, rounding=half_away)",
                "gguf:Q4_1",
                seen=Observed(mixed=ZeroFate.lost, positive=ZeroFate.kept, negative=ZeroFate.residue),
            ),
        ),
        Mode("Q5_0", "5 bits", format=exactly("Q5_0", "gguf:Q5_0")),
        Mode(
            "Q5_1",
            "5 bits and a minimum",
            format=exactly(
                "affine(5, offset=float, reciprocal=true, stored=float16, block=32, rounding=half_away)",
                "gguf:Q5_1",
                seen=Observed(mixed=ZeroFate.lost, positive=ZeroFate.kept, negative=ZeroFate.residue),
            ),
        ),
        Mode("Q8_0", "8 bits", format=exactly("Q8_0", "gguf:Q8_0")),
        Mode(
            "MXFP4",
            "E2M1 under a power of two per 32",
            format=exactly("mxfp(e2m1, rounding=half_toward_zero)", "gguf:MXFP4"),
        ),
        Mode("TQ1_0", "ternary, per 256", format=exactly("TQ1_0", "gguf:TQ1_0")),
        Mode("TQ2_0", "ternary, per 256", format=exactly("TQ2_0", "gguf:TQ2_0")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "of 2:4 groups 100 % are left by Q4_0, Q5_0, Q8_0, MXFP4, and 0.23 % by Q4_1"),
    sources=(Measured("gguf", "0.19.0"),),
    surprises=(
        "Q4_0 takes (1, −1) to (1, −0.875): the first of the largest goes to −8",
        "Q4_1 brings back every zero of a block of both signs, up to 0.2 on normal blocks",
        "block maxima above about 5.2e5 give infinity and NaN, also where the weight is 0",
        "MXFP4 with a maximum just below a power of two takes the next binade",
    ),
)
