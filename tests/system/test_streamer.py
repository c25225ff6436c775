"""Browsers and phones as cameras: what they send, what they are told, and what others see of it."""

import asyncio
import base64
import json
import os
import re
import signal
import struct
import time

import pytest
import websocket
import websockets

from harness.broadcaster import Broadcaster, jpeg_of, receive
from harness.control import Control
from harness.echo import Wire, handshake
from harness.faults import memory_kb, sanitized
from harness.jpeg import grey_jpeg, picture_number
from harness.processes import http
from harness.ring import Reader
from harness.streamer import Streamer, data_url
from harness.waiting import wait_until

JPEG = grey_jpeg(1)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(60)


@pytest.fixture
def server(started, tmp_path):
    """server(**settings) starts a broadcaster."""
    def start(**settings):
        started.append(Broadcaster(tmp_path / f"broadcaster.{len(started)}", **settings))
        return started[-1]
    return start


@pytest.fixture
def streamer():
    """streamer(server, …) sends pictures."""
    made = []

    def start(*arguments, **options):
        made.append(Streamer(*arguments, **options))
        return made[-1]
    yield start
    for one in made:
        one.close()


def camera_control(server, camera="PHONE"):
    """The camera's socket, which is there as soon as the camera is."""
    path = server.run_dir / f"capture.{camera}.sock"
    wait_until(path.exists, 5, f"{path.name}")
    return Control(path)


def refusal(server, query):
    """(status, error code) of a handshake that fails."""
    with Wire(server.port) as wire:
        wire.send(handshake(f"/ws/streamer{query}"))
        status, _, body = wire.read_answer()
        return status, json.loads(body)["error"]["code"]


# --- pictures ---

def test_pictures_come_into_the_ring_as_they_were_sent(server, streamer):
    one = server()
    phone = streamer(one)
    with Reader(camera_control(one)) as reader:
        for number, size in enumerate((100, 3000, 3001, 3002, 3003, 60000, 700000), 1):
            picture = grey_jpeg(number, comment_bytes=min(size, 65000)) + bytes(0)
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            (phone.send if number % 2 else phone.send_binary)(picture)
            frame = reader.frame()
            assert frame.jpeg == picture
            assert (frame.number, frame.width, frame.height) == (number, 64, 48)
            assert before < frame.captured_ns <= frame.received_ns <= frame.published_ns
        reader.control.send("stats")
        stats = reader.control.wait(lambda message: message["type"] == "stats", 5, "stats")
    assert (stats["frames"], stats["state"], stats["readers"]) == (7, "online", 1)
    assert stats["config_hash"] == one.stats()["config_hash"]


def test_escapes_other_members_and_other_spellings(server, streamer):
    one = server()
    phone = streamer(one)
    url = data_url(JPEG)
    with Reader(camera_control(one)) as reader:
        for text in (json.dumps({"frame": url}).replace("/", "\\/"),
                     json.dumps({"a": [1, {"frame": 2}], "frame": url, "timestamp": 17.5}),
                     json.dumps({"frame": url.replace("data:image/jpeg", "DATA:image/JPEG")}),
                     json.dumps({"frame": url.replace("image/jpeg;", "image/jpg;q=1;")}),
                     '{"fr\\u0061me" : "' + url + '"}'):
            phone.say(text)
            assert reader.frame().jpeg == JPEG
        large = grey_jpeg(9, comment_bytes=50000)
        phone.say(json.dumps({"frame": data_url(large)}).replace("/", "\\u002f"))
        assert reader.frame().jpeg == large


