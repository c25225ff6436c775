"""One capture process against cameras that stream: good ones, and every way in which they misbehave."""

import shutil
import signal
import socket
import subprocess
import time

import pytest

from harness.captures import reader, server, stats, wait_more_frames, wait_reason
from harness.jpeg import grey_jpeg, picture_number
from harness.waiting import wait_until

LARGE = 3_000_000

# --- what a good camera gives ---


def test_pictures_arrive_whole_in_order_and_named(capture, camsim):
    camera = camsim(fps=25)
    with reader(capture(url=f"{camera.url}/stream")) as frames:
        taken = frames.frames(30)
    for frame in taken:
        assert frame.jpeg == grey_jpeg(picture_number(frame.jpeg))
        assert (frame.width, frame.height, frame.size) == (64, 48, len(frame.jpeg))
        assert frame.captured_ns <= frame.received_ns <= frame.published_ns
        assert frame.published_ns - frame.received_ns < 50_000_000
        assert abs(frame.captured_realtime_ns - time.time_ns()) < 10_000_000_000
        assert abs(frame.source_time_ns - time.time_ns()) < 10_000_000_000
    assert [frame.source_number for frame in taken] == sorted({f.source_number for f in taken})
    # One after the other as the camera sent them: nothing is lost between it and the ring.
    steps = {b.source_number - a.source_number for a, b in zip(taken, taken[1:])
             if b.number == a.number + 1}
    assert 1 in steps
    assert camera.state()["streams"] == 1


def test_stats_tell_everything(capture, camsim):
    source = capture(url=f"{camsim(fps=25).url}/stream")
    with reader(source) as frames:
        taken = frames.frames(26)
        answer = stats(source)
    assert answer["state"] == "online" and answer["connected"] and answer["reason"] == ""
    assert answer["frames"] >= 26 and answer["bytes"] >= sum(frame.size for frame in taken)
    assert 20 < answer["fps"] < 30
    assert 0 <= answer["newest_age_ms"] < 1000
    assert answer["readers"] == 1 and answer["reconnects"] == 0
    assert (answer["width"], answer["height"]) == (64, 48)
    assert answer["pid"] == source.pid and answer["config_hash"]
    assert answer["bad"] == dict.fromkeys(
        ("truncated", "corrupt", "no_frame", "bad_size", "too_large", "not_jpeg", "unpainted"), 0)


def test_real_pictures(capture, camsim, assets):
    camera = camsim(source=assets / "media/street.mjpeg", fps=30)
    clip = (assets / "media/street.mjpeg").read_bytes()
    source = capture(url=f"{camera.url}/stream")
    with reader(source) as frames:
        taken = frames.frames(60)
    assert all(frame.jpeg in clip and frame.jpeg[:2] == b"\xff\xd8" for frame in taken)
    assert {(frame.width, frame.height) for frame in taken} == {(640, 352)}
    assert sum(stats(source)["bad"].values()) == 0


@pytest.mark.parametrize("faults", [
    ["no-content-length"], ["wrong-content-length=-100"], ["wrong-content-length=-1"],
    ["wrong-content-length=30"], ["wrong-content-length=500"], ["boundary=quoted"],
    ["boundary=doubled"], ["boundary=missing"], ["boundary=other"], ["boundary=after"],
    ["boundary=bare"], ["chunked=off"], ["garbage=100"], ["garbage=5000"],
    ["boundary=missing", "no-content-length", "garbage=300"],
], ids=" ".join)
def test_odd_streams_are_read_all_the_same(capture, camsim, faults):
    camera = camsim(*(option for fault in faults for option in ("--fault", fault)), fps=50)
    source = capture(url=f"{camera.url}/stream")
    with reader(source) as frames:
        for frame in frames.frames(20):
            assert frame.jpeg == grey_jpeg(picture_number(frame.jpeg))
            assert frame.source_number > 0 or "bare" in faults[0]
    answer = stats(source)
    assert answer["reconnects"] == 0
    assert sum(answer["bad"].values()) == 0, answer["bad"]


