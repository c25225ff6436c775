"""nginx and haproxy in front, with the configurations of docs/examples as they stand: only names, ports
and certificates are others."""

import json
import re
import shutil
import signal
import ssl
import subprocess
import time
import urllib.request

import pytest
import websocket

from harness.broadcaster import container_body, json_body, receive, receive_frame
from harness.jpeg import grey_jpeg
from harness.processes import ROOT, free_port
from harness.waiting import wait_until

EXAMPLES = ROOT / "docs/examples"
NAME = "cameras.example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate, key, both in one file)"""
    folder = tmp_path_factory.mktemp("certificate")
    files = folder / "one.pem", folder / "one.key", folder / "both.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", f"/CN={NAME}", "-out", files[0], "-keyout", files[1]], check=True,
                   capture_output=True)
    files[2].write_bytes(files[0].read_bytes() + files[1].read_bytes())
    return files


class Proxy:
    """One that runs, and what a client says through it."""

    def __init__(self, command, port, log):
        self.port = port
        self.log = log
        self.context = ssl._create_unverified_context()
        with open(log, "wb") as output:
            self.child = subprocess.Popen(list(map(str, command)), stdout=output, stderr=output)
        wait_until(self.answers, 10, f"the proxy answers: {log.read_text()}")

    def answers(self):
        assert self.child.poll() is None, self.log.read_text()
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def get(self, path, body=None, headers=None):
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", data=body,
            headers={"Host": f"{NAME}:{self.port}", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=10, context=self.context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def watch(self, path="/ws/viewer/detection?camera_id=CAM1"):
        return websocket.create_connection(
            f"wss://127.0.0.1:{self.port}{path}", timeout=10, host=f"{NAME}:{self.port}",
            origin=f"https://{NAME}:{self.port}", skip_utf8_validation=True,
            sslopt={"cert_reqs": ssl.CERT_NONE, "check_hostname": False})

    def end(self):
        self.child.terminate()
        assert self.child.wait(5) in (0, 143, -signal.SIGTERM)

    def log_text(self):
        return self.log.read_text()


def nginx(program, folder, port, server_port, certificate):
    site = (EXAMPLES / "nginx.conf").read_text()
    for old, new in ((r"listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
                     (r"127\.0\.0\.1:8069", f"127.0.0.1:{server_port}"),
                     (r"/etc/ssl/\S+\.pem", str(certificate[0])),
                     (r"/etc/ssl/\S+\.key", str(certificate[1]))):
        site, count = re.subn(old, new, site)
        assert count == 1, old
    scratch = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in
                      ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr warn;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{scratch}{site}}}\n")
    return [program, "-p", folder, "-c", folder / "nginx.conf"]


def haproxy(program, folder, port, server_port, certificate):
    text = (EXAMPLES / "haproxy.cfg").read_text()
    for old, new in ((r"bind :443 ssl crt \S+",
                      f"bind 127.0.0.1:{port} ssl crt {certificate[2]}"),
                     (r"127\.0\.0\.1:8069", f"127.0.0.1:{server_port}")):
        text, count = re.subn(old, new, text)
        assert count == 1, old
    (folder / "haproxy.cfg").write_text(text)
    return [program, "-db", "-f", folder / "haproxy.cfg"]


@pytest.fixture(params=[nginx, haproxy], ids=lambda kind: kind.__name__)
def proxied(request, broadcaster, started, tmp_path, certificate):
    """(the proxy, the broadcaster behind it)"""
    name = request.param.__name__
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if not program:
        pytest.skip(f"needs {name}, of Debian's package {name}")
    server = broadcaster(trusted_proxies=["127.0.0.1"], hosts=[NAME])
    folder = tmp_path / name
    folder.mkdir()
    port = free_port()
    command = request.param(program, folder, port, server.port, certificate)
    started.append(Proxy(command, port, folder / "log"))
    return started[-1], server


def test_through_a_proxy(proxied):
    proxy, server = proxied
    viewer = proxy.watch()
    listed = server.get("/api/viewers")[2]["viewers"]
    assert [one["user"] for one in listed] == ["127.0.0.1"]

    # Every frame at once: nothing is gathered on the way.
    for number in range(20):
        began = time.monotonic()
        server.post_frame("CAM1", grey_jpeg(number))
        assert receive_frame(viewer)["frame_count"] == number + 1
        assert time.monotonic() - began < 1
    viewer.send("ping")
    assert receive(viewer) == "pong"

    # A POST through it, of the largest picture that may be.
    large = grey_jpeg(1)
    large = large[:2] + b"\xff\xfe\xff\xfd".ljust(65535, b"x") * 63 + large[2:]
    status, answer = proxy.get("/api/broadcast-detection", json_body("CAM1", large),
                               {"Content-Type": "application/json"})
    assert status == 200, answer
    assert json.loads(answer)["frame_size"] == len(large) > 4_000_000
    status, _ = proxy.get("/api/broadcast-detection", container_body("CAM2", grey_jpeg(2)),
                          {"Content-Type": "application/vnd.ringcast.frame"})
    assert status == 200

    # A closed tab is gone at once behind a proxy too.
    viewer.close()
    wait_until(lambda: server.get("/debug/streams")[2]["active_streams"] == 0, 1, "it is gone")
    assert proxy.get("/metrics")[0] == 200
    assert proxy.get("/readyz")[0] == 200
