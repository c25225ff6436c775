"""TLS: other people's clients, certificates that change, and crowds."""

import asyncio
import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
import websocket
import websockets

from harness.access import Token, make_certificate, reload, trusting
from harness.broadcaster import BINARY, decode_container, json_body, receive_frame
from harness.faults import descriptors
from harness.jpeg import grey_jpeg
from harness.processes import PROGRAMS
from harness.waiting import wait_until

JPEG = grey_jpeg(1)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """(certificate, key)"""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(broadcaster, files):
    """secure(**settings) starts a broadcaster that speaks TLS."""
    def start(**settings):
        server = broadcaster(**{"tls_certificate": str(files[0]), "tls_key": str(files[1]),
                                **settings})
        server.url = server.url.replace("http", "https")
        return server
    return start


def curl(server, files, path, *options):
    done = subprocess.run(["curl", "-sS", "--cacert", files[0], "--max-time", "10",
                           f"https://localhost:{server.port}{path}", *options],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=20)
    return done.returncode, done.stdout


def watch(server, files, path="/ws/viewer/detection?camera_id=CAM1", **options):
    return websocket.create_connection(
        f"wss://localhost:{server.port}{path}", timeout=10, skip_utf8_validation=True,
        sslopt={"ca_certs": str(files[0])}, **options)


