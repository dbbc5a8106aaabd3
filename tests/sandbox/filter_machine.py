"""A small interpreter of classic BPF, to ask a system-call filter what it would answer."""

from __future__ import annotations

import struct

__all__ = ["answer"]

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def answer(program: bytes, machine: str, number: int, arguments: tuple[int, ...] = ()) -> int:
    """Return the filter's verdict for one call; raises `AssertionError` when the program runs out of bounds."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=IIQ6Q", number, AUDIT[machine], 0, *padded)
    code = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    place = value = 0
    while True:
        assert place < len(code), "the program runs past its end"
        what, skip_true, skip_false, k = code[place]
        place += 1
        if what == 0x20:
            value = struct.unpack_from("=I", data, k)[0]
        elif what == 0x54:
            value &= k
        elif what == 0x06:
            return int(k)
        else:
            tests = {0x15: value == k, 0x25: value > k, 0x35: value >= k, 0x45: bool(value & k)}
            place += skip_true if tests[what] else skip_false
