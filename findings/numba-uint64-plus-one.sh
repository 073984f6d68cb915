#!/usr/bin/env bash
# Packages: numpy==2.4.0 numba==0.68.1
# Guess: Packed words stay integers: an array of uint64 plus or minus 1 is uint64, as in numpy 2.
# What happens: In numba the sum is float64 and the word is read as a signed one: x + 1 - 1 is negative and has lost
# its low bits.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> uint64 0x8123456789abcdef
#> float64 -0x7edcba9876543400
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 numba==0.68.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numba, numpy as np
def there_and_back(x):
    return x + 1 - 1
word = np.array([0x8123456789ABCDEF], np.uint64)
for f in (there_and_back, numba.njit(there_and_back)):
    y = f(word)
    print(y.dtype, hex(int(y[0])))
END
diff "$tmp/expected" "$tmp/seen"
