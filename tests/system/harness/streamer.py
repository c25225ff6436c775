"""A browser or phone that sends its pictures."""

import base64
import json

import websocket


def data_url(picture, kind="image/jpeg"):
    return f"data:{kind};base64," + base64.b64encode(picture).decode()


class Streamer:
    """One connection to /ws/streamer. (`user` names its user.)"""

    def __init__(self, server, camera="PHONE", user=None, **options):
        query = f"camera_id={camera}" + (f"&user_id={user}" if user else "")
        self.socket = websocket.create_connection(
            f"ws://127.0.0.1:{server.port}/ws/streamer?{query}", timeout=10, **options)
        self.hello = self.receive()
        assert self.hello["type"] == "streamer_connected"
        assert self.hello["camera_id"] == camera

    def send(self, picture):
        self.socket.send(json.dumps({"frame": data_url(picture)}))

    def send_binary(self, picture):
        self.socket.send_binary(picture)

    def say(self, text):
        self.socket.send(text)

    def receive(self):
        """The next message: a JSON object or a bare text."""
        message = self.socket.recv()
        return json.loads(message) if message.startswith("{") else message

    def error(self):
        """What the server says is wrong."""
        message = self.receive()
        assert message["type"] == "error", message
        return message["message"]

    def receive_close(self):
        """(code, reason), whatever else was still on its way."""
        while True:
            opcode, data = self.socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], "big"), data[2:].decode()

    def close(self):
        self.socket.close()

    def cut(self):
        """The end of the connection without a word."""
        self.socket.sock.close()