@pytest.mark.parametrize("sized", [True, False], ids=["content-length", "scanning"])
@pytest.mark.parametrize("fault, value, cause", [
    ("truncated", None, "truncated"), ("corrupt", None, "corrupt"), ("oversized", LARGE, "too_large"),
])
def test_bad_pictures_are_counted_and_passed_over(capture, camsim, fault, value, cause, sized):
    camera = camsim(*([] if sized else ["--fault", "no-content-length"]))
    source = capture(url=f"{camera.url}/stream", top={"max_frame_bytes": LARGE - 1})
    with reader(source) as frames:
        frames.frames(3)
        camera.fault(fault, value, frames=4)
        wait_until(lambda: stats(source)["bad"][cause] == 4, 10, f"4 {cause}")
        last = frames.frame().number
        assert all(frame.number > last for frame in frames.frames(3))
    answer = stats(source)
    assert sum(answer["bad"].values()) == 4
    assert answer["reconnects"] == 0


def test_a_slow_trickle_still_makes_frames(camsim, capture):
    process = capture(url=f"{camsim('--fault', 'trickle=10000').url}/stream")
    assert sum(wait_more_frames(process, 3, timeout=15)["bad"].values()) == 0


# --- connections ---


@pytest.mark.parametrize("fault, words", [
    ("cut", ""), ("reset", "connection reset by peer"),
])
def test_a_broken_connection_is_made_again_after_a_second(capture, camsim, fault, words):
    camera = camsim()
    source = capture(url=f"{camera.url}/stream")
    with reader(source) as frames:
        frames.frames(3)
        camera.fault(fault, frames=1)
        wait_until(lambda: camera.state()["clients"] == 0, 5, "the end of the connection")
        began = time.monotonic()
        assert words in stats(source)["reason"]
        frames.frames(10)
        assert 0.7 < time.monotonic() - began < 4
    answer = stats(source)
    assert answer["reconnects"] == 1
    assert answer["state"] == "online" and answer["reason"] == ""
    assert camera.state()["refused"] == 0


def test_a_camera_that_dies_and_comes_back(capture, camsim):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    source = capture(url=f"http://127.0.0.1:{port}/stream")
    wait_reason(source, "connection refused")
    camera = camsim("--listen", f"127.0.0.1:{port}")
    with reader(source) as frames:
        generation = frames.frame(10).generation
        camera.end()
        wait_reason(source, "connection refused", 10)
        with source.control() as control:
            control.wait_state("stale", 3)
        camsim("--listen", f"127.0.0.1:{port}")
        # The old ring goes on: readers see nothing but later numbers.
        number = frames.last
        frame = frames.frame(10)
        assert frame.generation == generation and frame.number > number


def test_a_dead_camera_does_not_hold_up_the_start(capture):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        process = capture(url=f"http://127.0.0.1:{unused.getsockname()[1]}/stream")
        with process.control() as control:
            control.wait(lambda message: message.get("reason"), 5, "a reason")
            assert control.status["state"] in ("connecting", "offline")


def test_the_only_socket_of_a_camera_is_enough(capture, camsim):
    camera = camsim("--clients", "one")
    for _ in range(3):
        source = capture(url=f"{camera.url}/stream")
        with reader(source) as frames:
            frames.frames(5)
        source.child.send_signal(signal.SIGKILL)
        source.child.wait()
        wait_until(lambda: camera.state()["clients"] == 0, 5, "its end")
    assert camera.state()["refused"] == 0


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_authentication(capture, camsim, scheme):
    camera = camsim("--fault", f"401={scheme}", "--credentials", "camera:se cr/et")
    host = camera.url.removeprefix("http://")
    for options in ({"user": "camera", "password": "se cr/et", "url": f"http://{host}/stream"},
                    {"url": f"http://camera:se%20cr%2Fet@{host}/stream"}):
        with reader(capture(camera="GOOD", **options)) as frames:
            frames.frames(3)
    none = capture(url=f"http://{host}/stream")
    assert wait_reason(none, "401")["reason"] == "401: user and password are needed"
    for options in ({"user": "camera", "password": "hushhush", "url": f"http://{host}/stream"},
                    {"url": f"http://camera:hushhush@{host}/stream"}):
        wrong = capture(**options)
        assert wait_reason(wrong, "401")["reason"] == "401: user or password is wrong"
        assert stats(wrong)["state"] == "connecting"
        assert "hushhush" not in str(stats(wrong)) + wrong.log_text()


@pytest.mark.parametrize("fault, reason", [("401=basic", "401"), ("500", "500")])
def test_refusals_are_told_and_tried_again(camsim, capture, fault, reason):
    camera = camsim("--fault", fault)
    process = capture(url=f"{camera.url}/stream")
    with process.control() as control:
        control.wait(lambda message: reason in message.get("reason", ""), 10, f"reason {reason}")
        camera.fault("none")
        control.wait_state("online", 10)


