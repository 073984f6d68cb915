#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0
# Guess: sum and mean of narrow floats accumulate in float32, as numpy does for float16 and as dot does here.
# What happens: They accumulate in the type itself and stop where 1 is half a step: the mean of 1024 bfloat16 ones is
# 0.25, of 16 FP4 ones 0, of 16 int4 ones 0; dot is right.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> bfloat16 1024 ones: sum 256  mean 0.25  dot 1024
#> float8_e4m3fn 64 ones: sum 16  mean 0.25  dot 64
#> float8_e5m2 64 ones: sum 8  mean 0.125  dot 64
#> float4_e2m1fn 16 ones: sum 4  mean 0  dot 16
#> int4 16 ones: sum 0  mean 0  dot 16
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import ml_dtypes as m, numpy as np
for dtype, count in ((m.bfloat16, 1024), (m.float8_e4m3fn, 64), (m.float8_e5m2, 64), (m.float4_e2m1fn, 16), (m.int4, 16)):
    x = np.ones(count, dtype)
    print(np.dtype(dtype), count, "ones: sum", x.sum(), " mean", x.mean(), " dot", (x @ x).astype(int))
END
diff "$tmp/expected" "$tmp/seen"
