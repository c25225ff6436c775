"""WebSocket on the wire: the broadcaster's sessions in ws_echo, held to RFC 6455."""

import asyncio
import random
import select
import time

import pytest
import websockets

from harness.echo import KEY, MEMORY_IS_TRUE, Echo, close, frame, handshake, text
from harness.waiting import wait_until

SIZES = [0, 1, 125, 126, 127, 128, 65535, 65536, 1 << 20, 16 << 20]


@pytest.fixture
def echo(started, tmp_path):
    def start(*options):
        started.append(Echo(tmp_path / f"echo.{len(started)}.log", *options))
        return started[-1]
    return start


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for the tests that need nothing special of it."""
    one = Echo(tmp_path_factory.mktemp("websocket") / "echo.log")
    yield one
    one.end()


@pytest.fixture
def wire(server):
    """An open WebSocket."""
    with server.connect() as one:
        one.upgrade()
        yield one


# --- handshake ---

def test_handshake(server):
    with server.connect() as wire:
        fields = wire.upgrade()
        assert fields["upgrade"] == "websocket" and fields["connection"] == "Upgrade"
        assert "sec-websocket-extensions" not in fields
        assert "sec-websocket-protocol" not in fields
        assert "content-length" not in fields


@pytest.mark.parametrize("changes", [
    {"Upgrade": "WebSocket"},
    {"Upgrade": "h2c, websocket"},
    {"Connection": "keep-alive, upgrade"},
    {"Connection": ["keep-alive", "UPGRADE"]},
    {"Sec-WebSocket-Version": " 13 "},
    {"Content_Length": "0"},
    {"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits"},
    {"Origin": "http://localhost"},
    {"path": "/any/path?with=query"},
])
def test_handshake_taken(server, changes):
    with server.connect() as wire:
        wire.send(handshake(**changes))
        status, fields = wire.read_head()
        assert status == 101
        assert "sec-websocket-extensions" not in fields


def test_handshake_in_odd_case(server):
    with server.connect() as wire:
        head, end = handshake()[:-4].split(b"\r\n", 1)
        wire.send(head + b"\r\n" + end.lower().replace(KEY.lower().encode(), KEY.encode()) + b"\r\n\r\n")
        assert wire.read_head()[0] == 101


@pytest.mark.parametrize("changes, status", [
    ({"method": "POST"}, 405),
    ({"method": "HEAD"}, 405),
    ({"method": "PUT", "Content_Length": "0"}, 405),
    ({"version": "HTTP/1.0"}, 400),
    ({"Host": None}, 400),
    ({"Host": ["a", "a"]}, 400),
    ({"Upgrade": None}, 400),
    ({"Upgrade": "websockets"}, 400),
    ({"Upgrade": "web socket"}, 400),
    ({"Upgrade": ""}, 400),
    ({"Connection": None}, 400),
    ({"Connection": "keep-alive"}, 400),
    ({"Connection": "close"}, 400),
    ({"Sec-WebSocket-Version": None}, 400),
    ({"Sec-WebSocket-Version": ["13", "13"]}, 400),
    ({"Sec-WebSocket-Version": "8"}, 426),
    ({"Sec-WebSocket-Version": "14"}, 426),
    ({"Sec-WebSocket-Version": "013"}, 426),
    ({"Sec-WebSocket-Version": "13, 8"}, 426),
    ({"Sec-WebSocket-Version": ""}, 426),
    ({"Sec-WebSocket-Key": None}, 400),
    ({"Sec-WebSocket-Key": [KEY, KEY]}, 400),
    ({"Sec-WebSocket-Key": ""}, 400),
    ({"Sec-WebSocket-Key": "short"}, 400),
    ({"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ"}, 400),
    ({"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=a"}, 400),
    ({"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZTE="}, 400),
    ({"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZR=="}, 400),
    ({"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZ_=="}, 400),
    ({"Sec-WebSocket-Key": KEY + KEY}, 400),
    ({"Content_Length": "3"}, 400),
    ({"Transfer_Encoding": "chunked"}, 400),
    ({"Sec_WebSocket_Protocol": "a b"}, 400),
    ({"Sec_WebSocket_Protocol": ""}, 400),
    ({"path": "/../x"}, 400),
])
def test_handshake_refused(server, changes, status):
    with server.connect() as wire:
        wire.send(handshake(**changes))
        answered, fields = wire.read_head()
        assert answered == status
        if status == 426:
            assert fields["sec-websocket-version"] == "13" and fields["upgrade"] == "websocket"
        if status == 405:
            assert fields["allow"] == "GET"


def test_plain_request_is_told_to_upgrade(server):
    with server.connect() as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        status, fields, _ = wire.read_answer()
        assert (status, fields["upgrade"], fields["connection"]) == (426, "websocket", "Upgrade")


@pytest.mark.parametrize("offered, chosen", [
    ("echo", "echo"), ("other, echo", "echo"), (["other", "echo"], "echo"), ("other", None),
    ("Echo", None), ("echoes, anecho", None), (", other,,echo,", "echo"),
])
def test_subprotocols(server, offered, chosen):
    with server.connect() as wire:
        wire.send(handshake(Sec_WebSocket_Protocol=offered))
        status, fields = wire.read_head()
        assert status == 101 and fields.get("sec-websocket-protocol") == chosen


def test_frames_in_the_packet_of_the_handshake(server):
    with server.connect() as wire:
        wire.upgrade(text("one"), frame(0x89, b"p"), text("two"))
        assert [wire.read_frame() for _ in range(3)] == [(0x81, b"one"), (0x8A, b"p"), (0x81, b"two")]


def test_pipelined_behind_a_refused_handshake(server):
    with server.connect() as wire:
        wire.send(handshake(Sec_WebSocket_Key="x") + handshake())
        assert wire.read_answer()[0] == 400
        assert wire.read_head()[0] == 101


def test_byte_by_byte(server):
    with server.connect() as wire:
        for byte in handshake() + text("hello"):
            wire.send(bytes([byte]))
        assert wire.read_head()[0] == 101
        assert wire.read_frame() == (0x81, b"hello")


# --- messages ---

def test_sizes_with_another_implementation(server):
    async def run():
        async with websockets.connect(f"ws://127.0.0.1:{server.port}/", max_size=None) as client:
            assert client.extensions == []
            for size in SIZES:
                await client.send(b"\x5a" * size)
                assert await client.recv() == b"\x5a" * size
            await client.send("Grüße 🚗")
            assert await client.recv() == "Grüße 🚗"
            await (await client.ping(b"x"))
        assert client.close_code == 1000
    asyncio.run(run())


@pytest.mark.parametrize("size", SIZES)
def test_sizes(wire, size):
    payload = bytes(range(256)) * (size // 256 + 1)
    wire.send(frame(0x82, payload[:size]))
    assert wire.read_frame() == (0x82, payload[:size])


@pytest.mark.parametrize("pieces", [
    [(0x01, b"a"), (0x80, b"b")],
    [(0x02, b"a"), (0x00, b""), (0x00, b"bb"), (0x80, b"")],
    [(0x01, b"\xf0\x9f"), (0x00, b"\x9a"), (0x80, b"\x97")],
    [(0x02, b"x" * 70000), (0x80, b"y" * 70000)],
])
def test_fragments(wire, pieces):
    for first, payload in pieces:
        wire.send(frame(first, payload))
    assert wire.read_frame() == (0x80 | pieces[0][0], b"".join(payload for _, payload in pieces))


def test_control_frames_between_fragments(wire):
    wire.send(frame(0x01, b"a") + frame(0x89, b"one") + frame(0x00, b"b") + frame(0x8A, b"unasked") +
              frame(0x89, b"two") + frame(0x80, b"c"))
    assert [wire.read_frame() for _ in range(3)] == [(0x8A, b"one"), (0x8A, b"two"), (0x81, b"abc")]


def test_many_empty_fragments(wire, server):
    wire.send(frame(0x01))
    before = server.statistics()[0]
    for _ in range(50):
        wire.send(frame(0x00) * 2000)
    wire.send(frame(0x80, b"end"))
    assert wire.read_frame() == (0x81, b"end")
    assert server.statistics()[0] - before < 300 or not MEMORY_IS_TRUE


@pytest.mark.parametrize("payload", [b"", b"x", b"x" * 125])
def test_ping(wire, payload):
    wire.send(frame(0x89, payload))
    assert wire.read_frame() == (0x8A, payload)


# --- what breaks the protocol ---

@pytest.mark.parametrize("data, code", [
    (frame(0x80, b"x"), 1002),
    (frame(0x01, b"a") + frame(0x81, b"b"), 1002),
    (frame(0xC1, b"x"), 1002),
    (frame(0xA1, b"x"), 1002),
    (frame(0x91, b"x"), 1002),
    *[(frame(0x80 | opcode, b"x"), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    (frame(0x81, b"x", masked=False), 1002),
    (frame(0x89, b"", masked=False), 1002),
    (frame(0x09, b"x"), 1002),
    (frame(0x89, b"x" * 126), 1002),
    (frame(0x82, b"x", wide=2), 1002),
    (frame(0x82, b"x" * 125, wide=8), 1002),
    (frame(0x82, b"x" * 126, wide=8), 1002),
    (frame(0x81, b"\xff"), 1007),
    (frame(0x81, b"\xed\xa0\x80"), 1007),
    (frame(0x81, b"\xc3"), 1007),
    (frame(0x01, b"\xc3") + frame(0x80, b"x"), 1007),
    (frame(0x88, b"\x03"), 1002),
    (close(999), 1002),
    (close(1004), 1002),
    (close(1005), 1002),
    (close(1006), 1002),
    (close(1015), 1002),
    (close(1016), 1002),
    (close(2999), 1002),
    (close(5000), 1002),
    (close(1000, b"\xff"), 1007),
    (frame(0x82, b"", length=65 << 20), 1009),
    (frame(0x82, b"", length=(1 << 63) - 1), 1009),
])
def test_protocol_errors(wire, data, code):
    wire.send(data + text("not answered"))
    got, reason = wire.read_close()
    assert got == code and reason.decode()


def test_wrong_text_fails_before_its_end(wire):
    wire.send(frame(0x81, b"\xff", length=1000))
    assert wire.read_close()[0] == 1007


def test_limit_of_a_message(echo):
    server = echo("--message-limit", 1000)
    with server.connect() as wire:
        wire.upgrade()
        wire.send(frame(0x02, b"x" * 600) + frame(0x80, b"y" * 400))
        assert wire.read_frame() == (0x82, b"x" * 600 + b"y" * 400)
        wire.send(frame(0x02, b"x" * 600) + frame(0x80, b"y" * 401))
        assert wire.read_close()[0] == 1009


# --- the end ---

@pytest.mark.parametrize("code, reason", [
    (None, b""), (1000, b""), (1000, b"bye"), (1001, b"x" * 123), (1007, b""), (1014, b""),
    (3000, b""), (4999, b"\xc3\xa9"),
])
def test_close_is_answered_with_its_code(wire, code, reason):
    wire.send(close(code, reason) + text("not answered"))
    assert wire.read_close() == (code, b"")


def test_close_between_fragments(wire):
    wire.send(frame(0x01, b"a") + close(1000))
    assert wire.read_close() == (1000, b"")


def test_client_gone(server):
    before = server.statistics()[1]
    for leave in ("close", "reset"):
        wire = server.connect()
        wire.upgrade(text("x"))
        wire.read_frame()
        getattr(wire, leave)()
    wait_until(lambda: server.statistics()[1] <= before, 2, "descriptors given back")


def test_shutdown_says_going_away(echo):
    server = echo()
    with server.connect() as wire:
        wire.upgrade()
        server.end()
        assert wire.read_close()[0] == 1001


# --- time ---

def test_silent_client_is_pinged_and_then_closed(echo):
    server = echo("--ping-ms", 100, "--silence-ms", 450)
    with server.connect() as wire:
        wire.upgrade()
        begin = time.monotonic()
        pings = 0
        while (got := wire.read_frame()) == (0x89, b""):
            pings += 1
        assert got[0] == 0x88
        assert pings >= 2 and 0.4 < time.monotonic() - begin < 3


def test_answering_client_stays(echo):
    server = echo("--ping-ms", 100, "--silence-ms", 1500)
    with server.connect() as wire:
        wire.upgrade()
        for _ in range(20):
            assert wire.read_frame() == (0x89, b"")
            wire.send(frame(0x8A))
        wire.send(text("still here"))
        assert wire.read_frame() == (0x81, b"still here")


def test_message_that_takes_too_long(echo):
    """Each byte may come quickly; the message as a whole has its time. Between messages there is none."""
    server = echo("--message-ms", 400)
    with server.connect() as wire:
        wire.upgrade(text("whole"))
        assert wire.read_frame() == (0x81, b"whole")
        time.sleep(0.6)
        wire.send(frame(0x01, b"begun"))
        for _ in range(100):
            wire.send(frame(0x00, b"."))
            time.sleep(0.02)
            if select.select([wire.socket], [], [], 0)[0]:
                break
        assert wire.read_frame()[1][:2] == (1008).to_bytes(2, "big")


def test_stalled_client_is_closed(echo):
    server = echo("--stall-ms", 300)
    before = server.statistics()[1]
    with server.connect(receive_buffer=4096) as wire:
        wire.upgrade()
        assert server.statistics()[1] == before + 1
        wire.send(frame(0x82, b"x" * (16 << 20)))
        wait_until(lambda: server.statistics()[1] == before, 5, "the stalled connection ended")
        assert server.alive()


def test_flood_of_pings_without_reading(echo):
    """At most one pong waits: ten million bytes of pings cost no memory, and no CPU while it waits."""
    server = echo()
    wire = server.connect(receive_buffer=4096)
    wire.upgrade()
    before = server.statistics()[0]
    wire.socket.setblocking(False)
    flood = frame(0x89, b"p" * 125) * 500
    sent, quiet_since = 0, time.monotonic()
    while time.monotonic() - quiet_since < 0.5:
        try:
            sent += wire.socket.send(flood)
            quiet_since = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    assert server.statistics()[0] - before < 500 or not MEMORY_IS_TRUE
    cpu = server.cpu_seconds()
    time.sleep(0.5)
    assert server.cpu_seconds() - cpu < 0.1
    begin = server.statistics()[1]
    wire.reset()  # seen although nobody reads
    wait_until(lambda: server.statistics()[1] < begin, 2, "the end seen")


def test_idle_connections_cost_little(echo):
    server = echo()
    wires = [server.connect() for _ in range(100)]
    for wire in wires:
        wire.upgrade()
    before = server.statistics()[0]
    more = [server.connect() for _ in range(1500)]
    for wire in more:
        wire.upgrade(text("hello"))
        wire.read_frame()
    each = (server.statistics()[0] - before) / len(more)
    assert each < 2.5 or not MEMORY_IS_TRUE  # kB
    for wire in wires + more:
        wire.close()
    wait_until(lambda: server.statistics()[1] < 20, 5, "descriptors given back")


@pytest.mark.parametrize("seed", range(4))
def test_rubbish_never_hurts(server, seed):
    chance = random.Random(seed)
    for _ in range(100):
        data = b"".join(frame(chance.choice([0x81, 0x82, 0x01, 0x00, 0x80, 0x89, 0x88]),
                              chance.randbytes(chance.choice([0, 1, 5, 126, 300])))
                        for _ in range(5))
        data = bytearray(data)
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with server.connect() as wire:
            wire.send(handshake() + bytes(data) + close(1000))
            wire.read_head()
            wire.socket.shutdown(1)
            wire.read_to_end()
    with server.connect() as wire:
        wire.upgrade(text("fine"))
        assert wire.read_frame() == (0x81, b"fine")
