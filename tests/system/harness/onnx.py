"""Small ONNX files without any library, and changes of a large one: fields are only ever appended, which
Protocol Buffers take for more of the same message."""

FLOAT, FLOAT16 = 1, 10


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def metadata(**entries):
    """Fields to append to a file."""
    return b"".join(field(14, field(1, key) + field(2, value)) for key, value in entries.items())


def value_info(name, sides, element=FLOAT):
    """A side that is a text is left open under that name."""
    shape = b"".join(field(1, field(2, side) if isinstance(side, str) else field(1, side))
                     for side in sides)
    return field(1, name) + field(2, field(1, field(1, element) + field(2, shape)))


def node(operator, inputs, outputs, attributes=b""):
    return (b"".join(field(1, each) for each in inputs) + b"".join(field(2, each) for each in outputs)
            + field(3, f"the {operator}") + field(4, operator) + attributes)


def integers(name, *values):
    """An attribute."""
    return field(5, field(1, name) + b"".join(field(8, value) for value in values) + field(20, 7))


def graph(*nodes, inputs=(), outputs=(), initialisers=()):
    return field(7, b"".join(field(1, each) for each in nodes) + field(2, "graph")
                 + b"".join(field(5, each) for each in initialisers)
                 + b"".join(field(11, each) for each in inputs)
                 + b"".join(field(12, each) for each in outputs))


def model(*nodes, opset=12, **values):
    return field(1, 8) + graph(*nodes, **values) + field(8, field(2, opset))


def network(operator, sides=(1, 3, 64, 64), element=FLOAT, opset=12, attributes=b"",
            output=(1, 3, 16, 16)):
    """A file of one operator between a picture and an output."""
    return model(node(operator, ["images"], ["output0"], attributes), opset=opset,
                 inputs=[value_info("images", sides, element)], outputs=[value_info("output0", output)])
