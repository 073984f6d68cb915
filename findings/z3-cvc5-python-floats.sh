#!/usr/bin/env bash
# Packages: z3-solver==5.4.0.0 cvc5==1.4.2
# Guess: A float given to a solver for the reals stands for its exact value, above all a power of two such as the
# scale 2.0**-127.
# What happens: z3 takes the shortest decimal that names the float, a nearby number; cvc5's mkReal cannot read the
# float at all once Python writes it with an exponent.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> 2.0**-10: z3 can make it differ from 1/2**10: unsat; cvc5: (/ 1 1024)
#> 2.0**-20: z3 can make it differ from 1/2**20: unsat; cvc5: cannot construct Real or Int from string argument '9.5367431640625e-07'
#> 2.0**-24: z3 can make it differ from 1/2**24: sat; cvc5: cannot construct Real or Int from string argument '5.960464477539063e-08'
#> 2.0**-127: z3 can make it differ from 1/2**127: sat; cvc5: cannot construct Real or Int from string argument '5.877471754111438e-39'
#> 0.1 * 10 can differ from 1 (it does, exactly): unsat
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check z3-solver==5.4.0.0 cvc5==1.4.2
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import cvc5, z3
terms = cvc5.TermManager()
for e in (-10, -20, -24, -127):
    solver = z3.Solver()
    solver.add(z3.RealVal(2.0**e) != z3.RealVal(1) / z3.RealVal(2**-e))
    try:
        read = terms.mkReal(2.0**e)
    except RuntimeError as error:
        read = error
    print(f"2.0**{e}: z3 can make it differ from 1/2**{-e}: {solver.check()}; cvc5: {read}")
solver = z3.Solver()
solver.add(z3.RealVal(0.1) * 10 != 1)
print("0.1 * 10 can differ from 1 (it does, exactly):", solver.check())
END
diff "$tmp/expected" "$tmp/seen"
