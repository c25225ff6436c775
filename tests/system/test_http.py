"""HTTP on the wire: the broadcaster's sessions in ws_echo, held to RFC 9110 and 9112."""

import json
import random
import re
import socket
import time

import pytest

from harness.damage import damage
from harness.echo import MEMORY_IS_TRUE, Echo
from harness.waiting import wait_until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture
def echo(started, tmp_path):
    def start(*options):
        started.append(Echo(tmp_path / f"echo.{len(started)}.log", "--http", *options))
        return started[-1]
    return start


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for the tests that need nothing special of it."""
    one = Echo(tmp_path_factory.mktemp("http") / "echo.log", "--http")
    yield one
    one.end()


def statuses(answers):
    """All status codes of a stream of answers."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


def test_answer(server):
    with server.connect() as wire:
        wire.send(b"POST /a%20b?x=y HTTP/1.1\r\nHost: h:1\r\nContent-Length: 5\r\n\r\nhello")
        status, fields, body = wire.read_answer()
        assert status == 200
        assert fields["content-type"] == "application/json"
        assert fields["date"].endswith(" GMT") and len(fields["date"]) == 29
        assert "connection" not in fields
        assert json.loads(body) == {"method": "POST", "path": "/a b", "query": "x=y", "host": "h:1",
                                    "size": 5}


def test_keep_alive(server):
    with server.connect() as wire:
        for _ in range(3):
            wire.send(GET)
            assert wire.read_answer()[0] == 200
        wire.send(LAST)
        status, fields, _ = wire.read_answer()
        assert (status, fields["connection"]) == (200, "close")
        assert wire.at_end()


@pytest.mark.parametrize("request_bytes, connection", [
    (b"GET / HTTP/1.0\r\n\r\n", "close"),
    (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive"),
])
def test_http_1_0(server, request_bytes, connection):
    with server.connect() as wire:
        wire.send(request_bytes)
        status, fields, _ = wire.read_answer()
        assert (status, fields["connection"]) == (200, connection)
        if connection == "close":
            assert wire.at_end()
        else:
            wire.send(LAST)
            assert wire.read_answer()[0] == 200


def test_head_has_no_body(server):
    with server.connect() as wire:
        wire.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + LAST)
        status, fields = wire.read_head()
        assert status == 200 and int(fields["content-length"]) > 0
        assert wire.read_answer()[0] == 200
        assert wire.at_end()


def test_head_of_an_error_has_no_body(server):
    answer = server.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ") and body == b""


def test_errors_are_json_and_close(server):
    with server.connect() as wire:
        wire.send(b"GET /../ HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
        status, fields, body = wire.read_answer()
        assert (status, fields["connection"]) == (400, "close")
        error = json.loads(body)
        assert error["error"]["code"] == "bad_request"
        assert error["error"]["message"] == error["detail"]
        assert wire.at_end()


@pytest.mark.parametrize("request_bytes, status", [
    (b"GET / HTTP/2.0\r\n\r\n", 505),
    (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 17000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
    (b"BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 501),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: gold\r\n\r\n", 417),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
])
def test_refused(server, request_bytes, status):
    assert statuses(server.ask(request_bytes)) == [status]


def test_an_error_is_read_although_more_is_sent(server):
    """Who is refused in the middle of a large body still gets to read why."""
    for _ in range(5):
        with server.connect() as wire:
            wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
            try:
                for _ in range(40):
                    wire.send(b"x" * 65536)
            except (BrokenPipeError, ConnectionResetError):
                pytest.fail("reset while sending")
            assert wire.read_answer()[0] == 413


def test_options_asterisk(server):
    with server.connect() as wire:
        wire.send(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        status, fields, body = wire.read_answer()
        assert status == 200 and "GET" in fields["allow"] and body == b""


def test_chunked_body_and_trailers(server):
    with server.connect() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for size in (1, 10, 70000):
            wire.send(b"%x;x=y\r\n" % size + b"z" * size + b"\r\n")
        wire.send(b"0\r\nX-Sum: 1\r\n\r\n")
        assert json.loads(wire.read_answer()[2])["size"] == 70011
        wire.send(GET)
        assert wire.read_answer()[0] == 200


def test_chunked_body_beyond_the_limit(server):
    with server.connect() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b"z" * 0x100000 + b"\r\n"
        for _ in range(17):
            wire.send(chunk)
        assert wire.read_answer()[0] == 413


def test_continue_comes_after_the_head_is_judged(server):
    with server.connect() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert wire.read_head()[0] == 100
        wire.send(b"hello")
        assert json.loads(wire.read_answer()[2])["size"] == 5
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n"
                  b"Expect: 100-continue\r\n\r\n")
        status, fields, _ = wire.read_answer()
        assert (status, fields["connection"]) == (413, "close")
        assert wire.at_end()


def test_pipelined_requests_are_answered_in_order(server):
    count = 500
    stream = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(count))
    with server.connect() as wire:
        wire.send(stream)
        for i in range(count):
            assert json.loads(wire.read_answer()[2])["path"] == f"/{i}"


def test_every_byte_in_a_packet_of_its_own(server):
    request = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    with server.connect() as wire:
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(request)):
            wire.send(request[i:i + 1])
        assert json.loads(wire.read_answer()[2])["size"] == 2


