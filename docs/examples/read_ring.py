#!/usr/bin/env python3
"""Takes COUNT new frames of a camera straight out of its ring; prints what is known of each and, if a
FOLDER is given, writes them there as CAMERA-NUMBER.jpg. Explained in docs/frame-ring.md.

    read_ring.py RUN_DIR CAMERA COUNT [FOLDER]
"""
import json
import mmap
import os
import select
import socket
import sys
import time


class Ring:
    def __init__(self, fd):
        self.memory = mmap.mmap(fd, os.fstat(fd).st_size, prot=mmap.PROT_READ)
        os.close(fd)
        self.words = memoryview(self.memory).cast("Q")  # word i is at byte 8 * i
        (version, size, self.banks, self.bank_size, self.stride, self.offset,
         self.generation) = self.words[1:8].tolist()
        if (self.memory[:8] != b"RINGCAST" or version != 1 or size != len(self.memory)
                or not 1 <= self.banks <= 16 or self.bank_size > self.stride
                or self.offset + self.banks * self.stride > size):
            raise ValueError("this is no ring of version 1")

    def read(self, last):
        """(number, info, JPEG) of the newest frame, or None: nothing newer than `last`, or overrun."""
        for _ in range(3):
            number = self.words[8]  # head
            if number == last:
                return None
            bank = number % self.banks
            slot = 16 + 16 * bank
            if self.words[slot] != number:  # the bank is being rewritten
                continue
            info = self.words[slot + 1:slot + 10].tolist()
            start = self.offset + bank * self.stride
            jpeg = self.memory[start:start + min(info[6], self.bank_size)]  # a copy
            if self.words[slot] == number:  # still: nothing was rewritten under our hands
                return number, info, jpeg
        return None


def main(run_dir, camera, count, folder=None):
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    directory = os.open(run_dir, os.O_PATH)  # a socket's address holds 107 bytes, a folder's more
    control.connect(f"/proc/self/fd/{directory}/capture.{camera}.sock")
    control.send(b'{"type":"attach"}')
    ring, bell, last, left = None, None, 0, int(count)
    while left > 0:
        ready = select.select([control] if bell is None else [control, bell], [], [])[0]
        if control in ready:
            packet, descriptors, _, _ = socket.recv_fds(control, 65536, 2)
            if not packet:
                sys.exit("the capture has ended")
            if json.loads(packet)["type"] == "ring":  # the first, or a larger one
                if bell is not None:
                    os.close(bell)
                ring, bell, last = Ring(descriptors[0]), descriptors[1], 0
        elif bell in ready:
            os.read(bell, 8)  # drain first, look then: no ring of the bell is lost
        frame = ring.read(last) if ring else None
        if frame:
            last, (captured_ns, *_, size, width, height), jpeg = frame
            age_ms = (time.monotonic_ns() - captured_ns) / 1e6
            print(f"{camera} {ring.generation} {last}: {width}x{height}, {size} bytes, {age_ms:.1f} ms",
                  flush=True)
            if folder:
                with open(os.path.join(folder, f"{camera}-{last}.jpg"), "wb") as file:
                    file.write(jpeg)
            left -= 1


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
