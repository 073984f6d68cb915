#!/usr/bin/env bash
# Packages: numpy==2.4.0 zfpy==1.0.1
# Guess: With a tolerance of 0.5, integers come back exactly, and a tolerance of 0.01 keeps every error below 0.01.
# What happens: int32 codes change by up to 2 at tolerance 0.5. A block whose largest entry is 1e12 loses its entries
# of 1 whole at tolerance 0.01: the limit gives way to the range.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> tolerance 0.5  [ 7 -8  5  2  1  0 -3  6] -> [ 6 -8  4  2  0  0 -4  4]
#> tolerance 0.01 [1.e+12 1.e+00 1.e+00 1.e+00] -> [1.e+12 0.e+00 0.e+00 0.e+00]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 zfpy==1.0.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np, zfpy
codes = np.array([7, -8, 5, 2, 1, 0, -3, 6], np.int32)
read = zfpy.decompress_numpy(zfpy.compress_numpy(codes, tolerance=0.5))
print("tolerance 0.5 ", codes, "->", read)
w = np.array([1e12, 1, 1, 1], np.float32)
read = zfpy.decompress_numpy(zfpy.compress_numpy(w, tolerance=0.01))
print("tolerance 0.01", w, "->", read)
END
diff "$tmp/expected" "$tmp/seen"
