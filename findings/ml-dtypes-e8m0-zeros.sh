#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0
# Guess: E8M0 has no zero, so np.zeros of it is NaN like zero converted to it, and the sum of the scales 1, 2 and 4 is
# 8 (7, rounded).
# What happens: np.zeros is 2^-127 and a converted zero NaN; np.pad writes NaN, np.eye 2^-127. The sum of scales is
# NaN, because it starts from 0; cumsum and max are not.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> zeros [5.87747e-39 5.87747e-39]  converted zeros [nan nan]
#> pad [nan 1 2 4 nan]  eye [1 5.87747e-39]
#> sum nan  mean nan  cumsum [1 4 8]  max 4
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import ml_dtypes, numpy as np
e8m0 = ml_dtypes.float8_e8m0fnu
x = np.array([1, 2, 4], e8m0)
print("zeros", np.zeros(2, e8m0), " converted zeros", np.zeros(2).astype(e8m0))
print("pad", np.pad(x, 1), " eye", np.eye(2, dtype=e8m0)[0])
print("sum", x.sum(), " mean", x.mean(), " cumsum", x.cumsum(), " max", x.max())
END
diff "$tmp/expected" "$tmp/seen"
