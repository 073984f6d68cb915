#!/usr/bin/env bash
# Packages: numpy==2.4.0 numba==0.68.1
# Guess: A ufunc whose output overlaps its input gives the same in numba as in numpy, which promises to behave as if
# there were no overlap.
# What happens: numba makes no temporary copy for out= and for +=: the compiled difference becomes a running sum. A
# plain slice assignment is protected.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> add_out numpy [0. 1. 3. 5. 7. 9.]  numba [ 0.  1.  3.  6. 10. 15.]
#> add_in_place numpy [0. 1. 3. 5. 7. 9.]  numba [ 0.  1.  3.  6. 10. 15.]
#> shift numpy [0. 0. 1. 2. 3. 4.]  numba [0. 0. 1. 2. 3. 4.]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 numba==0.68.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numba, numpy as np
def add_out(a):
    np.add(a[1:], a[:-1], a[1:])
    return a
def add_in_place(a):
    a[1:] += a[:-1]
    return a
def shift(a):
    a[1:] = a[:-1]
    return a
for f in (add_out, add_in_place, shift):
    print(f.__name__, "numpy", f(np.arange(6.0)), " numba", numba.njit(f)(np.arange(6.0)))
END
diff "$tmp/expected" "$tmp/seen"
