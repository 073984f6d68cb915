#!/usr/bin/env bash
# Packages: numpy==2.4.0
# Guess: Rounding a representable number to more decimals than it has returns it; rounding int8 to tens stays near it
# or saturates.
# What happens: round multiplies by a power of ten in the array's own type: float16 1000 to 3 decimals is inf, and
# int8 126 to tens is -126.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> [0.125   inf   inf]
#> [1.5 inf]
#> [ 120 -126  126]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np
print(np.round(np.array([0.125, 100, 1000], np.float16), 3))
print(np.round(np.array([1.5, 1e37], np.float32), 2))
print(np.round(np.array([124, 126, -126], np.int8), -1))
END
diff "$tmp/expected" "$tmp/seen"
