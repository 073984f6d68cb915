#!/usr/bin/env bash
# Packages: numpy==2.4.6 nncf==3.4.0 openvino==2026.4.1
# Guess: A block of one constant has its maximum in every entry, and INT4_SYM returns the entry of largest magnitude
# exactly (1 of the block 1, 0.5; -1 of the block -1, 0.5), for the scale's sign follows it.
# What happens: A block of one positive constant comes back as 7/8 of it: least and largest are equal, the scale is
# taken as for a negative maximum, and code 8 is clipped to 7. One entry below the maximum makes it exact.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> all 1:           [0.875 0.875]
#> all -1:          [-1. -1.]
#> 1 and 0.5:       [1.  0.5]
#> -1 and 0.5:      [-1.   0.5]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 nncf==3.4.0 openvino==2026.4.1
cd "$tmp"
# CI=true: no telemetry.
CI=true "$tmp/venv/bin/python" - 2>"$tmp/log" <<'END' | tee "$tmp/seen"
import contextlib, io, logging
import numpy as np, nncf, openvino
from openvino import opset13
logging.disable(logging.WARNING)
exactly = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
for name, block in (("all 1", [1, 1]), ("all -1", [-1, -1]), ("1 and 0.5", [1, 0.5]), ("-1 and 0.5", [-1, 0.5])):
    x = opset13.parameter([-1, 64], np.float32)
    product = opset13.matmul(x, opset13.constant(np.resize(np.float32(block), (8, 64))), False, True)
    model = openvino.Model([product], [x], "linear")
    with contextlib.redirect_stdout(io.StringIO()):
        model = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT4_SYM, group_size=32, all_layers=True)
    run = openvino.Core().compile_model(model, "CPU", exactly)
    print(f"{name + ':':<16}", run([np.eye(64, dtype=np.float32)])[0].T[0, :2])
END
diff "$tmp/expected" "$tmp/seen"
