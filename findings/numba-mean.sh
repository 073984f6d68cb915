#!/usr/bin/env bash
# Packages: numpy==2.4.0 numba==0.68.1
# Guess: numba's np.mean of float32 gives what numpy gives: the mean of ones is 1.
# What happens: numba sums one by one in float32, numpy pairwise: 2^25 ones sum to 2^24 in numba and their mean is
# 0.5.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> numpy 3.3554432e+07 1.0
#> numba 16777216.0 0.5
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 numba==0.68.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numba, numpy as np
@numba.njit
def compiled(x):
    return np.sum(x), np.mean(x)
x = np.ones(2**25, np.float32)
print("numpy", np.sum(x), np.mean(x))
print("numba", *compiled(x))
END
diff "$tmp/expected" "$tmp/seen"
