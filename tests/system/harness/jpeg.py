"""Tiny, valid, grey JPEGs without any library: every block is flat, so only its first DC coefficient
is coded. A comment in front makes each picture different and says which one it is."""

import struct

_CATEGORIES = bytes(range(12))


def _segment(marker, body):
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _scan(blocks, level):
    """Entropy-coded data: DC codes are 4 bits long and equal to their category, EOB is the bit 0."""
    category = abs(level).bit_length()
    amplitude = level if level >= 0 else level + (1 << category) - 1
    bits = f"{category:04b}" + (f"{amplitude:0{category}b}" if category else "") + "0"
    bits += "00000" * (blocks - 1)
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return data.replace(b"\xff", b"\xff\x00")


def grey_jpeg(number, width=64, height=48, comment_bytes=2000):
    """Picture `number`: its shade changes with the number."""
    blocks = ((width + 7) // 8) * ((height + 7) // 8)
    comment = f"picture {number} ".encode().ljust(comment_bytes, b".")
    return b"".join((
        b"\xff\xd8",
        _segment(0xFE, comment),
        _segment(0xDB, b"\x00" + b"\x10" * 64),
        _segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"),
        _segment(0xC4, b"\x00" + bytes((0, 0, 0, 12)) + bytes(12) + _CATEGORIES),
        _segment(0xC4, b"\x10" + bytes((1,)) + bytes(15) + b"\x00"),
        _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
        _scan(blocks, number * 7 % 100 - 50),
        b"\xff\xd9",
    ))


def write_clip(path, count=50, **picture):
    """A .mjpeg file of `count` different pictures."""
    path.write_bytes(b"".join(grey_jpeg(number, **picture) for number in range(1, count + 1)))
    return path


def picture_number(jpeg):
    """Which picture of write_clip() these bytes are."""
    start = jpeg.index(b"picture ") + len(b"picture ")
    return int(jpeg[start:jpeg.index(b" ", start)])