def test_half_closed_client_gets_its_answers(server):
    answers = server.ask(GET + GET + b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
                         finish=True)
    assert statuses(answers) == [200, 200, 200]


def test_client_gone_in_the_middle(server):
    before = server.statistics()[1]
    for piece in (b"", b"GET / HT", GET[:-2], b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"):
        for leave in ("close", "reset"):
            wire = server.connect()
            wire.send(piece)
            getattr(wire, leave)()
    wait_until(lambda: server.statistics()[1] <= before, 5, "descriptors given back")


def drip(wire, data):
    """A byte now and then, until something comes back."""
    wire.socket.settimeout(0.05)
    for byte in data:
        wire.send(bytes([byte]))
        try:
            wire.rest += wire.socket.recv(4096)
            break
        except socket.timeout:
            continue
    wire.socket.settimeout(5)


def test_slow_head_has_an_absolute_deadline(echo):
    """A byte now and then does not prolong it."""
    server = echo("--head-timeout-ms", 400)
    with server.connect() as wire:
        begin = time.monotonic()
        drip(wire, b"GET / HTTP/1.1\r\nHost: " + b"a" * 200)
        status, fields, _ = wire.read_answer()
        assert (status, fields["connection"]) == (408, "close")
        assert 0.3 < time.monotonic() - begin < 2
        assert wire.at_end()


def test_nothing_said_is_closed_without_an_answer(echo):
    server = echo("--head-timeout-ms", 200)
    with server.connect() as wire:
        assert wire.at_end()


def test_slow_body_has_an_absolute_deadline(echo):
    server = echo("--body-timeout-ms", 400)
    with server.connect() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        begin = time.monotonic()
        drip(wire, b"x" * 100)
        assert wire.read_answer()[0] == 408
        assert 0.3 < time.monotonic() - begin < 2


def test_idle_connections_are_closed(echo):
    server = echo("--idle-timeout-ms", 200)
    with server.connect() as wire:
        wire.send(GET)
        assert wire.read_answer()[0] == 200
        assert wire.at_end()


def test_bodies_share_a_memory(echo):
    """Beyond it 503 with Retry-After, and everything works again when the others are gone."""
    server = echo("--body-memory", 1 << 20)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n"
    holders = [server.connect() for _ in range(2)]
    for wire in holders:
        wire.send(head + b"x" * 399999)
        wire.wait_acknowledged()
    for _ in range(5):
        assert statuses(server.ask(LAST)) == [200]  # what was sent before this has been read
    with server.connect() as wire:
        wire.send(head + b"x" * 400000)
        status, fields, _ = wire.read_answer()
        assert (status, fields["retry-after"]) == (503, "1")
    for wire in holders:
        wire.send(b"x")
        assert wire.read_answer()[0] == 200
        wire.close()
    for _ in range(5):
        with server.connect() as wire:
            wire.send(head + b"x" * 400000)
            assert wire.read_answer()[0] == 200


def test_client_that_pipelines_and_never_reads(echo):
    """Back-pressure: it is not read any further, and costs a few kB."""
    server = echo()
    before = server.statistics()[0]
    wires = [server.connect(receive_buffer=4096) for _ in range(20)]
    for wire in wires:
        wire.socket.setblocking(False)
    sent = 0
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < 0.5:
        for wire in wires:
            try:
                sent += wire.socket.send(GET * 1000)
                quiet_since = time.monotonic()
            except (BlockingIOError, ConnectionError):  # full; or cut off, where that takes long
                pass
        time.sleep(0.01)
    assert server.statistics()[0] - before < 4000 or not MEMORY_IS_TRUE
    cpu = server.cpu_seconds()
    time.sleep(0.5)
    assert server.cpu_seconds() - cpu < 0.1
    for wire in wires:
        wire.close()
    assert statuses(server.ask(LAST)) == [200]


def test_a_thousand_idle_connections_cost_little(echo):
    server = echo()
    before = server.statistics()[0]
    wires = [server.connect() for _ in range(1000)]
    wires[-1].send(GET)
    assert wires[-1].read_answer()[0] == 200
    assert server.statistics()[0] - before < 2500 or not MEMORY_IS_TRUE
    for wire in wires:
        wire.close()
    wait_until(lambda: server.statistics()[1] < 20, 5, "descriptors given back")


@pytest.mark.parametrize("seed", range(4))
def test_rubbish_never_hurts(server, seed):
    """Seeded requests with bytes changed, doubled and left out: an answer or the end, never anything
    else, and the next one is served."""
    chance = random.Random(seed)
    samples = [GET, LAST, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
               b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
               b"GET /%2e?a=b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"]
    for _ in range(150):
        data = damage(chance, bytearray(chance.choice(samples) * chance.randrange(1, 3)))
        answers = server.ask(bytes(data), finish=True)
        assert answers == b"" or answers.startswith(b"HTTP/1.1 ")
    assert server.alive()
    assert statuses(server.ask(LAST)) == [200]
