#!/usr/bin/env bash
# Packages: numpy==2.4.0 blosc2==4.14.1
# Guess: The lossy filter TRUNC_PREC changes every array that is compressed with it alike, and clevel changes the size
# only.
# What happens: Arrays of fewer than 32 bytes or so and everything at clevel=0 are stored as they are: the same eight
# weights differ by the array they stand in.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> 8 weights, clevel 5: 0 changed, first 0.1
#> 1000 weights, clevel 5: 1000 changed, first 0.09375
#> 1000 weights, clevel 0: 0 changed, first 0.1
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 blosc2==4.14.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import blosc2, numpy as np
w = np.linspace(0.1, 0.9, 1000).astype(np.float32)
for count, level in ((8, 5), (1000, 5), (1000, 0)):
    settings = blosc2.CParams(clevel=level, filters=[blosc2.Filter.TRUNC_PREC], filters_meta=[2])
    read = blosc2.asarray(w[:count].copy(), cparams=settings)[:]
    print(f"{count} weights, clevel {level}: {np.count_nonzero(read != w[:count])} changed, first", read[0])
END
diff "$tmp/expected" "$tmp/seen"
