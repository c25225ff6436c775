"""A viewer of pictures in binary: which frames it got, of which rendering, what was said beside them."""

import json
import socket
import threading
import time

import websocket

from .broadcaster import BINARY, decode_container


class DrawnViewer:
    """`rate`: it takes so many bytes a second, and its kernel keeps few for it."""

    def __init__(self, url, path, rate=None):
        options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)] if rate else []
        self.rate = rate
        self.changed = threading.Condition()
        self.frames, self.words = [], []
        self.socket = websocket.create_connection(
            url.replace("http", "ws", 1) + path, timeout=10, subprotocols=[BINARY], sockopt=options,
            skip_utf8_validation=True)
        self.socket.settimeout(None)
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        try:
            while message := self.socket.recv():
                self._take(message)
                if self.rate:
                    time.sleep(len(message) / self.rate)
        except (OSError, websocket.WebSocketException):
            pass

    def _take(self, message):
        with self.changed:
            if isinstance(message, str):
                self.words.append(json.loads(message) if message[0] == "{" else {"type": message})
            else:
                frame = decode_container(message)
                frame["size"] = len(frame.pop("jpeg"))
                frame["at"] = time.monotonic()
                self.frames.append(frame)
            self.changed.notify_all()

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def wait(self, wanted, timeout=20, what="a frame", since=0):
        """The first frame from the `since`-th on for which `wanted(frame)` is true."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                for frame in self.frames[since:]:
                    if wanted(frame):
                        return frame
                left = deadline - time.monotonic()
                assert left > 0, f"not within {timeout} s: {what}; words: {self.words}"
                self.changed.wait(left)

    def wait_more(self, count, timeout=20):
        """So many frames from now on."""
        with self.changed:
            target = len(self.frames) + count
            assert self.changed.wait_for(lambda: len(self.frames) >= target, timeout), \
                f"not {count} frames within {timeout} s; words: {self.words}"

    def wait_error(self, timeout=10):
        with self.changed:
            assert self.changed.wait_for(
                lambda: any(word["type"] == "error" for word in self.words), timeout), "no error"
            return next(word["message"] for word in self.words if word["type"] == "error")

    def close(self):
        try:
            self.socket.sock.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            pass
        self.thread.join(5)
        self.socket.shutdown()