def post(server, files, jpeg, camera="CAM1"):
    connection = http.client.HTTPSConnection("localhost", server.port, timeout=10,
                                             context=trusting(files[0]))
    connection.request("POST", "/api/broadcast-detection", json_body(camera, jpeg),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read()
    connection.close()


def common_name(server):
    """Of the certificate that a new connection gets."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain, \
            context.wrap_socket(plain) as secured:
        text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject"],
                              input=secured.getpeercert(binary_form=True), check=True,
                              stdout=subprocess.PIPE, timeout=20).stdout.decode()
    return text.strip().rpartition("=")[2].strip()


def test_curl_and_openssl(secure, files):
    server = secure()
    assert curl(server, files, "/healthz") == (0, b'{"status":"ok"}')
    code, answer = curl(server, files, "/healthz", "-v", "--tls-max", "1.2")
    assert code == 0 and b"TLSv1.2" in answer and b"http/1.1" in answer
    # A large body each way.
    post(server, files, grey_jpeg(2, comment_bytes=60000))
    for version, works in (("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False)):
        done = subprocess.run(["openssl", "s_client", "-connect", f"localhost:{server.port}",
                               "-CAfile", files[0], "-quiet", "-verify_return_error", version],
                              input=b"GET /healthz HTTP/1.0\r\n\r\n", stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False, timeout=20)
        assert (b'{"status":"ok"}' in done.stdout) == works, version
    done = subprocess.run(["curl", "-sS", f"http://localhost:{server.port}/healthz"],
                          stdout=subprocess.PIPE, check=False, timeout=20)
    assert b"this port speaks https only" in done.stdout


def test_viewers(secure, files):
    """Two independent clients, every format, messages of many records."""
    server = secure()
    text, binary = watch(server, files), watch(server, files, subprotocols=[BINARY])
    for number, size in enumerate((2000, 16000, 60000), 1):
        jpeg = grey_jpeg(number, comment_bytes=size)
        post(server, files, jpeg)
        assert base64.b64decode(receive_frame(text)["frame"].partition(",")[2]) == jpeg
        while isinstance(message := binary.recv(), str):
            pass
        assert decode_container(message)["jpeg"] == jpeg

    async def other_client():
        async with websockets.connect(
                f"wss://localhost:{server.port}/ws/viewer/detection?camera_id=CAM1",
                ssl=trusting(files[0]), max_size=None) as viewer:
            message = json.loads(await asyncio.wait_for(viewer.recv(), 10))
            assert base64.b64decode(message["frame"].partition(",")[2]) == jpeg
            await viewer.send("ping")
            while await asyncio.wait_for(viewer.recv(), 10) != "pong":
                pass
    asyncio.run(other_client())
    text.close()
    binary.close()


def test_a_slow_viewer_gets_the_newest(secure, files):
    server = secure()
    slow, fast = watch(server, files), watch(server, files)
    for number in range(1, 61):
        post(server, files, grey_jpeg(number, comment_bytes=60000))
        assert receive_frame(fast)["frame_count"] == number
    counts = []
    while not counts or counts[-1] < 60:
        counts.append(receive_frame(slow)["frame_count"])
    assert counts == sorted(set(counts))
    assert len(counts) < 60, "what the sockets hold is more than sixty frames"
    slow.close()
    fast.close()


def test_certificates_change(secure, files, tmp_path):
    # Copies, to be replaced.
    mine = make_certificate(tmp_path, "first")
    server = secure(tls_certificate=str(mine[0]), tls_key=str(mine[1]))
    viewer = watch(server, mine)
    assert common_name(server) == "first"

    # The same names, renewed.
    make_certificate(tmp_path, "second")
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: common_name(server) == "second", 5, "the second certificate")

    # A broken one changes nothing, and says so.
    mine[0].write_text("-----BEGIN CERTIFICATE-----\nnothing\n")
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: "the certificate was not changed" in server.log_text(), 5, "a line about it")
    assert common_name(server) == "second"

    # Nor does one whose key is another's.
    other = make_certificate(tmp_path, "third", "other")
    reload(server, tls_certificate=str(other[0]))
    assert common_name(server) == "second"
    reload(server, tls_key=str(other[1]))
    wait_until(lambda: common_name(server) == "third", 5, "the third certificate")

    # Who was there is there.
    post(server, other, JPEG)
    assert receive_frame(viewer)["frame_count"] == 1
    viewer.close()
    assert str(mine[1].read_text()) not in server.log_text()


def test_a_wrong_certificate_at_the_start(tmp_path):
    path = tmp_path / "ringcast.json"
    path.write_text(json.dumps({
        "run_dir": str(tmp_path / "run"), "state_dir": str(tmp_path / "state"),
        "broadcaster": {"listen": "127.0.0.1:0", "tls_certificate": "nowhere.pem"}}))
    done = subprocess.run([PROGRAMS / "ringcast-broadcaster", "-c", path], stderr=subprocess.PIPE,
                          text=True, timeout=20, check=False)
    assert done.returncode == 78
    assert "tls_certificate" in done.stderr and "nowhere.pem" in done.stderr


def test_tokens_over_tls(secure, files):
    token = Token("wall")
    server = secure(tokens=[token.entry])
    code, answer = curl(server, files, "/api/cameras", "-H", f"Authorization: Bearer {token.secret}")
    assert code == 0 and json.loads(answer) == {"cameras": []}
    watch(server, files, header=token.bearer).close()


@pytest.mark.parametrize("end", ["close_notify", "fin", "reset"])
def test_ends_are_seen_at_once(secure, files, end):
    server = secure()
    viewer = watch(server, files)
    assert server.stats()["viewers"] == 1
    if end == "close_notify":
        viewer.sock.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):
            viewer.sock.unwrap()  # says it, and as a rule has no answer yet
    elif end == "reset":
        viewer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if end != "close_notify":
        os.close(viewer.sock.detach())
    began = time.monotonic()
    wait_until(lambda: server.stats()["viewers"] == 0, 5, "its end")
    assert time.monotonic() - began < 1


def storm(server, files, what, count):
    """`count` connections, one after the other, each ended in its own way."""
    context = trusting(files[0])
    for _ in range(count):
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        if what == "hello":
            plain.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # and no more
        elif what == "rubbish":
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            plain.recv(100)
        elif what == "handshake":
            with context.wrap_socket(plain, server_hostname="localhost"):
                pass
        elif what == "viewer":
            plain.close()
            watch(server, files).close()
        plain.close()


def crowd(server, files, count):
    threads = [threading.Thread(target=storm, args=(server, files, what, count))
               for what in ("nothing", "hello", "rubbish", "handshake", "viewer") for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_crowds_leave_nothing(secure, files):
    server = secure(head_timeout_s=1)
    descriptors_before = len(descriptors(server.pid))
    memory = []
    for _ in range(5):
        crowd(server, files, 15)
        memory.append(server.resident_kb())
    # The heap grows in steps; what leaks grows each time, by 150 connections of 10 kB and more.
    assert min(after - before for before, after in zip(memory, memory[1:])) < 500, memory
    # Those that say half of something and stay are given up with the head's time.
    stuck = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(50)]
    for one in stuck[:25]:
        one.sendall(b"\x16\x03\x01\x02\x00\x01")
    for one in stuck:
        assert one.recv(100) == b""
        one.close()
    wait_until(lambda: len(descriptors(server.pid)) <= descriptors_before, 5,
               "as many descriptors as before")
    assert curl(server, files, "/healthz")[0] == 0
