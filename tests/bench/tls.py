"""What TLS costs: CPU per delivered frame of the broadcaster, plain and with TLS of its own, and behind
nginx, which does the TLS in its place. The viewers are of this program, so that the figures are for few
viewers; they read what comes and throw it away."""

import argparse
import os
import selectors
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from figures import cpu_seconds, median, picture, table
from harness.access import make_certificate, trusting
from harness.broadcaster import Broadcaster, container_body
from harness.processes import free_port

FPS, WINDOW_S = 10, 3
HANDSHAKE = (b"GET /ws/viewer/detection?camera_id=CAM1 HTTP/1.1\r\nHost: localhost\r\n"
             b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
             b"Sec-WebSocket-Protocol: ringcast.binary.v1\r\n\r\n")

NGINX = """
daemon off; worker_processes 1; error_log {folder}/error.log; pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
    fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
        location / {{
            proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1; proxy_buffering off;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
            proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
        }}
    }}
}}
"""


class Viewers(threading.Thread):
    """Reads them all, in one thread."""

    def __init__(self, port, count, context):
        super().__init__(daemon=True)
        self.done = False
        self.selector = selectors.DefaultSelector()
        for _ in range(count):
            viewer = socket.create_connection(("127.0.0.1", port))
            if context:
                viewer = context.wrap_socket(viewer, server_hostname="localhost")
            viewer.sendall(HANDSHAKE)
            viewer.setblocking(False)
            self.selector.register(viewer, selectors.EVENT_READ)
        self.start()

    def run(self):
        into = bytearray(1 << 17)
        while not self.done:
            for key, _ in self.selector.select(0.1):
                try:
                    while key.fileobj.recv_into(into):
                        pass
                except (BlockingIOError, ssl.SSLWantReadError):
                    pass

    def end(self):
        self.done = True
        self.join(5)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def post_frames(server, jpeg, done):
    """By the socket of this machine, so that the posts cost the same everywhere."""
    worker = socket.socket(socket.AF_UNIX)
    worker.connect(str(server.run_dir / "broadcaster.http.sock"))
    due = time.monotonic()
    while not done.is_set():
        body = container_body("CAM1", jpeg)
        worker.sendall(b"POST /api/broadcast-detection HTTP/1.1\r\nHost: a\r\nContent-Type: "
                       b"application/vnd.ringcast.frame\r\nContent-Length: %d\r\n\r\n" % len(body))
        worker.sendall(body)
        worker.recv(65536)
        due += 1 / FPS
        time.sleep(max(0, due - time.monotonic()))


def nginx_children(pid):
    done = subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True, check=False)
    return [int(child) for child in done.stdout.split()]


def measure(server, processes, port, count, context, jpeg):
    """CPU microseconds per delivered frame, of each process."""
    done = threading.Event()
    viewers = Viewers(port, count, context)
    worker = threading.Thread(target=post_frames, args=(server, jpeg, done), daemon=True)
    worker.start()
    time.sleep(1)
    sent, before = server.stats()["sent"], [cpu_seconds(pid) for pid in processes]
    time.sleep(WINDOW_S)
    used = [cpu_seconds(pid) - was for pid, was in zip(processes, before)]
    frames = server.stats()["sent"] - sent
    done.set()
    worker.join(5)
    viewers.end()
    return [seconds * 1e6 / frames for seconds in used], frames / (FPS * WINDOW_S * count)


def start_nginx(folder, files, behind):
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, certificate=files[0], key=files[1],
                                   behind=behind))
    nginx = subprocess.Popen(["nginx", "-p", folder, "-c", config], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and nginx.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return nginx, port
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nginx does not start: {(folder / 'error.log').read_text()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, nargs="+", default=[20, 60])
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="rc-") as name:
        folder = Path(name)
        files = make_certificate(folder)
        jpeg = picture(folder).read_bytes()
        plain = Broadcaster(folder / "plain")
        secure = Broadcaster(folder / "secure", tls_certificate=str(files[0]),
                             tls_key=str(files[1]))
        cases = [("plain", plain, [plain.pid], plain.port, None),
                 ("TLS of its own", secure, [secure.pid], secure.port, trusting(files[0]))]
        nginx = None
        if shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"):
            nginx, port = start_nginx(folder, files, plain.port)
            cases.append(("nginx before it", plain, [plain.pid, *nginx_children(nginx.pid)], port,
                          trusting(files[0])))
        else:
            print("left out: there is no nginx\n")
        for viewers in options.viewers:
            figures = {case[0]: [] for case in cases}
            for _ in range(options.rounds):
                for case in cases:
                    figures[case[0]].append(measure(*case[1:4], viewers, case[4], jpeg))
            for case, runs in figures.items():
                costs = [median([run[0][i] for run in runs]) for i in range(len(runs[0][0]))]
                rows.append([viewers, case, f"{sum(costs):.0f}",
                             " + ".join(f"{cost:.0f}" for cost in costs),
                             f"{100 * median([run[1] for run in runs]):.0f}"])
        if nginx:
            nginx.terminate()
            nginx.wait(5)
        plain.end()
        secure.end()
    print(f"{len(jpeg)} bytes, {FPS} frames a second, binary, {options.rounds} rounds of {WINDOW_S} s\n")
    table(["viewers", "", "CPU us per frame", "broadcaster + nginx", "delivered %"], rows)


if __name__ == "__main__":
    main()
