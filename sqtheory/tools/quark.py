"""AMD Quark."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly, missing, nearly

TWO_LEVELS = "a second exponent of one bit for every two entries is shared beneath that of the block"

TOOL = Tool(
    name="quark",
    title="AMD Quark: weight specs of its torch part",
    modes=(
        Mode(
            "int4",
            "Int4PerGroupSpec, groups of 32, symmetric",
            format=exactly("int(4, block=32, scaling=reciprocal(midpoint))", "quark:int4_group"),
        ),
        Mode(
            "uint4",
            "Uint4PerGroupSpec, groups of 32, asymmetric",
            format=exactly("affine(4, block=32)", "quark:uint4_group"),
        ),
        Mode(
            "int8",
            "Int8PerChannelSpec, per output channel",
            format=exactly("int(8, per=row, scaling=reciprocal(midpoint))", "quark:int8_row"),
        ),
        Mode("fp8", "FP8E4M3PerChannelSpec", format=exactly("scaled(e4m3, per=row)", "quark:fp8_row")),
        Mode("mxfp4", "OCP_MXFP4Spec, even", format=exactly("mxfp(e2m1, scaling=even)", "quark:mxfp4")),
        Mode("mxfp4-floor", "the same, floor", format=exactly("mxfp(e2m1)", "quark:mxfp4_floor")),
        Mode("mxfp4-ceil", "the same, ceil", format=exactly("mxfp(e2m1, scaling=ceil)", "quark:mxfp4_ceil")),
        Mode("mxfp6", "OCP_MXFP6E2M3Spec, even", format=exactly("mxfp(e2m3, scaling=even)", "quark:mxfp6")),
        Mode("mxfp8", "OCP_MXFP8E4M3Spec, even", format=exactly("mxfp(e4m3, scaling=even)", "quark:mxfp8")),
        Mode("mxint8", "OCP_MXINT8Spec", format=exactly("mxint(8)", "quark:mxint8")),
        Mode(
            "amdfp4",
            "AmdFP4Spec: E2M1 per 16 under E5M3",
            format=exactly("scaled(e2m1, block=16, scaling=stored(binary8p4uf))", "quark:amdfp4"),
        ),
        Mode(
            "nvfp4",
            "FP4PerGroupSpec, scale_format e4m3",
            format=nearly("nvfp4()", "quark:nvfp4", 2215, 6144, "last bits, at most 1.4e−7 of the largest entry"),
        ),
        Mode("fp4", "FP4PerGroupSpec, E2M1 per 32", format=exactly("scaled(e2m1, block=32)", "quark:fp4_group")),
        Mode(
            "bfp16",
            "BFP16Spec, 8 bits per 8",
            format=exactly("scaled(int8full, block=8, scaling=floor)", "quark:bfp16"),
        ),
        Mode("int4-row", "Int4PerChannelSpec", format=exactly("int(4, per=row, scaling=midpoint)", "quark:int4_row")),
        Mode("uint4-row", "Uint4PerChannelSpec, asymmetric", format=exactly("affine(4, per=row)", "quark:uint4_row")),
        Mode(
            "uint4-float",
            "Uint4PerGroupSpec, its zero point in float32",
            format=missing(
                "codes are ρ(x/σ) + z cut to 0 … 15 for a real z: they are no integers, and 0 stays",
                "quark:uint4_group_float",
                Observed(ZeroFate.kept, ZeroFate.kept, ZeroFate.residue, odd=False),
                nearest="affine(4, block=32)",
                differ=327,
                of=6144,
            ),
        ),
        Mode(
            "mx6",
            "MX6Spec, blocks of 16",
            format=missing(
                TWO_LEVELS,
                "quark:mx6",
                Observed(ZeroFate.kept),
                nearest="mxint(5, block=16)",
                differ=1085,
                of=4096,
            ),
        ),
        Mode(
            "mx9",
            "MX9Spec, blocks of 16",
            format=missing(
                TWO_LEVELS,
                "quark:mx9",
                Observed(ZeroFate.kept),
                nearest="mxint(8, block=16)",
                differ=312,
                of=4096,
            ),
        ),
    ),
    guard=OrderGuard(
        CanOrder.quantizes,
        "zeros of a pruned weight stay; its own pruners remove channels and layers",
    ),
    sources=(Measured("amd-quark", "0.13"),),
    surprises=(
        "amax/7.5 makes every group maximum a midpoint, which the last bit of a reciprocal decides",
        "BFP16 has the code −128, so that −1.99 becomes −2, where OCP's MXINT8 has not",
        "with zero points in float32 the codes of its emulation are no integers, which no packing holds",
    ),
)