BAD = [
    (json.dumps({"frame": data_url(PNG, "image/png")}), "PNG"),
    (json.dumps({"frame": data_url(WEBP, "image/webp")}), "WebP"),
    (json.dumps({"frame": data_url(PNG)}), "PNG"),
    (json.dumps({"frame": data_url(WEBP)}), "WebP"),
    (json.dumps({"frame": data_url(JPEG).partition(",")[2]}), "bare base64"),
    (json.dumps({"frame": data_url(JPEG, "image/gif")}), "another type"),
    (json.dumps({"frame": "data:image/jpeg,abc"}), "not in base64"),
    (json.dumps({"frame": "data:image/jpeg;base64,"}), "without data"),
    (json.dumps({"frame": ""}), "empty"),
    (json.dumps({"frame": "http://a/b.jpg"}), "not a data URL"),
    (json.dumps({"frame": 1}), "not a string"),
    (json.dumps({"frame": data_url(JPEG)[:-4]}), "has no end"),
    (json.dumps({"frame": data_url(JPEG) + "A"}), "base64 is wrong"),
    (json.dumps({"frame": data_url(JPEG)[:3000] + "*" + data_url(JPEG)[3001:]}),
     "base64 is wrong"),
    (json.dumps({"frame": data_url(grey_jpeg(2, width=0))}), "width or height"),
    (json.dumps({"image": data_url(JPEG)}), "no frame"),
    ('{"frame":"' + data_url(JPEG) + '","frame":"x"}', "twice"),
    (data_url(JPEG), "stands alone"),
    ("{", "JSON"), ("[]", "JSON"), ("hello", "JSON"),
    (PNG, "PNG"), (WEBP, "WebP"), (JPEG[:-2], "has no end"), (b"", "not a JPEG"),
]


