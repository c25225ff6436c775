"""A viewer in a network namespace of its own, whose link can be set down. Takes root."""

import contextlib
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
NAMESPACE, OUTSIDE, INSIDE = "rc-away", "rc-away0", "rc-away1"
ADDRESS = "10.213.77.1"  # of this side

VIEWER = """
import socket
one = socket.create_connection(("{address}", {port}))
one.sendall((
    "GET /ws/viewer/detection?camera_id=CAM1 HTTP/1.1\\r\\nHost: {address}\\r\\nUpgrade: websocket\\r\\n"
    "Connection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n").encode())
print(one.recv(12), flush=True)
while data := one.recv(65536):
    if data[:1] == b"\\x89":  # a ping: a pong goes back
        one.sendall(b"\\x8a\\x80\\0\\0\\0\\0")
"""


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def own_network():
    """This thread, and what it starts, in a network of its own. A browser that runs beside drops what it loads
    when the network of the machine changes."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "no network of its own")
        try:
            ip("link", "set", "lo", "up")
            yield
        finally:
            assert libc.setns(before, CLONE_NEWNET) == 0
    finally:
        os.close(before)


class Away:
    """Watches CAM1 of a broadcaster that listens on every address, in own_network()."""

    def __init__(self, port):
        self.child = None
        try:
            ip("netns", "add", NAMESPACE)
            ip("link", "add", OUTSIDE, "type", "veth", "peer", "name", INSIDE, "netns", NAMESPACE)
            ip("addr", "add", f"{ADDRESS}/30", "dev", OUTSIDE)
            ip("link", "set", OUTSIDE, "up")
            ip("-n", NAMESPACE, "addr", "add", "10.213.77.2/30", "dev", INSIDE)
            ip("-n", NAMESPACE, "link", "set", INSIDE, "up")
            self.child = subprocess.Popen(
                ["ip", "netns", "exec", NAMESPACE, "python3", "-c",
                 VIEWER.format(address=ADDRESS, port=port)], stdout=subprocess.PIPE)
            assert b"101" in self.child.stdout.readline(), "it was not let in"
        except (AssertionError, OSError, subprocess.CalledProcessError):
            self.end()
            raise

    def vanish(self):
        """Without a word."""
        ip("-n", NAMESPACE, "link", "set", INSIDE, "down")

    def end(self):
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child.stdout.close()
        for words in ("netns", "del", NAMESPACE), ("link", "del", OUTSIDE):
            subprocess.run(["ip", *words], check=False, capture_output=True)
