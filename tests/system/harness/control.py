"""A client of control sockets."""

import array
import json
import os
import socket
import time

PACKET_BYTES = 65536
DESCRIPTORS_MAX = 4


class Control:
    """One connection. `status` is the newest status that a capture has sent."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        self.status = None
        self.descriptors = []
        try:
            # A socket address holds about 100 bytes; the folder of a test may be longer.
            folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
            try:
                self.socket.connect(f"/proc/self/fd/{folder}/{path.name}")
            finally:
                os.close(folder)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []

    def send(self, type_, **fields):
        self.socket.send(json.dumps({"type": type_, **fields}).encode())

    def receive(self, timeout=5):
        """The next message; ConnectionError when the other side is gone."""
        self.socket.settimeout(timeout)
        packet, ancillary, _, _ = self.socket.recvmsg(
            PACKET_BYTES, socket.CMSG_SPACE(DESCRIPTORS_MAX * 4), socket.MSG_CMSG_CLOEXEC)
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                self.descriptors += array.array("i", data[:len(data) // 4 * 4])
        if not packet:
            raise ConnectionError("the control connection has ended")
        message = json.loads(packet)
        if message["type"] == "status":
            self.status = message
        return message

    def wait(self, wanted, timeout, what):
        """The first message for which `wanted(message)` is true."""
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            try:
                assert left > 0, ""
                message = self.receive(left)
            except (AssertionError, TimeoutError):
                raise AssertionError(
                    f"not within {timeout} s: {what}; newest status: {self.status}") from None
            if wanted(message):
                return message

    def ask(self, type_, timeout=5, **fields):
        self.send(type_, **fields)
        return self.wait(lambda message: message["type"] in (type_, "error"), timeout,
                         f"an answer to {type_}")

    def wait_state(self, state, timeout=10):
        """Until the camera's state is this one."""
        if self.status is None or self.status["state"] != state:
            self.wait(lambda message: message.get("state") == state, timeout, f"camera {state}")
        return self.status
