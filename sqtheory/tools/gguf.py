"""The Python package gguf."""

from sqtheory.tools.tool import CanOrder, Kept, Measured, Mode, Observed, OrderGuard, Tool, missing, nearly

SIGNED = "its scale is the entry of largest magnitude over −2^(k−1), stored in float16, and codes round half up"
OFFSET = "it has a real offset besides the scale, both stored in float16"
SEEN = Observed(Kept.lost, Kept.kept, Kept.residue, odd=False)
ODD = Observed(Kept.kept, Kept.kept, Kept.kept, odd=True)

TOOL = Tool(
    name="gguf",
    title="gguf (llama.cpp's Python package): simple types",
    modes=(
        Mode("Q4_0", "4 bits in blocks of 32", format=missing(SIGNED, "gguf:Q4_0", ODD)),
        Mode("Q4_1", "4 bits and a minimum", format=missing(OFFSET, "gguf:Q4_1", SEEN)),
        Mode("Q5_0", "5 bits", format=missing(SIGNED, "gguf:Q5_0", ODD)),
        Mode("Q5_1", "5 bits and a minimum", format=missing(OFFSET, "gguf:Q5_1", SEEN)),
        Mode(
            "Q8_0",
            "8 bits",
            format=missing("its scale amax/127 is stored in float16 after codes are made", "gguf:Q8_0", ODD),
        ),
        Mode(
            "MXFP4",
            "E2M1 under a power of two per 32",
            format=nearly("mxfp(e2m1)", "gguf:MXFP4", 364, 14336, "it rounds half toward zero, here half to even"),
        ),
        Mode("TQ1_0", "ternary, per 256", format=missing("its scale amax is stored in float16", "gguf:TQ1_0", ODD)),
        Mode("TQ2_0", "ternary, per 256", format=missing("its scale amax is stored in float16", "gguf:TQ2_0", ODD)),
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
