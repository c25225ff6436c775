"""What tests of single captures share: asking them, reading their rings, cameras made of Python."""

import json
import os
import signal
import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .ring import Reader
from .waiting import wait_until


def stats(capture):
    with capture.control() as control:
        return control.ask("stats")


def reader(capture):
    return Reader(capture.control())


def descriptors(capture):
    return len(os.listdir(f"/proc/{capture.pid}/fd"))


def reload(process, top=None, **settings):
    """Gives a running capture other options and waits until it has them."""
    before = stats(process)["config_hash"]
    path = process.folder / "ringcast.json"
    config = json.loads(path.read_text())
    config.update(top or {})
    config["cameras"][process.camera].update(settings)
    path.write_text(json.dumps(config))
    process.child.send_signal(signal.SIGHUP)

    def changed():
        try:
            return stats(process)["config_hash"] != before
        except OSError:
            return False  # its socket is being replaced
    wait_until(changed, 5, "the new configuration")


def wait_reason(capture, words, timeout=5):
    with capture.control() as control:
        control.wait(lambda message: words in message.get("reason", ""), timeout, f"reason {words}")
        return control.status


def wait_more_frames(capture, count=10, timeout=10):
    """Until so many more frames have been published; the counters then."""
    target = stats(capture)["frames"] + count

    def more():
        answer = stats(capture)
        return answer if answer["frames"] >= target else None
    return wait_until(more, timeout, f"{count} more frames")


def wait_online(capture, timeout=10):
    with capture.control() as control:
        return control.wait_state("online", timeout)


@contextmanager
def server(answer, certificate=None):
    """An HTTP server whose every GET is answered by answer(handler); with a certificate (a file that
    has the key, too) it speaks TLS."""
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.server.requests.append((time.monotonic(), self.path, dict(self.headers)))
            answer(self)

        def reply(self, status, body=b"", **headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.daemon_threads = True
        made.requests = []
        made.url = f"{'https' if certificate else 'http'}://127.0.0.1:{made.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            made.socket = context.wrap_socket(made.socket, server_side=True)
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()
