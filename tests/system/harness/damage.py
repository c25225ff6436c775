"""Bytes as broken clients and bad lines send them: the same ones for the same seed."""


def damage(chance, data):
    """Up to three bytes changed, runs doubled, runs left out."""
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(data))
        action = chance.randrange(3)
        if action == 0:
            data[at] = chance.randrange(256)
        elif action == 1:
            data[at:at] = data[at:at + chance.randrange(20)]
        else:
            del data[at:at + chance.randrange(1, 5)]
    return data
