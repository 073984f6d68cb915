#!/usr/bin/env bash
# Packages: numpy==2.4.0 scipy==1.17.1 sparse==0.19.3 pyarrow==26.0.1
# Guess: Weights times a mask that keeps one half have one half of non-zeros in every sparse container; a pruned
# negative weight, -0.0, is a zero.
# What happens: sparse stores every -0.0, so it counts 3 of 4; pyarrow stores it for float16 in COO and CSR and for
# every type in CSF; scipy drops it.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> float16 {'numpy': 4, 'sparse': 6, 'SparseCOOTensor': 6, 'SparseCSRMatrix': 6, 'SparseCSFTensor': 6}
#> float32 {'numpy': 4, 'sparse': 6, 'SparseCOOTensor': 4, 'SparseCSRMatrix': 4, 'SparseCSFTensor': 6, 'scipy': 4}
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 scipy==1.17.1 sparse==0.19.3 pyarrow==26.0.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np, pyarrow as pa, scipy.sparse, sparse
w = np.array([[-4, 3, -2, 1], [4, -3, 2, -1]])
mask = np.array([[1, 1, 0, 0], [1, 1, 0, 0]])
for dtype in (np.float16, np.float32):
    x = w.astype(dtype) * mask.astype(dtype)
    found = {"numpy": int(np.count_nonzero(x)), "sparse": sparse.COO.from_numpy(x).nnz}
    for kind in (pa.SparseCOOTensor, pa.SparseCSRMatrix, pa.SparseCSFTensor):
        found[kind.__name__] = kind.from_dense_numpy(x).non_zero_length
    if dtype is np.float32:
        found["scipy"] = scipy.sparse.csr_array(x).nnz
    print(np.dtype(dtype), found)
END
diff "$tmp/expected" "$tmp/seen"
