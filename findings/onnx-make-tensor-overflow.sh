#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 onnx==1.23.2 onnx-ir==1.1.0
# Guess: Making an ONNX tensor of numbers gives the same bytes by onnx.helper.make_tensor, by numpy_helper.from_array
# and by onnx_ir.tensor.
# What happens: make_tensor saturates E4M3 (500 -> 448) and makes E8M0 of 0 2^-127; the other two make NaN of both.
# INT4 wraps in all three: 8 -> -8.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> FLOAT8E4M3FN [500.0, -1000000000.0] make_tensor [448 -448]  from_array [nan nan]  onnx_ir [nan nan]
#> FLOAT8E8M0 [0.0, 1.0] make_tensor [5.87747e-39 1]  from_array [nan 1]  onnx_ir [nan 1]
#> INT4 [8, -9] make_tensor [-8 7]  from_array [-8 7]  onnx_ir [-8 7]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0 onnx==1.23.2 onnx-ir==1.1.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import ml_dtypes, numpy as np, onnx, onnx_ir
from onnx import helper, numpy_helper
for name, dtype, values in (("FLOAT8E4M3FN", ml_dtypes.float8_e4m3fn, [500.0, -1e9]), ("FLOAT8E8M0", ml_dtypes.float8_e8m0fnu, [0.0, 1.0]),
                            ("INT4", ml_dtypes.int4, [8, -9])):
    kind = getattr(onnx.TensorProto, name)
    made = numpy_helper.to_array(helper.make_tensor("x", kind, [2], values))
    wrapped = numpy_helper.to_array(numpy_helper.from_array(np.array(values).astype(dtype)))
    ir = onnx_ir.tensor(values, dtype=onnx_ir.DataType[name]).numpy()
    print(name, values, "make_tensor", made, " from_array", wrapped, " onnx_ir", ir)
END
diff "$tmp/expected" "$tmp/seen"
