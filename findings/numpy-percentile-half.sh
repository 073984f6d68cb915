#!/usr/bin/env bash
# Packages: numpy==2.4.0
# Guess: The 50th percentile is the median, so a threshold at the 50th percentile of float16 weights is finite.
# What happens: percentile subtracts the neighbours in float16: with finite weights of both signs it is -inf, and of
# the same weights the median is 0.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> median 0.0  percentile -inf  quantile -inf
#> 25th percentile inf  in float32 -30000.0
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np
w = np.array([-60000, 60000], np.float16)
print("median", np.median(w), " percentile", np.percentile(w, 50), " quantile", np.quantile(w, 0.5))
print("25th percentile", np.percentile(w, 25), " in float32", np.percentile(w.astype(np.float32), 25))
END
diff "$tmp/expected" "$tmp/seen"
