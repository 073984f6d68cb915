#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0
# Guess: E2M1, which has no NaN, takes one as its largest value, or refuses it; infinity is treated alike.
# What happens: NaN becomes -0.0, which then passes for a pruned weight, infinity becomes 6; in E2M3 and E3M2 the same.
# FP8 E4M3 turns both into NaN.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> float4_e2m1fn: nan -> -0.0, inf -> 6.0, -inf -> -6.0
#> float6_e2m3fn: nan -> -0.0, inf -> 7.5, -inf -> -7.5
#> float6_e3m2fn: nan -> -0.0, inf -> 28.0, -inf -> -28.0
#> float8_e4m3fn: nan -> nan, inf -> nan, -inf -> nan
#> zeros among ten weights with one NaN, as E2M1: 1
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import ml_dtypes
import numpy as np

x = np.array([np.nan, np.inf, -np.inf], np.float32)
for name in ("float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e4m3fn"):
    y = x.astype(getattr(ml_dtypes, name))
    print(f"{name}: nan -> {y[0]}, inf -> {y[1]}, -inf -> {y[2]}")
w = np.linspace(1, 2, 10, dtype=np.float32)
w[3] = np.nan
codes = w.astype(ml_dtypes.float4_e2m1fn)
print("zeros among ten weights with one NaN, as E2M1:", np.count_nonzero(codes.astype(np.float32) == 0))
END
diff "$tmp/expected" "$tmp/seen"
