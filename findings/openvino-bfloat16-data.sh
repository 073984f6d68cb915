#!/usr/bin/env bash
# Packages: numpy==2.4.0 openvino==2026.4.1
# Guess: `data` of a bfloat16 constant, an array of float16, holds the constant's values in float16.
# What happens: It holds the same 16 bits read as float16: 1.5 is shown as 1.9375 and 1e5 as 7.76. A Convert to f32
# shows the true values.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> type <Type: 'bfloat16'>  data float16 [ 1.875   1.9375 -2.125   7.76  ]  converted [ 1.000e+00  1.500e+00 -3.000e+00  9.984e+04]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 openvino==2026.4.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np, openvino
import openvino.opset15 as op
c = op.constant(np.array([1.0, 1.5, -3.0, 1e5], np.float32), dtype=openvino.Type.bf16)
back = openvino.Core().compile_model(openvino.Model([op.convert(c, "f32")], []), "CPU")
print("type", c.get_element_type(), " data", c.data.dtype, c.data, " converted", back([])[0])
END
diff "$tmp/expected" "$tmp/seen"
