"""A browser as far as the pipeline can see it: a WebSocket that takes what comes."""

import json
import socket
import threading
import time

import websocket


class Viewer:
    """Watches in a thread of its own. Keeps the messages without their pictures, each with
    `at`, the monotonic second in which it came."""

    def __init__(self, url, path="/ws/viewer/detection?camera_id=CAM1", **options):
        self.changed = threading.Condition()
        self.messages = []
        self.closed = None
        self.socket = websocket.create_connection(url.replace("http", "ws", 1) + path, timeout=10,
                                                  **options)
        self.socket.settimeout(None)
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        reason = "ended"
        try:
            while True:
                text = self.socket.recv()
                if not text:
                    break
                self._take(text)
        except (OSError, websocket.WebSocketException) as error:
            reason = repr(error)
        with self.changed:
            self.closed = reason
            self.changed.notify_all()

    def _take(self, text):
        message = json.loads(text) if text[0] == "{" else {"type": text}
        if "frame" in message:
            message["frame_size"] = len(message.pop("frame"))
        message["at"] = time.monotonic()
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def frames(self, since=0.0):
        with self.changed:
            return [message for message in self.messages
                    if message["type"] == "frame" and message["at"] >= since]

    def wait(self, wanted, timeout, what):
        """The first message, past ones included, for which `wanted(message)` is true."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self.changed:
            while True:
                for message in self.messages[seen:]:
                    if wanted(message):
                        return message
                seen = len(self.messages)
                left = deadline - time.monotonic()
                assert self.closed is None, f"the viewer's connection has ended: {self.closed}"
                assert left > 0, f"not within {timeout} s: {what}"
                self.changed.wait(left)

    def wait_frame(self, since=0.0, timeout=10):
        return self.wait(lambda message: message["type"] == "frame" and message["at"] >= since,
                         timeout, "a frame")

    def close(self):
        """Ends the TCP connection as a closed tab does, without a word; the thread ends with it."""
        try:
            self.socket.sock.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            pass  # the other side has closed it already
        self.thread.join(5)
        self.socket.shutdown()
