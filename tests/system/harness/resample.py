"""JPEGs with another chroma sampling, by libjpeg-turbo, which the detector needs anyway."""

import ctypes

RGB, QUALITY = 0, 95
SAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2, "grey": 3, "4:4:0": 4, "4:1:1": 5}  # enum TJSAMP


def resample(jpeg, sampling):
    """The same picture with its chroma like that."""
    library = ctypes.CDLL("libturbojpeg.so.0")
    for make in (library.tjInitDecompress, library.tjInitCompress):
        make.restype = ctypes.c_void_p
    decompressor = ctypes.c_void_p(library.tjInitDecompress())
    compressor = ctypes.c_void_p(library.tjInitCompress())
    width, height, unused = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    data, size = ctypes.POINTER(ctypes.c_ubyte)(), ctypes.c_ulong()
    try:
        assert library.tjDecompressHeader2(
            decompressor, jpeg, ctypes.c_ulong(len(jpeg)), ctypes.byref(width),
            ctypes.byref(height), ctypes.byref(unused)) == 0
        pixels = ctypes.create_string_buffer(width.value * height.value * 3)
        assert library.tjDecompress2(decompressor, jpeg, ctypes.c_ulong(len(jpeg)), pixels, width,
                                     0, height, RGB, 0) == 0
        assert library.tjCompress2(compressor, pixels, width, 0, height, RGB, ctypes.byref(data),
                                   ctypes.byref(size), SAMPLINGS[sampling], QUALITY, 0) == 0
        return ctypes.string_at(data, size.value)
    finally:
        library.tjFree(data)
        library.tjDestroy(decompressor)
        library.tjDestroy(compressor)
