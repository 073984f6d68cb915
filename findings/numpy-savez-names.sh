#!/usr/bin/env bash
# Packages: numpy==2.4.0
# Guess: An archive saved with the tensors `w` and `w.npy` gives each array back under its own name; one named
# `allow_pickle` is an array like others.
# What happens: Both names read the array of `w`, though the other one is in the file. An array called allow_pickle is
# taken for an option and is not saved, without an error.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> {'w': [1], 'w.npy': [1]}
#> ['w.npy', 'w.npy.npy']
#> ['w']
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import io, zipfile
import numpy as np
def archive(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    stream.seek(0)
    return stream
stream = archive(**{"w": np.array([1]), "w.npy": np.array([2])})
read = np.load(stream)
print({name: read[name].tolist() for name in read.files})
print(zipfile.ZipFile(stream).namelist())
print(np.load(archive(w=np.array([1]), allow_pickle=np.array([3]))).files)
END
diff "$tmp/expected" "$tmp/seen"
