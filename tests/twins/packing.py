"""Packed tensors decoded entry by entry from the words of the schema, with Python integers."""

import itertools
from functools import cache
from typing import Any

import numpy as np


def bits_of(raw: np.ndarray) -> str:
    """All bits of a stream, the lowest of every byte first."""
    return "".join(f"{int(byte):08b}"[::-1] for byte in raw)


def fields_of(raw: np.ndarray, k: int, count: int) -> list[int]:
    """The first fields of a stream."""
    bits = bits_of(raw)
    return [sum(int(bits[i * k + j]) << j for j in range(k)) for i in range(count)]


def level(fmt: dict[str, Any], code: int) -> float:
    """The number a code stands for, by the definition of its format."""
    if fmt["kind"] == "unsigned":
        return float(code)
    if fmt["kind"] == "integer":
        return float(code - (code >> (fmt["k"] - 1) << fmt["k"]))
    if fmt["kind"] == "codebook":
        return fmt["levels"][code]
    e, m = fmt["e"], fmt["m"]
    sign = -1.0 if fmt["signed"] and code >> (e + m) else 1.0
    exponent, fraction = code >> m & ((1 << e) - 1), code & ((1 << m) - 1)
    if exponent or not fmt["subnormals"]:
        return sign * (1 + fraction / 2**m) * 2.0 ** (exponent - fmt["bias"])
    return sign * fraction / 2**m * 2.0 ** (1 - fmt["bias"])


def boxes(shape: tuple[int, ...], sides: tuple[int, ...]) -> list[list[tuple[int, ...]]]:
    """The entries of every box; full boxes first, then those cut off at the end of an axis."""
    axes = []
    for n, c in zip(shape, sides, strict=True):
        starts = [range(i, i + c) for i in range(0, n - n % c, c)]
        axes.append([starts] * bool(starts) + [[range(n - n % c, n)]] * bool(n % c))
    found = []
    for region in itertools.product(*axes):
        found += [list(itertools.product(*box)) for box in itertools.product(*region)]
    return found


@cache
def patterns_of(m: int, n: int) -> list[tuple[int, ...]]:
    """All n of m places, those whose last place is least first."""
    return sorted(itertools.combinations(range(m), n), key=lambda places: places[::-1])


def survivors(schema: dict[str, Any], indices: np.ndarray) -> set[tuple[int, ...]]:
    """The entries that are kept."""
    shape, mask = tuple(schema["shape"]), schema["mask"]
    bits, at, kept = bits_of(indices), 0, set()
    groups = boxes(shape, tuple(mask["group"]))
    if mask["index"] == "bitmap":
        grid = [-(-n // c) for n, c in zip(shape, mask["group"], strict=True)]
        for bit, unit in enumerate(itertools.product(*map(range, grid))):
            if bits[bit] == "1":
                corner = [range(i * c, min(i * c + c, n)) for i, c, n in zip(unit, mask["group"], shape, strict=True)]
                kept |= set(itertools.product(*corner))
        return kept
    for group in groups:
        n = mask["budgets"][str(len(group))]
        if mask["index"] == "combination":
            patterns = patterns_of(len(group), n)
            k = (len(patterns) - 1).bit_length()
            chosen = patterns[int(bits[at : at + k][::-1] or "0", 2)]
        else:
            each = (len(group) - 1).bit_length()
            k = n * each
            chosen = tuple(int(bits[at + i * each : at + (i + 1) * each][::-1] or "0", 2) for i in range(n))
        at += k
        kept |= {group[i] for i in chosen}
    return kept


def beside(schema: dict[str, Any], arrays: dict[str, np.ndarray], number: int, block: tuple[int, ...]) -> Any:
    """What a code and a scale mean beside the offset of a block; over 4 where that is beyond the range."""
    real = np.float32 if schema["dtype"] == "F32" else np.float64
    rule, k = schema["offsets"], schema["format"]["k"]
    if rule["kind"] == "code":
        z = fields_of(arrays["offsets"], k, int(number) + 1)[-1]
        return lambda c, sigma: real(c - z) * sigma
    own = arrays["offsets"][block]
    offset = real(own if rule["numbers"]["kind"] == "signed" else level(rule["numbers"]["format"], int(own)))
    if rule["meaning"] == "zero":
        return lambda c, sigma: (real(c) - offset) * sigma
    less = 2 ** (k - 1) if rule["meaning"] == "middle" else 0

    def value(c: int, sigma: Any) -> Any:
        found = real(c - less) * sigma + offset
        return found if np.isfinite(found) else (real(c - less) * (sigma / 4) + offset / 4) * 4

    return value


def unpacked(schema: dict[str, Any], arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The values, one after the other."""
    real = np.float32 if schema["dtype"] == "F32" else np.float64
    shape, fmt, rule = tuple(schema["shape"]), schema["format"], schema["scales"]
    k = fmt.get("k") or (len(fmt["levels"]) - 1).bit_length() if fmt["kind"] != "float" else 0
    k = k or fmt["signed"] + fmt["e"] + fmt["m"]
    every = list(itertools.product(*map(range, shape)))
    kept = every if schema["mask"] is None else sorted(survivors(schema, arrays["indices"]))
    codes = fields_of(arrays["codes"], k, len(kept))
    grid = [-(-n // c) for n, c in zip(shape, schema["block"], strict=True)]
    out = np.zeros(shape, real)
    for place, code in zip(kept, codes, strict=True):
        block = tuple(i // c for i, c in zip(place, schema["block"], strict=True))
        if rule["kind"] == "none":
            sigma = real(1)
        elif rule["kind"] == "exponent":
            sigma = np.ldexp(real(1), int(arrays["scales"][block]) - rule["bias"])
        elif rule["kind"] in ("real", "signed"):
            sigma = real(arrays["scales"][block])
        elif rule["kind"] == "coded":
            sigma = real(level(rule["format"], int(arrays["scales"][block])))
        else:
            number = int(np.ravel_multi_index(block, grid)) if grid else 0
            own = rule["format"]
            width = own["signed"] + own["e"] + own["m"]
            s = real(level(own, fields_of(arrays["scales"].reshape(-1), width, number + 1)[number]))
            sigma = real(arrays["tensor_scale"][()]) * s
            if sigma == 0 and s > 0 and arrays["tensor_scale"] > 0:
                sigma = np.finfo(real).smallest_subnormal
        with np.errstate(over="ignore", invalid="ignore"):
            if schema.get("offsets") is None:
                product = real(level(fmt, code)) * sigma
            else:
                product = beside(schema, arrays, np.ravel_multi_index(block, grid) if grid else 0, block)(code, sigma)
        if np.signbit(sigma) and product == 0:
            product = real(0)
        out[place] = np.clip(product, -np.finfo(real).max, np.finfo(real).max)
    return out
