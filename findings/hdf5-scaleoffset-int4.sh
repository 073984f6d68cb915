#!/usr/bin/env bash
# Packages: numpy==2.4.0 h5py==3.16.0
# Guess: HDF5's scale-offset filter with 4 bits stores the 16 codes of INT4 without loss, as it does the 16 codes of
# UINT4.
# What happens: One pattern is kept for the fill value 0: of the codes -8 ... 7 the 7 comes back as 0. For 0 ... 15 it
# fits, since 0 is the fill value itself.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> -8 ... 7: 1 changed: [7] -> [0]
#> 0 ... 15: 0 changed: [] -> []
#> -7 ... 7: 0 changed: [] -> []
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 h5py==3.16.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import h5py, numpy as np
for codes in (np.arange(-8, 8, dtype=np.int8), np.arange(16, dtype=np.uint8), np.arange(-7, 8, dtype=np.int8)):
    with h5py.File("w.h5", "w") as file:
        file.create_dataset("w", data=codes, chunks=codes.shape, scaleoffset=4)
    with h5py.File("w.h5") as file:
        read = file["w"][:]
    print(f"{codes[0]} ... {codes[-1]}: {np.count_nonzero(read != codes)} changed:", codes[read != codes], "->", read[read != codes])
END
diff "$tmp/expected" "$tmp/seen"