def test_redirects(capture, camsim):
    camera = camsim("--fault", "redirect")
    with reader(capture(url=f"{camera.url}/stream")) as frames:
        frames.frames(3)
    for target, words in ((f"{camera.url}/stream", "redirected too often"),
                          ("ftp://127.0.0.1/stream", "neither http nor https"),
                          ("file:///etc/passwd", "neither http nor https")):
        camera.fault("redirect", target)
        wait_reason(capture(url=f"{camera.url}/stream"), words)


def test_reasons_in_words(capture, camsim):
    def answer(handler):
        if handler.path == "/html":
            handler.reply(200, b"<h1>hello</h1>", Content_Type="text/html; charset=utf-8")
        elif handler.path == "/jpeg":
            handler.reply(200, grey_jpeg(1), Content_Type="image/jpeg")
        elif handler.path == "/head":
            handler.reply(200, X_Long="x" * 60000, X_Longer="x" * 60000)
        elif handler.path == "/closed":
            handler.connection.shutdown(socket.SHUT_RDWR)
        else:
            handler.reply(int(handler.path[1:]), b"<h1>error</h1>", Content_Type="text/html")

    with server(answer) as web:
        for path, words in (("/html", "not an MJPEG stream: text/html"),
                            ("/jpeg", "set source to snapshot"), ("/500", "500"),
                            ("/404", "404: there is nothing at this path"),
                            ("/head", "the head of the answer is longer"),
                            ("/closed", "connection closed without an answer")):
            source = capture(url=web.url + path)
            wait_reason(source, words)
            source.end()
    wait_reason(capture(url="http://camera.invalid/stream"), "name not found", 10)
    wait_reason(capture(source="snapshot", url=f"{camsim().url}/stream"), "set source to mjpeg")


def test_tls(capture, tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("makes its certificate with the openssl command")
    pem = tmp_path / "camera.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=camera", "-keyout", pem, "-out", tmp_path / "certificate.pem"],
                   check=True, capture_output=True)
    pem.write_text(pem.read_text() + (tmp_path / "certificate.pem").read_text())
    with server(lambda handler: handler.reply(200, grey_jpeg(1)), pem) as web:
        settings = {"source": "snapshot", "url": web.url}
        wait_reason(capture(**settings), "the TLS certificate is not trusted")
        with reader(capture(tls_verify=False, **settings)) as frames:
            frames.frames(3)


# --- what time alone tells ---


def test_a_stalled_camera_goes_stale_and_comes_back(camsim, capture):
    camera = camsim()
    process = capture(url=f"{camera.url}/stream")
    with process.control() as control:
        control.wait_state("online")
        camera.fault("stall")
        began = time.monotonic()
        control.wait_state("stale", 5)
        assert 0.5 < time.monotonic() - began < 2.5
        camera.fault("none")
        control.wait_state("online", 3)
    assert stats(process)["reconnects"] == 0


def test_what_time_alone_tells(capture, camsim):
    """Silence, the same picture again and again, a camera too slow to be one, one whose pictures cannot
    be used: 10 s, all at once."""
    stalled, frozen, slow = camsim(), camsim(), camsim("--fault", "trickle=50")
    large = camsim("--fault", f"oversized={LARGE}", fps=2)
    sources = {camera: capture(url=f"{camera.url}/stream", top={"max_frame_bytes": LARGE - 1})
               for camera in (stalled, frozen, slow, large)}
    controls = {camera: source.control() for camera, source in sources.items()}
    controls[frozen].wait_state("online")
    controls[stalled].wait_state("online")
    stalled.fault("stall", "middle")
    frozen.fault("frozen")
    began = time.monotonic()
    assert controls[stalled].wait_state("stale", 4)["reason"] == "no new picture"
    assert 0.8 < time.monotonic() - began < 3
    assert controls[stalled].wait_state("offline", 12)["reason"] == "no picture for 10 s"
    assert 9 < time.monotonic() - began < 12
    assert controls[frozen].wait_state("frozen", 4)["reason"].startswith("the picture has not")
    assert 9 < time.monotonic() - began < 13
    assert controls[slow].wait_state("offline", 12)["reason"] == "no picture for 10 s"
    assert controls[large].wait_state("offline", 12)["reason"].endswith("larger than max_frame_bytes")
    for camera in sources:
        camera.fault("none")
        controls[camera].wait_state("online", 5)
        controls[camera].close()
    assert stats(sources[frozen])["reconnects"] == 0
    assert stats(sources[stalled])["reconnects"] == 1
    assert stalled.state()["streams"] == 2
