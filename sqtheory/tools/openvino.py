"""Weights for OpenVINO, as NNCF compresses them."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, nearly

WHY = "these take the neighbouring code"

TOOL = Tool(
    name="openvino",
    title="OpenVINO: nncf.compress_weights",
    modes=(
        Mode(
            "INT4_SYM",
            "4 bits in groups of 32",
            format=nearly(
                "int(4, block=32, scaling=stored(float16, signedmax(minimum=true)))",
                "nncf:INT4_SYM",
                2048,
                10240,
                "an all-equal positive block becomes 0.875 of it there",
            ),
        ),
        Mode(
            "INT4_ASYM",
            "4 bits in groups",
            format=exactly("affine(4, added=before, stored=float16, block=32)", "nncf:INT4_ASYM"),
        ),
        Mode("MXFP4", "E2M1 per 32", format=exactly("mxfp(e2m1, scaling=rceil)", "nncf:MXFP4")),
        Mode(
            "INT8_SYM",
            "8 bits per output",
            format=nearly(
                "int(8, per=row, scaling=stored(float16, signedmax(minimum=true)))",
                "nncf:INT8_SYM",
                2061,
                10240,
                "an all-equal positive row becomes 127/128 of it there, and 13 entries take the neighbouring code",
            ),
        ),
        Mode(
            "NF4",
            "normal quantiles in groups of 32",
            format=nearly("nf4(block=32, scaling=stored(float16))", "nncf:NF4", 1, 10240, WHY),
        ),
        Mode("MXFP8_E4M3", "E4M3 per 32", format=nearly("mxfp(e4m3, scaling=rceil)", "nncf:MXFP8_E4M3", 6, 10240, WHY)),
        Mode(
            "FP8_E4M3",
            "E4M3 in groups of 32",
            format=nearly("scaled(e4m3, block=32, scaling=stored(float16))", "nncf:FP8_E4M3", 338, 10240, WHY),
        ),
        Mode(
            "FP4",
            "E2M1 in groups of 32",
            format=nearly("scaled(e2m1, block=32, scaling=stored(float16))", "nncf:FP4", 1, 10240, WHY),
        ),
        Mode(
            "NVFP4",
            "E2M1 under E4M3 per 16",
            format=nearly(
                "nvfp4()",
                "nncf:NVFP4",
                8690,
                10240,
                "values are up to 2.5e−4 smaller there, and some take the neighbouring code",
            ),
        ),
        Mode(
            "INT8_ASYM",
            "8 bits per output with a zero point",
            format=exactly("affine(8, stored=float16, per=row)", "nncf:INT8_ASYM"),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight stay, in all of 8 modes"),
    sources=(
        Measured("openvino", "2026.4.1"),
        Measured("nncf", "3.4.0"),
    ),
    surprises=("INT4_SYM is not odd: the maximum with its sign goes to −8",),
)
