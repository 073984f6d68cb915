#!/usr/bin/env bash
# Packages: numpy==2.4.0 netCDF4==1.7.5.1.post1 xarray==2026.9.0 pandas==3.1.1
# Guess: Every int8 and uint8 code is a value: symmetric INT8 codes -127 ... 127 come back, and two readers of one
# file agree.
# What happens: netCDF4 takes -127 (int8), 255 (uint8) and -32767 (int16), the default fill values, for missing; with
# a scale they are missing weights. xarray reads the numbers.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> int8 netCDF4 [-128, None, 127]  xarray [-128, -127, 127]
#> uint8 netCDF4 [0, None]  xarray [0, 255]
#> int16 netCDF4 [None, 32767]  xarray [-32767, 32767]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 netCDF4==1.7.5.1.post1 xarray==2026.9.0 pandas==3.1.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import netCDF4, numpy as np, xarray
for codes in (np.array([-128, -127, 127], np.int8), np.array([0, 255], np.uint8), np.array([-32767, 32767], np.int16)):
    with netCDF4.Dataset("w.nc", "w") as file:
        file.createDimension("n", len(codes))
        file.createVariable("w", codes.dtype, ("n",))[:] = codes
    with netCDF4.Dataset("w.nc") as file:
        read = file["w"][:]
    with xarray.open_dataset("w.nc") as data:
        print(codes.dtype, "netCDF4", read.tolist(), " xarray", data["w"].values.tolist())
END
diff "$tmp/expected" "$tmp/seen"
