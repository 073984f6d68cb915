#!/usr/bin/env bash
# Packages: numpy==2.4.0 scipy==1.17.1
# Guess: hb_read reads what hb_write wrote, float32 as well as float64 and whatever the exponent.
# What happens: The columns are too narrow: two negative float32 entries in a line, or one float64 entry of -2e-100,
# are written without a blank between and cannot be read back.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> float64 -> [[-1.5, 2.0], [0.0, 3.0]]
#> float32 -> [[-1.5, 2.0], [0.0, 3.0]]
#> float32, two negatives in line -> string or file could not be read to its end due to unmatched data
#> float64, one entry -2e-100 -> string or file could not be read to its end due to unmatched data
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 scipy==1.17.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np, scipy.io, scipy.sparse
w = np.array([[-1.5, 2.0], [0.0, 3.0]])
single = w.astype(np.float32)
tiny = np.where(w == 0, -2e-100, w)
for name, matrix in (("float64", w), ("float32", single), ("float32, two negatives in line", -abs(single)),
                     ("float64, one entry -2e-100", tiny)):
    scipy.io.hb_write("w.hb", scipy.sparse.csc_array(matrix))
    try:
        print(name, "->", scipy.io.hb_read("w.hb", spmatrix=False).toarray().tolist())
    except ValueError as error:
        print(name, "->", error)
END
diff "$tmp/expected" "$tmp/seen"
