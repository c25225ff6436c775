"""A viewer on any of the three paths, message by message."""

import base64
import json
import time
from urllib.parse import urlencode

import websocket

from .broadcaster import decode_container

VIEWER = "/ws/viewer/detection"
RAW = "/ws/stream/raw"
DETECT = "/ws/stream/detect"


class StreamViewer:
    """Messages as dictionaries: binary frames are {"type": "binary", "jpeg", "camera", …}, bare words
    {"type": "pong"}."""

    def __init__(self, server, path, subprotocols=None, timeout=10, sockopt=None, **query):
        self.socket = websocket.create_connection(
            f"ws://127.0.0.1:{server.port}{path}?{urlencode(query)}", timeout=timeout,
            subprotocols=subprotocols, sockopt=sockopt, skip_utf8_validation=True)

    def next(self):
        message = self.socket.recv()
        if isinstance(message, bytes):
            return {"type": "binary", "flags": message[5], **decode_container(message)}
        return json.loads(message) if message.startswith("{") else {"type": message}

    def until(self, *types):
        """The next message of one of these types, others skipped."""
        while (message := self.next())["type"] not in types:
            pass
        return message

    def frames_until(self, number):
        """Binary frames up to this number of the camera's; the first beyond it is not among them."""
        frames = []
        while (frame := self.until("binary"))["number"] <= number:
            frames.append(frame)
        return frames

    def count(self, seconds, *types):
        """The messages of these types that come within so many seconds."""
        heard, end = [], time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                message = self.next()
            except websocket.WebSocketTimeoutException:
                break
            heard += [message] if message["type"] in types else []
        self.socket.settimeout(10)
        return heard

    def say(self, type_, **fields):
        self.socket.send(json.dumps({"type": type_, **fields}))

    def settled(self):
        """All that was said has been done: the answer to a ping came behind it."""
        self.say("ping", t=1)
        return self.until("pong")

    def close(self):
        self.socket.close()


def paced(frames, fps):
    """How many of these frames a pace lets through that came when these were sent: the next is due one interval
    after the last was, and the pace is never more than one interval behind."""
    interval_ns, due_ns, count = 1e9 / fps, 0, 0
    for frame in frames:
        if frame["sent"] >= due_ns:
            count += 1
            due_ns = max((due_ns or frame["sent"]) + interval_ns, frame["sent"] - interval_ns)
    return count


def picture(message):
    """The JPEG of any frame message."""
    if message["type"] == "binary":
        return message["jpeg"]
    text = message["data"] if "data" in message else message["frame"].partition(",")[2]
    return base64.b64decode(text, validate=True)
