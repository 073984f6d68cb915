#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0
# Guess: A float64 just above a midpoint rounds up, and converting an array gives what converting its entry gives.
# What happens: Arrays go through float32 first, where the number becomes the midpoint and then rounds to even; the
# scalar constructor rounds once: 1 against 1.125.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> float8_e4m3fn 1.0625000000009095 : array 1  scalar 1.125
#> float8_e5m2 1.1250000000009095 : array 1  scalar 1.25
#> float6_e2m3fn 1.0625000000009095 : array 1  scalar 1.125
#> float4_e2m1fn 1.2500000000009095 : array 1  scalar 1.5
#> numpy's float16 1.0004882812509095 : array 1.001  scalar 1.001
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import ml_dtypes as m, numpy as np
for dtype, half_step in ((m.float8_e4m3fn, 2**-4), (m.float8_e5m2, 2**-3), (m.float6_e2m3fn, 2**-4), (m.float4_e2m1fn, 2**-2)):
    v = 1 + half_step + 2**-40
    print(np.dtype(dtype), v, ": array", np.array([v]).astype(dtype)[0], " scalar", dtype(v))
v = 1 + 2**-11 + 2**-40
print("numpy's float16", v, ": array", np.array([v]).astype(np.float16)[0], " scalar", np.float16(v))
END
diff "$tmp/expected" "$tmp/seen"
