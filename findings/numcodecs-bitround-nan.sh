#!/usr/bin/env bash
# Packages: numpy==2.4.0 numcodecs==0.16.5
# Guess: BitRound shortens a mantissa by rounding and keeps a NaN a NaN.
# What happens: It adds to the bits of NaN as well: 0x7fffffff (the NaN that GPUs make) becomes -0.0, its negative
# 0.0, 0x7f800001 infinity; numpy's own NaN survives.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> in  ['0x7fc00000', '0x7fffffff', '0xffffffff', '0x7f800001'] [ True  True  True  True]
#> 1 ['0x7fc00000', '0x80000000', '0x0', '0x7f800000'] [nan -0.  0. inf]
#> 7 ['0x7fc00000', '0x80000000', '0x0', '0x7f800000'] [nan -0.  0. inf]
#> 22 ['0x7fc00000', '0x80000000', '0x0', '0x7f800000'] [nan -0.  0. inf]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 numcodecs==0.16.5
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np
from numcodecs import BitRound
codes = np.array([0x7FC00000, 0x7FFFFFFF, 0xFFFFFFFF, 0x7F800001], np.uint32)
x = codes.view(np.float32)
print("in ", [hex(c) for c in codes], np.isnan(x))
for bits in (1, 7, 22):
    y = BitRound(bits).decode(BitRound(bits).encode(x))
    print(bits, [hex(c) for c in y.view(np.uint32)], y)
END
diff "$tmp/expected" "$tmp/seen"
