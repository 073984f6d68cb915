#!/usr/bin/env bash
# Packages: numpy==2.4.6 xllamacpp==2026.10.11549
# Guess: The scale of an NVFP4 block is the E4M3 number next to its maximum / 6: the block 6, 3, 1.5, 0 times 256, a
# number of E4M3, comes back exactly, as it does times 240 and times 448.
# What happens: In ggml's own quantizer the scales 256, 288, ..., 416 are never made: from 248 on the scale is 448, so
# that times 256 the largest entry errs by an eighth and times 384 by a sixth.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> times 240: scale 240, read [1440.  720.  360.    0.] / 240 = [6.  3.  1.5 0. ]
#> times 256: scale 448, read [1344.  672.  448.    0.] / 256 = [5.25  2.625 1.75  0.   ]
#> times 384: scale 448, read [2688. 1344.  672.    0.] / 384 = [7.   3.5  1.75 0.  ]
#> times 448: scale 448, read [2688. 1344.  672.    0.] / 448 = [6.  3.  1.5 0. ]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 xllamacpp==2026.10.11549
cd "$tmp"
"$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import ctypes, importlib.util, pathlib
import numpy as np
found = importlib.util.find_spec("xllamacpp")
ggml = ctypes.CDLL(str(pathlib.Path(found.origin).with_name("xllamacpp.abi3.so")))
pointer, long = ctypes.c_void_p, ctypes.c_int64
ggml.ggml_type_name.restype = ctypes.c_char_p
ggml.ggml_row_size.restype = ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
ggml.ggml_row_size.argtypes = [ctypes.c_int, long]
ggml.ggml_quantize_chunk.argtypes = [ctypes.c_int, pointer, pointer, long, long, long, pointer]
ggml.dequantize_row_nvfp4.argtypes, ggml.dequantize_row_nvfp4.restype = [pointer, pointer, long], None
kind = next(k for k in range(43) if ggml.ggml_type_name(k) == b"nvfp4")
for times in (240, 256, 384, 448):
    x = np.resize(np.float32([6, 3, 1.5, 0]), 64) * np.float32(times)
    packed, read = np.zeros(ggml.ggml_row_size(kind, 64), np.uint8), np.zeros_like(x)
    ggml.ggml_quantize_chunk(kind, x.ctypes.data, packed.ctypes.data, 0, 1, 64, None)
    ggml.dequantize_row_nvfp4(packed.ctypes.data, read.ctypes.data, 64)
    exponent, mantissa = divmod(int(packed[0]), 8)  # the block's scale in E4M3
    print(f"times {times}: scale {(8 + mantissa) * 2 ** (exponent - 10)}, read {read[:4]} / {times} = {read[:4] / times}")
END
diff "$tmp/expected" "$tmp/seen"