@pytest.mark.parametrize("bad,word", BAD, ids=[f"{n}-{word}" for n, (_, word) in enumerate(BAD)])
def test_a_bad_frame_is_named_and_skipped(running, streamer, bad, word):
    phone = streamer(running)
    try:
        (phone.send_binary if isinstance(bad, bytes) else phone.say)(bad)
        assert word in phone.error()
        phone.send(JPEG)
        phone.say("ping")
        assert phone.receive() == "pong"
    finally:
        phone.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One broadcaster for all bad frames."""
    one = Broadcaster(tmp_path_factory.mktemp("bad"))
    yield one
    assert one.end() == 0, one.log_text()


def test_ten_bad_frames_in_a_row_close(server, streamer):
    phone = streamer(server())
    for bad in range(9):
        phone.send_binary(PNG)
        assert "PNG" in phone.error()
    phone.send(JPEG)
    for bad in range(10):
        phone.send_binary(PNG)
    code, reason = phone.receive_close()
    assert code == 1008
    assert "10 bad frames in a row" in reason and "PNG" in reason


def test_what_is_too_large(server, streamer):
    one = server(top={"max_frame_bytes": 65536})
    phone = streamer(one)
    assert phone.hello["max_frame_bytes"] == 65536
    many = JPEG[:2] + (b"\xff\xfe\xff\xff" + bytes(65533)) * 2 + JPEG[2:]
    fits = JPEG[:2] + b"\xff\xfe\xf0\x00" + bytes(0xf000 - 2) + JPEG[2:]
    assert 60000 < len(fits) <= 65536 < len(many)
    with Reader(camera_control(one)) as reader:
        for send in (phone.send, phone.send_binary):
            send(fits)
            assert reader.frame().jpeg == fits
    phone.send_binary(JPEG[:2] + b"\xff\xfe\xff\xff" + bytes(65533) + JPEG[2:])
    assert "larger than max_frame_bytes" in phone.error()
    phone.send_binary(many)
    assert "larger than max_frame_bytes" in phone.error()
    phone.socket.send_binary(bytes(65536 // 3 * 4 + 65536 + 8))
    assert phone.receive_close()[0] == 1009


def test_all_that_is_half_received_has_one_limit(server, streamer):
    # The record would open its database meanwhile.
    one = server(intake_memory=1500000,
                 top={"max_frame_bytes": 1 << 20, "history": {"enabled": False}})
    before = one.resident_kb()
    phones = [Wire(one.port, 0.3) for _ in range(6)]
    head = bytes([0x82, 0xff]) + (600000).to_bytes(8, "big") + bytes(4)
    codes = []
    for number, phone in enumerate(phones):
        phone.upgrade(path=f"/ws/streamer?camera_id=P{number}")
        phone.read_frame()
        phone.send(head + bytes(400000))
    for phone in phones:
        try:
            codes.append(phone.read_close()[0])
        except TimeoutError:
            codes.append(None)
    assert codes.count(1013) >= 3 and codes.count(None) >= 1, codes
    assert one.resident_kb() - before < 4000
    for phone in phones:
        phone.close()
    again = streamer(one, "P9")
    again.send(JPEG)
    with Reader(camera_control(one, "P9")) as reader:
        assert reader.frame().jpeg == JPEG


def test_pings_are_answered_and_never_pile_up(server, streamer):
    one = server()
    phone = streamer(one)
    phone.say('{"type":"ping","t":12.5}')
    answer = phone.receive()
    assert (answer["type"], answer["t"]) == ("pong", 12.5)
    assert abs(answer["server_time"] - time.time()) < 5
    before = one.resident_kb()
    for _ in range(20000):
        phone.say("ping")
    phone.say("pong")
    phone.say("keepalive")
    phone.send(JPEG)
    with Reader(camera_control(one)) as reader:
        assert reader.frame(20).jpeg == JPEG
    assert one.resident_kb() - before < 3000


# --- silence ---

def test_silence_is_warned_of_and_then_closed(server, streamer):
    one = server(streamer_warn_s=0.4, streamer_timeout_s=0.8)
    phone = streamer(one)
    viewer = one.watch("PHONE")
    began = time.monotonic()
    phone.send(JPEG)
    warning = phone.receive()
    assert warning["type"] == "warning" and "no frame for 0.4 s" in warning["message"]
    assert 0.3 < time.monotonic() - began < 0.75
    assert phone.receive_close() == (1008, "no frame for 0.8 s")
    assert 0.7 < time.monotonic() - began < 2
    assert "streamer closed" in one.log_text()
    viewer.close()


def test_pings_and_bad_frames_are_no_frames(server, streamer):
    one = server(streamer_warn_s=0.3, streamer_timeout_s=0.6)
    phone = streamer(one)
    began, said = time.monotonic(), []
    while not said or said[-1] is not None:
        phone.say("ping")
        try:
            said.append(phone.socket.recv() or None)
            time.sleep(0.05)
        except websocket.WebSocketException:
            said.append(None)
    assert 0.5 < time.monotonic() - began < 1.5


def test_a_broadcaster_that_stood_still_blames_nobody(server, streamer):
    one = server(streamer_warn_s=0.3, streamer_timeout_s=0.6)
    phone = streamer(one)
    phone.send(JPEG)
    os.kill(one.pid, signal.SIGSTOP)
    time.sleep(1.2)
    os.kill(one.pid, signal.SIGCONT)
    phone.send(grey_jpeg(2))
    with Reader(camera_control(one)) as reader:
        while picture_number(reader.frame().jpeg) != 2:
            pass
    phone.say("ping")
    assert phone.receive() == "pong"


# --- who may ---

def test_the_same_user_takes_over_and_others_may_not(server, streamer):
    one = server()
    first = streamer(one, user="ann")
    assert refusal(one, "?camera_id=PHONE&user_id=bob") == (409, "camera_in_use")
    assert refusal(one, "?camera_id=PHONE") == (409, "camera_in_use")
    with Reader(camera_control(one)) as reader:
        first.send(JPEG)
        assert reader.frame().jpeg == JPEG
        second = streamer(one, user="ann")
        assert first.receive_close()[0] == 4001
        second.send(grey_jpeg(2))
        frame = reader.frame()
        assert (frame.number, picture_number(frame.jpeg)) == (2, 2)
    second.close()
    third = streamer(one, user="bob")  # nobody sends it any more
    third.send(JPEG)
    assert "stream_ended" not in one.log_text()


def test_the_same_address_takes_over(server, streamer):
    one = server()
    first = streamer(one)
    streamer(one)
    assert first.receive_close()[0] == 4001


def test_a_handshake_that_fails_takes_nothing_over(server, streamer):
    one = server()
    phone = streamer(one)
    status, _, answer = http("GET", f"{one.url}/ws/streamer?camera_id=PHONE")
    assert (status, answer["error"]["code"]) == (426, "upgrade_required")
    phone.say("ping")
    assert phone.receive() == "pong"
    assert http("GET", f"{one.url}/ws/streamer?camera_id=OTHER")[0] == 426
    assert not (one.run_dir / "capture.OTHER.sock").exists()


def test_refusals(server, streamer):
    one = server(max_streams=1, top={"cameras": {"CAM1": {"url": "http://127.0.0.1:9/"}}})
    assert refusal(one, "") == (400, "bad_camera_id")
    assert refusal(one, "?camera_id=a/b") == (400, "bad_camera_id")
    assert refusal(one, "?camera_id=CAM1") == (409, "captured_camera")
    streamer(one)
    assert refusal(one, "?camera_id=OTHER") == (503, "too_many_streams")
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        streamer(one, origin="http://evil.example")
    assert caught.value.status_code == 403


# --- what others see ---

def states(control, *wanted, timeout=5):
    for state in wanted:
        control.wait_state(state, timeout)


def test_the_states_of_a_configured_camera(server, streamer):
    one = server(top={"cameras": {"PHONE": {"source": "push"}}})
    with camera_control(one) as control:
        states(control, "connecting")
        assert control.status["reason"] == "nobody sends its pictures"
        phone = streamer(one)
        phone.send(JPEG)
        states(control, "online")
        phone.close()
        states(control, "stale")
        assert control.status["reason"] == "the streamer has left"
        cameras = http("GET", f"{one.url}/api/cameras")[2]["cameras"]
        assert [(each["id"], each["source"], each["state"], each["width"])
                for each in cameras] == [("PHONE", "push", "stale", 64)]
        one.post_frame("PHONE", JPEG)  # while nobody pushes, somebody else may post
        assert http("GET", f"{one.url}/api/cameras")[2]["cameras"][0]["state"] == "online"
        again = streamer(one)
        again.send(JPEG)
        states(control, "online")


@pytest.mark.slow
def test_nobody_sends_for_long(server, streamer):
    one = server(top={"cameras": {"PHONE": {"source": "push"}}})
    with camera_control(one) as control:
        states(control, "connecting", "offline", timeout=12)
        streamer(one).send(JPEG)
        states(control, "online", "stale", "offline", timeout=12)


@pytest.mark.slow
def test_a_picture_that_never_changes_is_frozen(server, streamer):
    one = server()
    phone = streamer(one)
    with camera_control(one) as control:
        deadline = time.monotonic() + 15
        while control.status is None or control.status["state"] != "frozen":
            assert time.monotonic() < deadline
            phone.send(JPEG)
            try:
                control.receive(0.2)
            except TimeoutError:
                pass
        phone.send(grey_jpeg(2))
        states(control, "online")


def test_a_reader_outlives_streamers(server, streamer):
    one = server()
    phone = streamer(one)
    with Reader(camera_control(one)) as reader:
        for number in range(1, 6):
            phone.send(grey_jpeg(number))
            assert picture_number(reader.frame().jpeg) == number
            phone.close() if number % 2 else phone.cut()
            wait_until(lambda number=number: one.log_text().count("streamer gone") == number, 5,
                       "the end is seen")
            phone = streamer(one)
        reader.control.send("stats")
        stats = reader.control.wait(lambda message: message["type"] == "stats", 5, "stats")
        assert (stats["frames"], stats["reconnects"]) == (5, 5)


def test_an_unconfigured_camera_is_forgotten(server, streamer):
    one = server(stream_idle_s=0.5)
    phone = streamer(one)
    phone.send(JPEG)
    path = one.run_dir / "capture.PHONE.sock"
    wait_until(path.exists, 5, "its socket")
    phone.close()
    wait_until(lambda: not path.exists(), 5, "no socket")
    streamer(one).send(JPEG)
    wait_until(path.exists, 5, "its socket again")


def test_a_reload_takes_the_camera_for_a_capture(server, streamer):
    one = server()
    phone = streamer(one)
    phone.send(JPEG)
    one.config["cameras"] = {"PHONE": {"url": "http://127.0.0.1:9/"}}
    one.write_config()
    os.kill(one.pid, signal.SIGHUP)
    assert phone.receive_close() == (1008, "this camera is captured now")
    wait_until(lambda: not (one.run_dir / "capture.PHONE.sock").exists(), 5, "no socket of ours")


def test_a_reload_of_the_largest_frame(server, streamer):
    one = server(top={"max_frame_bytes": 65536})
    phone = streamer(one)
    one.config["max_frame_bytes"] = 1 << 20
    one.write_config()
    before = one.stats()["config_hash"]
    os.kill(one.pid, signal.SIGHUP)
    wait_until(lambda: one.stats()["config_hash"] != before, 5, "the reload")
    phone.close()
    phone = streamer(one)
    large = JPEG[:2] + (b"\xff\xfe\xff\xff" + bytes(65533)) * 8 + JPEG[2:]
    with Reader(camera_control(one)) as reader:
        phone.send(large)
        assert reader.frame().jpeg == large


def test_the_newest_snapshot(server, streamer):
    one = server()
    phone = streamer(one)
    phone.send(JPEG)
    wait_until(lambda: "PHONE" in one.streams(), 5, "its stream")
    status, _, body = http("GET", f"{one.url}/api/cameras/PHONE/snapshot.jpg")
    assert (status, body) == (200, JPEG)
    camera, = http("GET", f"{one.url}/api/cameras")[2]["cameras"]
    assert (camera["id"], camera["source"], camera["state"]) == ("PHONE", "push", "online")
    phone.send_binary(grey_jpeg(2))
    wait_until(lambda: one.streams()["PHONE"]["frame_count"] == 2, 5, "another picture")
    status, _, body = http("GET", f"{one.url}/api/cameras/PHONE/snapshot.jpg")
    assert (status, picture_number(body)) == (200, 2)
    phone.close()
    wait_until(lambda: "streamer gone" in one.log_text(), 5, "its end")
    time.sleep(0.1)
    status, _, answer = http("GET", f"{one.url}/api/cameras/PHONE/snapshot.jpg?max_age=0.05")
    assert (status, answer["error"]["code"]) == (503, "stale")


def test_an_independent_client_sends_a_clip(server, camsim, clip):
    """python3-websockets sends what a camera shows, in text, binary and fragments."""
    one = server()
    pictures = clip.read_bytes().split(b"\xff\xd8")[1:]
    pictures = [b"\xff\xd8" + picture for picture in pictures][:30]

    async def send():
        uri = f"ws://127.0.0.1:{one.port}/ws/streamer?camera_id=PHONE"
        async with websockets.connect(uri) as phone:
            assert json.loads(await phone.recv())["type"] == "streamer_connected"
            with Reader(camera_control(one)) as reader:
                for number, picture in enumerate(pictures):
                    if number % 3 == 0:
                        await phone.send(json.dumps({"frame": data_url(picture)}))
                    elif number % 3 == 1:
                        await phone.send(picture)
                    else:
                        await phone.send([picture[:100], picture[100:150], picture[150:]])
                    frame = await asyncio.to_thread(reader.frame)
                    assert frame.jpeg == picture
    asyncio.run(send())
    wait_until(lambda: "streamer gone" in one.log_text(), 5, "its end")
    assert re.search(r"streamer gone id=[0-9a-f]{8} reason=peer-closed .* frames=30 bad=0",
                     one.log_text())


def test_storms_of_streamers_leave_nothing(server, streamer):
    one = server(stream_idle_s=0.2)
    def storm():
        for number in range(60):
            phone = Streamer(one, f"P{number % 20}")
            phone.send(JPEG)
            phone.close() if number % 2 else phone.cut()
        wait_until(lambda: not list(one.run_dir.glob("capture.*")), 10, "no camera left")
    storm()
    descriptors, resident = len(os.listdir(f"/proc/{one.pid}/fd")), memory_kb(one.pid)
    for _ in range(2):
        storm()
    assert len(os.listdir(f"/proc/{one.pid}/fd")) <= descriptors + 2
    if not sanitized():
        assert memory_kb(one.pid) < resident + 1500


# --- viewers ---

def watch(server, path, camera="PHONE"):
    return websocket.create_connection(
        f"ws://127.0.0.1:{server.port}{path}" + (f"?camera_id={camera}" if camera else ""),
        timeout=10, skip_utf8_validation=True)


def next_of(viewer, *types):
    """The next message of one of these types."""
    while True:
        message = receive(viewer)
        if isinstance(message, dict) and message["type"] in types:
            return message


def raw_picture(viewer):
    return base64.b64decode(next_of(viewer, "frame")["data"], validate=True)


def test_raw_viewers_see_what_is_pushed(server, streamer):
    one = server(top={"cameras": {"PHONE": {"source": "push"}}})
    viewer = watch(one, "/ws/stream/raw")
    phone = streamer(one)
    for number, send in enumerate((phone.send, phone.send_binary, phone.send), 1):
        send(grey_jpeg(number))
        assert picture_number(raw_picture(viewer)) == number
        time.sleep(0.04)  # their pace is 30 a second
    late = watch(one, "/ws/stream/raw")
    assert picture_number(raw_picture(late)) == 3  # the newest at once
    phone.close()
    for each in (viewer, late):
        ended = next_of(each, "stream_ended")
        assert (ended["camera_id"], ended["reason"]) == ("PHONE", "the streamer has left")
    phone = streamer(one)
    phone.send(grey_jpeg(4))
    for each in (viewer, late):
        kinds = {next_of(each, "frame", "stream_started")["type"] for _ in range(2)}
        assert kinds == {"frame", "stream_started"}
        each.close()


def test_a_viewer_of_everything_sees_what_is_pushed(server, streamer):
    one = server()
    viewer = watch(one, "/ws/viewer/detection", None)
    assert receive(viewer)["active_streams"] == []
    phones = {}
    for camera in "AB":
        phones[camera] = streamer(one, camera)
        phones[camera].send(JPEG)
        frame = next_of(viewer, "frame")
        assert (frame["camera_id"], frame["kind"], jpeg_of(frame)) == (camera, "raw", JPEG)
    for camera in "AB":
        phones[camera].close()
        assert next_of(viewer, "stream_ended")["camera_id"] == camera
    again = streamer(one, "A")
    again.send(grey_jpeg(2))
    assert next_of(viewer, "frame")["camera_id"] == "A"
    viewer.close()


def test_restarted_at_once_a_hundred_times(server, streamer):
    """Nobody sees an end after the beginning that followed it."""
    one = server()
    streamer(one).send(JPEG)
    wait_until(lambda: "PHONE" in one.streams(), 5, "its stream")
    viewer = watch(one, "/ws/stream/raw")
    for number in range(2, 102):
        phone = streamer(one)
        phone.send(grey_jpeg(number))
        phone.close() if number % 2 else phone.cut()
    last = streamer(one)
    last.send(grey_jpeg(200))
    running = None
    while True:
        message = next_of(viewer, "frame", "stream_started", "stream_ended")
        if message["type"] != "frame":
            assert running != (message["type"] == "stream_started") or running is None
            running = message["type"] == "stream_started"
        elif picture_number(base64.b64decode(message["data"])) == 200:
            break
    assert one.streams()["PHONE"]["frame_count"] == 102
    viewer.close()


def test_silence_ends_the_stream_for_viewers(server, streamer):
    one = server(streamer_timeout_s=0.4)
    phone = streamer(one)
    phone.send(JPEG)
    wait_until(lambda: "PHONE" in one.streams(), 5, "its stream")
    viewer = watch(one, "/ws/stream/raw")
    assert next_of(viewer, "stream_ended")["reason"] == "no frame for 0.4 s"
    viewer.close()


# --- a detector ---

@pytest.mark.parametrize("configured", (True, False), ids=("configured", "unconfigured"))
def test_the_detector_takes_it_for_a_camera(pipeline, assets, streamer, configured):
    models = assets / "models"
    detector = {"model": str(models / "yolo-fastest-1.1.cfg"), "conf": 0.3,
                "weights": str(models / "yolo-fastest-1.1.weights"),
                "names": str(models / "coco.names")}
    one = pipeline({"PHONE": {"source": "push", "fps": 20}} if configured else {},
                   detector=detector).up()
    pictures = (assets / "media/street.mjpeg").read_bytes().split(b"\xff\xd8\xff")[1:]
    phone = streamer(one)
    viewer = None
    found = []
    for number in range(400):
        phone.send(b"\xff\xd8\xff" + pictures[number % len(pictures)])
        time.sleep(0.04)
        if viewer is None and number == 2:
            viewer = watch(one, "/ws/viewer/detection")
            viewer.settimeout(0.01)
        while viewer is not None:
            try:
                message = receive(viewer)
            except websocket.WebSocketTimeoutException:
                break
            if isinstance(message, dict) and message["type"] == "frame":
                found.append(message)
        if sum(bool(each["metadata"]["detections"]) for each in found) >= 5:
            break
    assert sum(bool(each["metadata"]["detections"]) for each in found) >= 5, len(found)
    assert all(each["metadata"]["frame"]["camera"] == "PHONE" for each in found)
    viewer.settimeout(10)
    phone.close()
    assert next_of(viewer, "stream_ended")["reason"] == "the streamer has left"
    viewer.settimeout(1)
    with pytest.raises(websocket.WebSocketTimeoutException):  # nothing of it comes late
        next_of(viewer, "frame", "stream_started")
    viewer.close()
