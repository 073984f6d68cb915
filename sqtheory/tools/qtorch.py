"""QPyTorch."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="qtorch",
    title="QPyTorch: number formats in torch",
    modes=(
        Mode(
            "block-8",
            "block_quantize, 8 bits, runs of 32",
            format=exactly("mxint(8, block=32, rounding=half_up)", "qtorch_quant:block_8_32"),
        ),
        Mode(
            "block-4",
            "block_quantize, 4 bits, runs of 32",
            format=exactly("mxint(4, block=32, rounding=half_up)", "qtorch_quant:block_4_32"),
        ),
        Mode(
            "float_4_3",
            "float_quantize, exponent and mantissa bits",
            format=exactly("cast(e4m3)", "qtorch_quant:float_4_3"),
        ),
        Mode(
            "float_5_2",
            "float_quantize, exponent and mantissa bits",
            format=exactly("cast(e5m2, rounding=half_away)", "qtorch_quant:float_5_2"),
        ),
        Mode(
            "float_2_1",
            "float_quantize, exponent and mantissa bits",
            format=exactly("cast(e2m1, rounding=half_away)", "qtorch_quant:float_2_1"),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros are values like others"),
    sources=(Measured("qtorch", "0.3.0"),),
)
