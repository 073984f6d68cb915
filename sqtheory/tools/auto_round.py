"""Intel's AutoRound, without tuning."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, nearly

TOOL = Tool(
    name="auto-round",
    title="AutoRound: rounding to nearest, without tuning",
    modes=(
        Mode(
            "sym",
            "4 bits in groups of 128",
            format=nearly(
                "int(4, block=128, scaling=stored(float16, signedmax))",
                "auto_round:int4_sym",
                833,
                12288,
                "of equal magnitudes the positive one goes to −8",
            ),
        ),
        Mode(
            "asym",
            "4 bits in groups of 128",
            format=nearly(
                "affine(4, stored=float16, block=128)",
                "auto_round:int4_asym",
                1132,
                12288,
                "these take the neighbouring code, most where the ends of a block are ± one number",
            ),
        ),
        Mode("mxfp4", "E2M1 per 32", format=exactly("mxfp(e2m1)", "auto_round:mxfp4")),
        Mode("mxfp8", "E4M3 per 32", format=exactly("mxfp(e4m3)", "auto_round:mxfp8")),
        Mode(
            "nvfp4",
            "E2M1 under E4M3 per 16",
            format=nearly("nvfp4()", "auto_round:nvfp4", 2172, 8192, "last bits, at most 2e−7 of an entry"),
        ),
        Mode("fp8", "E4M3 per output", format=exactly("scaled(e4m3, per=row)", "auto_round:fp8_row")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight stay, through tuning too"),
    sources=(Measured("auto-round", "0.16.1"),),
    surprises=("scales are clamped at 1e−5: of weights of that size 694 of 8192 survivors become 0",),
)
