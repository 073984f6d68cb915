"""llama.cpp's C library."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly, missing, nearly

FITTED = "its scales are fitted by a search, and quantized themselves"
BACK = Observed(mixed=ZeroFate.lost, positive=ZeroFate.lost)

TOOL = Tool(
    name="ggml",
    title="ggml (llama.cpp): K-quants, IQ4, NVFP4, without an importance matrix",
    modes=(
        Mode("Q4_K", "4 bits, scales and minima of 6 bits", format=exactly("Q4_K", "ggml:Q4_K", BACK)),
        Mode("Q2_K", "2 bits", format=exactly("Q2_K", "ggml:Q2_K", BACK)),
        Mode("Q3_K", "3 bits, no minima", format=exactly("Q3_K", "ggml:Q3_K")),
        Mode("Q5_K", "5 bits", format=exactly("Q5_K", "ggml:Q5_K", BACK)),
        Mode("Q6_K", "6 bits, no minima", format=exactly("Q6_K", "ggml:Q6_K")),
        Mode("IQ4_NL", "16 levels, none of them 0", format=missing(FITTED, "ggml:IQ4_NL", BACK)),
        Mode("IQ4_XS", "the same, scales of 6 bits", format=missing(FITTED, "ggml:IQ4_XS", BACK)),
        Mode(
            "NVFP4",
            "E2M1 under E4M3 per 16",
            format=nearly(
                "scaled(e2m1, block=16, scaling=stored(e4m3, least=0.0), rounding=half_toward_zero)",
                "ggml:NVFP4",
                28,
                10240,
                "these take a neighbouring code where rows differ by powers of two",
            ),
        ),
    ),
    guard=OrderGuard(
        CanOrder.quantizes,
        "of 2:4 groups Q3_K and Q6_K leave 100 %, Q2_K, Q4_K, Q5_K less than 0.4 %, IQ4 none; "
        "masking Q4_K again lowers its error from 5.91 % to 5.37 %",
    ),
    sources=(Measured("xllamacpp", "2026.10.11549"),),
    surprises=(
        "IQ4 has no code for 0: every pruned entry comes back as ±1/127 of the range, of one-signed blocks too",
        "masking moves survivors: in Q4_K all, in Q3_K 88 %, in Q6_K 35 %",
        "Q6_K is odd, Q3_K is not: its codes are improved only where the first largest entry of 16 is negative",
    ),
)
