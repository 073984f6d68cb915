#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0
# Guess: np.save treats all 8-bit floats of ml_dtypes alike, and np.load opens what np.save wrote.
# What happens: E4M3 comes back as raw bytes of type V1. E5M2 is written with the descriptor <f1, which np.load
# refuses: the file cannot be read.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> float8_e4m3fn -> |V1
#> float8_e8m0fnu -> |V1
#> float8_e5m2 -> descr is not a valid dtype descriptor: '<f1'
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import io
import ml_dtypes, numpy as np
for dtype in (ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e8m0fnu, ml_dtypes.float8_e5m2):
    stream = io.BytesIO()
    np.save(stream, np.ones(2, dtype))
    stream.seek(0)
    try:
        result = np.load(stream).dtype
    except ValueError as error:
        result = error
    print(np.dtype(dtype), "->", result)
END
diff "$tmp/expected" "$tmp/seen"
