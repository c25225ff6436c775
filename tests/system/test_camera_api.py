"""Cameras added, changed and removed through the API, under a supervisor and without one."""

import base64
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
import websocket

import harness.broadcaster
from harness.access import Token
from harness.broadcaster import Broadcaster
from harness.camera_api import CameraApi
from harness.faults import stopped
from harness.jpeg import grey_jpeg
from harness.processes import PROGRAMS, alive
from harness.waiting import wait_until


@pytest.fixture
def running(camsim, pipeline):
    """A pipeline with CAM1, and its API."""
    made = pipeline({"CAM1": {"url": f"{camsim().url}/stream", "name": "North lot"}})
    made.api = CameraApi(made)
    return made.up()


@pytest.fixture
def alone(started, tmp_path):
    """A broadcaster without a supervisor, and its API."""
    started.append(Broadcaster(tmp_path / "alone", top={
        "cameras": {"CAM1": {"url": "http://127.0.0.1:1/stream"}, "PHONE": {}}}))
    started[-1].api = CameraApi(started[-1])
    return started[-1]


def overlay(running):
    path = running.folder / "state/cameras.json"
    return json.loads(path.read_text()) if path.exists() else None


def hashes(running):
    """What each process works with."""
    found = {}
    for name in running.state():
        with running.control(name) as control:
            found[name] = control.ask("stats")["config_hash"]
    return found


# --- what a change does ---

def test_an_added_camera_is_online_and_other_viewers_lose_nothing(running, camsim, viewer, worker):
    before = running.state()
    posting = worker(running.url, camera="posted")
    watching = viewer(running.url, "/ws/viewer/detection?camera_id=posted")
    watching.wait_frame()
    added = running.api.add("CAM2", url=f"{camsim().url}/stream", name="Süd", fps=3)
    assert (added["name"], added["origin"], added["settings"]["fps"]) == ("Süd", "added", 3)
    wait_until(lambda: running.api.get("CAM2")["state"] == "online", 10, "CAM2 online")
    running.wait_running("capture.CAM2", 0)
    after = running.state()
    assert {name: after[name] for name in before} == before, "nobody was restarted"
    watching.wait_frame(since=time.monotonic())
    numbers = [frame["metadata"]["number"] for frame in watching.frames()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert watching.closed is None and posting.failed == 0
    assert len(set(hashes(running).values())) == 1


def test_it_is_still_there_after_a_restart(running, camsim):
    running.api.add("CAM2", url=f"{camsim().url}/stream")
    running.api.put("CAM1", name="Süd")
    path = running.folder / "state/cameras.json"
    assert path.stat().st_mode & 0o777 == 0o600
    running.down()
    running.up()
    assert running.api.ids() == ["CAM1", "CAM2"] and running.api.get("CAM1")["name"] == "Süd"
    assert overlay(running)["CAM1"] == {"name": "Süd"}


def test_a_changed_camera_keeps_its_viewers(running, camsim, viewer):
    before = running.state()
    watching = viewer(running.url, "/ws/stream/raw?camera_id=CAM1")
    watching.wait_frame()
    other = camsim()
    changed = running.api.put("CAM1", url=f"{other.url}/stream", name="East", fps=2, skip_frames=3)
    assert (changed["name"], changed["origin"]) == ("East", "changed")
    assert (changed["settings"]["fps"], changed["settings"]["skip_frames"]) == (2, 3)
    wait_until(lambda: other.state()["streams"] == 1, 10, "the other camera is connected")
    watching.wait_frame(since=time.monotonic())
    assert watching.closed is None and running.state() == before
    changed = running.api.put("CAM1", name=None, url=None, fps=None, source="push")
    assert (changed["name"], changed["settings"]["fps"]) == ("CAM1", 10)
    wait_until(lambda: "capture.CAM1" not in running.state(), 5, "the end of its capture")


def test_viewers_of_a_removed_camera_are_told(running, viewer):
    pid = running.state()["capture.CAM1"]["pid"]
    watching = viewer(running.url, "/ws/stream/raw?camera_id=CAM1")
    watching.wait_frame()
    assert running.api.remove("CAM1")["removed"] == "CAM1"
    ended = watching.wait(lambda one: one["type"] == "stream_ended", 5, "the end of the stream")
    assert ended["reason"] == "the camera is no longer configured"
    watching.wait(lambda one: one["type"] == "camera_state" and one["state"] == "offline", 5,
                  "the camera's state")
    assert watching.closed is None
    assert running.api.ids() == [] and overlay(running) == {"CAM1": None}
    wait_until(lambda: not alive(pid), 5, "the end of its capture")
    assert running.api.ask("GET", "/CAM1")[0] == 404
    assert running.api.ask("DELETE", "/CAM1")[0] == 404


def test_a_camera_that_takes_the_name_of_a_removed_one_gets_nothing_of_it(camsim, pipeline):
    url = camsim().url
    running = pipeline({"CAM1": {"url": f"{url}/stream", "user": "admin", "password": "S3CRET",
                                 "fps": 3}}).up()
    api = CameraApi(running)
    api.remove("CAM1")
    other = camsim()
    added = api.add("CAM1", url=f"{other.url}/stream")
    assert added["settings"]["tiles"] == [1, 1] and added["settings"]["region"] is None
    assert added["settings"]["mask"] == added["settings"]["ignore"] == []
    assert added["settings"]["user"] is None and added["settings"]["has_password"] is False
    assert added["settings"]["fps"] == 10
    assert overlay(running) == {"CAM1": {"url": f"{other.url}/stream", "user": None, "password": None,
                                         "fps": None}}


SPACES = [{"id": "s1", "name": "A1", "polygon": [[0.1, 0.1], [0.3, 0.1], [0.3, 0.3]]}]


def test_spaces_are_applied_by_every_process(street):
    running = street()
    api = CameraApi(running)
    before = running.state()
    for body in (SPACES, {"spaces": SPACES}):
        camera = api.change("PUT", "/CAM1/spaces", body)["camera"]
        assert camera["spaces"] == SPACES and camera["settings"]["detect"] == "always"
        assert len(set(hashes(running).values())) == 1
        assert api.change("PUT", "/CAM1/spaces", {"spaces": None})["camera"]["spaces"] == []
    assert running.state() == before, "the detector was not restarted"


# --- what is refused ---

BROKEN = [
    ("POST", "", b"{", 400, "bad_json", []),
    ("POST", "", b'{"id": "A", "id": "B"}', 400, "bad_json", []),
    ("POST", "", [], 422, "invalid_camera", [""]),
    ("POST", "", {"url": "http://h/"}, 400, "bad_camera_id", ["id"]),
    ("POST", "", {"id": "../x"}, 400, "bad_camera_id", ["id"]),
    ("POST", "", {"id": "CAM1"}, 409, "camera_exists", []),
    ("POST", "", {"id": "A", "fps": 100, "url": "ftp://h/", "capture": "never", "ü" * 40: 1}, 422,
     "invalid_camera", ["url", "capture", "fps", "ü" * 32]),
    ("POST", "", {"id": "A", "path": "/etc"}, 422, "invalid_camera", ["path"]),
    ("POST", "", {"id": "A", "source": "file"}, 422, "invalid_camera", ["source", ""]),
    ("POST", "", {"id": "A", "source": "mjpeg"}, 422, "invalid_camera", [""]),
    ("PUT", "/CAM1", "x", 400, "bad_json", []),
    ("PUT", "/CAM1", [5], 422, "invalid_camera", [""]),
    ("PUT", "/CAM1", {"id": "CAM2"}, 422, "invalid_camera", ["id"]),
    ("PUT", "/CAM1", {"fps": {"a": None}}, 422, "invalid_camera", ["fps"]),
    ("PUT", "/CAM1", {"url": "http://h/x?pwd=***"}, 422, "invalid_camera", ["url"]),
    ("PUT", "/CAM1", {"has_password": True}, 422, "invalid_camera", ["has_password"]),
    ("PUT", "/NONE", {"fps": 1}, 404, "unknown_camera", []),
    ("PUT", "/bad%20id", {"fps": 1}, 400, "bad_camera_id", []),
    ("PUT", "/CAM1/spaces", {}, 422, "invalid_camera", ["spaces"]),
    ("PUT", "/CAM1/spaces", [{"id": "s", "polygon": [[0, 0], [2, 0], [0, 1]]}, 5], 422,
     "invalid_camera", ["spaces", "spaces"]),
    ("DELETE", "/NONE", None, 404, "unknown_camera", []),
]


def test_broken_bodies_change_nothing(running):
    before = running.api.revision(), running.state(), hashes(running)
    for method, path, body, expected, code, fields in BROKEN:
        status, answer, _ = running.api.ask(method, path, body)
        assert (status, answer["error"]["code"]) == (expected, code), (body, answer)
        assert answer["detail"] == answer["error"]["message"]
        assert [one["field"] for one in answer.get("errors", [])] == fields, (body, answer)
    status, answer, _ = running.api.ask("POST", "", b"{}", {"Content-Type": "text/plain"})
    assert (status, answer["error"]["code"]) == (415, "wrong_type")
    assert running.api.ask("POST", "", b" " * 1_100_000)[0] == 413
    assert (running.api.revision(), running.state(), hashes(running)) == before
    assert overlay(running) is None


def test_a_broken_file_is_named(running):
    """Somebody edits it, and has not reloaded."""
    running.config["broadcaster"]["unheard_of"] = 1
    running.write_config()
    status, answer, _ = running.api.ask("PUT", "/CAM1", {"fps": 3})
    assert (status, answer["error"]["code"]) == (409, "invalid_configuration")
    assert answer["errors"][0]["path"] == "broadcaster.unheard_of"
    assert overlay(running) is None


def test_a_change_of_what_was_changed_meanwhile_is_refused(running):
    revision = running.api.revision()
    running.api.put("CAM1", fps=3)
    status, answer, _ = running.api.ask("PUT", "/CAM1", {"fps": 4}, {"If-Match": revision})
    assert (status, answer["error"]["code"]) == (412, "changed_meanwhile")
    status, _, heads = running.api.ask("PUT", "/CAM1", {"fps": 5},
                                       {"If-Match": running.api.revision()})
    assert status == 200 and heads["ETag"] == running.api.revision()


def test_of_changes_at_the_same_time_one_is_applied(running):
    answers = []

    def put(fps):
        answers.append((running.api.ask("PUT", "/CAM1", {"fps": fps})[:2], fps))
    threads = [threading.Thread(target=put, args=(fps,)) for fps in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    applied = [fps for (status, _), fps in answers if status == 200]
    refused = [answer["error"]["code"] for (status, answer), _ in answers if status == 409]
    assert len(applied) + len(refused) == 5 and applied
    assert set(refused) <= {"change_in_progress"}
    assert running.api.get("CAM1")["settings"]["fps"] in applied


# --- passwords ---

SECRET = "S3CRET-wörd"


def test_a_password_is_never_shown(camsim, pipeline):
    camera = camsim("--fault", "401=digest", "--credentials", f"admin:{SECRET}")
    running = pipeline({}).up()
    api = CameraApi(running)
    answers = [api.add("CAM1", url=f"{camera.url}/stream", user="admin", password=SECRET)]
    wait_until(lambda: api.get("CAM1")["state"] == "online", 10, "the camera online")
    address = camera.url.split("//")[1]
    answers.append(api.put("CAM1", url=f"http://admin:S3CRET-w%C3%B6rd@{address}/stream?key=S3CRET"))
    answers.append(api.get("CAM1"))
    settings = answers[-1]["settings"]
    assert settings["url"] == f"{camera.url}/stream?key=***"
    assert (settings["user"], settings["has_password"]) == ("admin", True)
    answers.append(api.put("CAM1", url=settings["url"], fps=3))
    assert overlay(running)["CAM1"]["url"].endswith("?key=S3CRET"), "as shown means as it is"
    answers.append(api.test(id="CAM1"))
    answers.append(api.test(id="CAM1", fps=4))
    assert answers[-1]["ok"] is True
    answers.append(api.ask("POST", "", b'{"id": "X", "password": "S3CRET" "')[1])
    answers.append(running.get("/metrics")[2].decode())
    assert "S3CRET" not in json.dumps(answers) + running.log_text()


def test_a_password_does_not_go_to_another_address(camsim, pipeline):
    camera = camsim()
    running = pipeline({"CAM1": {"url": f"{camera.url}/stream", "user": "admin", "password": SECRET},
                        "CAM2": {"url": f"http://admin:x@{camera.url[7:]}/stream"}}).up()
    api = CameraApi(running)
    elsewhere = f"{camsim().url}/stream"
    for body in ({"url": elsewhere}, {"url": elsewhere, "user": "admin"},
                 {"url": f"https://{camera.url[7:]}/stream"}):
        for method, path, more in (("PUT", "/CAM1", {}), ("POST", "/test", {"id": "CAM1"}),
                                   ("PUT", "/CAM2", {})):
            status, answer, _ = api.ask(method, path, {**body, **more})
            assert status == 422, (path, body, answer)
            assert answer["errors"][-1]["field"] == "password"
    assert overlay(running) is None
    assert api.put("CAM1", url=f"{camera.url}/capture", source="snapshot")["settings"]["has_password"]
    changed = api.put("CAM1", url=elsewhere, source="mjpeg", user=None, password=None)
    assert changed["settings"]["has_password"] is False
    changed = api.put("CAM2", url=elsewhere, user="other", password="y")
    assert changed["settings"]["user"] == "other" and changed["settings"]["has_password"] is True


def test_variables_mean_nothing_in_what_a_client_sends(running, monkeypatch):
    monkeypatch.setenv("RT_SECRET", "x")
    assert running.api.put("CAM1", name="${RT_SECRET}")["name"] == "${RT_SECRET}"


def test_who_sees_and_changes_what(started, tmp_path):
    tokens = {"wall": Token("wall"), "boss": Token("boss", "admin"),
              "gate": Token("gate", "admin", cameras=["SOUTH"])}
    server = Broadcaster(tmp_path / "guarded", top={"cameras": {"NORTH": {}, "SOUTH": {}}},
                         tokens=[token.entry for token in tokens.values()], base_path="/cam")
    started.append(server)
    server.url += "/cam"
    api = CameraApi(server)

    def ask(name, *arguments):
        return api.ask(*arguments, headers=tokens[name].bearer)
    for name, ids, settings in (("wall", ["NORTH", "SOUTH"], False), ("boss", ["NORTH", "SOUTH"], True),
                                ("gate", ["SOUTH"], True)):
        cameras = ask(name, "GET", "")[1]["cameras"]
        assert [one["id"] for one in cameras] == ids
        assert all(("settings" in one) == settings for one in cameras)
        assert ("settings" in ask(name, "GET", "/SOUTH")[1]) == settings
    for method, path, body in (("PUT", "/NORTH", {"fps": 3}), ("DELETE", "/NORTH", None),
                               ("POST", "", {"id": "EAST"}), ("POST", "/test", {"id": "NORTH"}),
                               ("POST", "/test", {"url": "http://127.0.0.1:1/"})):
        for name in ("wall", "gate"):
            assert ask(name, method, path, body)[0] == 403, (name, method, path)
    assert ask("gate", "PUT", "/SOUTH", {"fps": 3})[0] == 200
    assert "info broadcaster[SOUTH] cameras: change, applied user=gate" in server.log_text()
    status, _, heads = ask("boss", "POST", "", {"id": "EAST"})
    assert (status, heads["Location"]) == (201, "/cam/api/cameras/EAST")


def test_a_password_does_not_follow_a_redirect(alone, camsim):
    there = camsim("--fault", "401")
    here = camsim("--fault", f"redirect={there.url}/stream")
    fields = {"user": "camera", "password": "secret"}
    assert alone.api.test(url=f"{there.url}/stream", **fields)["ok"] is True
    assert alone.api.test(url=f"{here.url}/stream", **fields)["error"].startswith("401")


# --- what goes wrong ---

def test_a_killed_broadcaster_leaves_a_whole_overlay(running):
    running.api.put("CAM1", fps=1)
    for attempt in range(2, 5):
        thread = threading.Thread(target=lambda fps=attempt: put_and_forget(running, fps))
        thread.start()
        time.sleep(random.uniform(0, 0.03))
        restarts = running.kill("broadcaster")
        thread.join()
        running.wait_running("broadcaster", restarts + 1)
        assert overlay(running)["CAM1"]["fps"] in range(1, attempt + 1)
        wait_until(lambda: same_hashes(running), 10, "every process works with it")
    assert running.api.put("CAM1", fps=9)["settings"]["fps"] == 9


def put_and_forget(running, fps):
    try:
        running.api.ask("PUT", "/CAM1", {"fps": fps})
    except OSError:
        pass


def same_hashes(running):
    checked = running.run("check").stdout
    try:
        return all(f"config_hash={one}" in checked for one in hashes(running).values())
    except OSError:
        return False


@pytest.mark.slow
def test_what_is_not_reloaded_is_taken_back(running):
    before = hashes(running)
    running.api.put("CAM1", fps=1)
    with stopped(running.supervisor.pid):  # for the five seconds that a change waits
        status, answer, _ = running.api.ask("PUT", "/CAM1", {"fps": 2})
        assert (status, answer["error"]["code"]) == (503, "not_applied")
        assert overlay(running) == {"CAM1": {"fps": 1}}
        assert "taken back" in running.log_text()
    wait_until(lambda: same_hashes(running), 10, "every process works with what was")
    assert running.api.get("CAM1")["settings"]["fps"] == 1 and hashes(running) != before
    running.api.put("CAM1", fps=3)


@pytest.fixture
def told_late(started, tmp_path, monkeypatch):
    """A broadcaster whose supervisor is this test, and whose `ringcast-ctl` waits for a line in `gate`
    and leaves one in `calls`."""
    programs = tmp_path / "programs"
    programs.mkdir()
    os.mkfifo(tmp_path / "gate")
    shutil.copy(PROGRAMS / "ringcast-broadcaster", programs)
    (programs / "ringcast-ctl").write_text(
        f"#!/bin/sh\necho >>{tmp_path}/calls\nread -r line <{tmp_path}/gate\n"
        f'exec {PROGRAMS}/ringcast-ctl "$@"\n')
    (programs / "ringcast-ctl").chmod(0o755)
    monkeypatch.setattr(harness.broadcaster, "PROGRAMS", programs)
    monkeypatch.setenv("RINGCAST_SUPERVISOR_PID", str(os.getpid()))
    hangups = []
    before = signal.signal(signal.SIGHUP, lambda *_: hangups.append(time.monotonic()))
    server = Broadcaster(tmp_path / "late", top={"cameras": {"PHONE": {"name": "old"}}})
    started.append(server)
    server.api, server.hangups = CameraApi(server), hangups
    server.calls = lambda: len(lines.read_text()) if (lines := tmp_path / "calls").exists() else 0
    server.pass_gate = lambda: (tmp_path / "gate").write_text("go\n")
    yield server
    signal.signal(signal.SIGHUP, before)


@pytest.mark.slow
def test_who_followed_too_late_goes_back_before_it_says_so(told_late):
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(told_late.api.ask("PUT", "/PHONE", {"name": "new"})))
    asking.start()
    told_late.pass_gate()
    wait_until(lambda: len(told_late.hangups) == 1, 10, "the supervisor told")
    wait_until(lambda: told_late.calls() == 2, 15, "the change being taken back")
    os.kill(told_late.pid, signal.SIGHUP)
    wait_until(lambda: told_late.api.get("PHONE")["name"] == "new", 5, "the change followed")
    told_late.pass_gate()
    wait_until(lambda: len(told_late.hangups) == 2, 10, "the supervisor told again")
    asking.join(0.3)
    assert answers == [] and told_late.api.ask("PUT", "/PHONE", {"name": "x"})[0] == 409
    os.kill(told_late.pid, signal.SIGHUP)
    asking.join(5)
    assert (answers[0][0], answers[0][1]["error"]["code"]) == (503, "not_applied")
    assert told_late.api.get("PHONE")["name"] == "old"


def test_an_overlay_that_cannot_be_written_changes_nothing(running):
    state = running.folder / "state"
    if state.exists():  # the record is in it
        state.rename(running.folder / "elsewhere")
    state.write_text("in the way")
    status, answer, _ = running.api.ask("PUT", "/CAM1", {"fps": 2})
    assert (status, answer["error"]["code"]) in ((503, "not_applied"), (409, "invalid_configuration"))
    assert running.api.get("CAM1")["settings"]["fps"] == 10


def test_a_client_that_leaves_does_not_stop_its_change(running):
    body = json.dumps({"fps": 7}).encode()
    with socket_to(running) as connection:
        connection.sendall(b"PUT /api/cameras/CAM1 HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                           % (len(body), body))
        wait_until(lambda: overlay(running), 5, "the overlay")
    wait_until(lambda: running.api.get("CAM1")["settings"]["fps"] == 7, 5, "the change")
    wait_until(lambda: running.api.ask("PUT", "/CAM1", {"fps": 8})[0] == 200, 5, "the next change")


def socket_to(running):
    return socket.create_connection(("127.0.0.1", running.port), timeout=10)


# --- without a supervisor ---

def test_without_a_supervisor(alone):
    for method, path, body in (("POST", "", {"id": "CAM2", "url": "http://127.0.0.1:1/"}),
                               ("DELETE", "/CAM1", None), ("PUT", "/CAM1", {"url": None}),
                               ("PUT", "/PHONE", {"url": "http://127.0.0.1:1/"})):
        status, answer, _ = alone.api.ask(method, path, body)
        assert (status, answer["error"]["code"]) == (409, "no_supervisor")
    assert overlay(alone) is None
    status, answer, _ = alone.api.ask("PUT", "/CAM1", {"fps": 3})
    assert status == 202 and answer["missing"] == ["capture.CAM1"] and answer["applied"] is False
    assert answer["camera"]["settings"]["fps"] == 3
    status, answer, heads = alone.api.ask("POST", "", {"id": "PHONE2"})
    assert status == 202 and heads.get("Location") is None
    assert alone.api.ids() == ["CAM1", "PHONE", "PHONE2"]
    assert alone.api.ask("DELETE", "/PHONE2")[0] == 202


# --- testing a camera ---

def children(pid):
    done = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True,
                          text=True, check=False)
    return [line.strip() for line in done.stdout.splitlines()]


def test_pictures_of_cameras(running, camsim):
    url = camsim().url
    wait_until(lambda: running.api.get("CAM1")["state"] == "online", 10, "CAM1 online")
    by_capture = running.api.test(id="CAM1")
    by_probe = running.api.test(url=f"{url}/stream")
    snapshot = running.api.test(url=f"{url}/capture", source="snapshot")
    changed = running.api.test(id="CAM1", url=f"{url}/capture", source="snapshot")
    for answer in (by_capture, by_probe, snapshot, changed):
        assert answer["ok"] is True and (answer["width"], answer["height"]) == (64, 48)
        assert answer["picture"].startswith("data:image/jpeg;base64,/9j/") and answer["size"] > 1000
    assert by_probe["content_type"].startswith("multipart/x-mixed-replace")
    assert by_probe["fps"] == pytest.approx(25, rel=0.5) and snapshot["fps"] is None
    assert running.api.ids() == ["CAM1"] and overlay(running) is None
    assert not [one for one in children(running.state()["broadcaster"]["pid"]) if "probe" in one]


FAULTS = [
    (["--fault", "401"], "/stream", {}, "401: user and password are needed"),
    (["--fault", "401"], "/stream", {"user": "camera", "password": "wrong"},
     "401: user or password is wrong"),
    (["--fault", "500"], "/stream", {}, "500"),
    ([], "/nothing", {}, "404: there is nothing at this path"),
    ([], "/state", {}, "not an MJPEG stream: application/json"),
    ([], "/capture", {}, "a single JPEG, not a stream: set source to snapshot"),
    (["--fault", "redirect=file:///etc/passwd"], "/stream", {},
     "redirected to something that is neither http nor https"),
    (["--fault", "cut"], "/stream", {}, "connection closed"),
    (["--fault", "truncated"], "/capture", {"source": "snapshot"}, "the answer is no whole JPEG"),
]


def test_why_there_is_no_picture(alone, camsim):
    for options, path, fields, words in FAULTS:
        camera = camsim(*options)
        answer = alone.api.test(url=camera.url + path, **fields)
        assert answer["ok"] is False and words in answer["error"], (options, path, answer)
        camera.end()
    assert alone.api.test(url="http://127.0.0.1:1/")["error"] == "connection refused"
    assert alone.api.test(url="http://nowhere.invalid/")["error"] == "name not found"


def test_what_cannot_be_tested(alone):
    for body, expected, field in (({"id": "NONE"}, 404, None), ({"id": 5}, 400, "id"),
                                  ({}, 422, ""), ({"id": "a b"}, 400, "id"),
                                  ([], 422, ""), ({"name": "x"}, 422, "url"),
                                  ({"url": "file:///etc/passwd"}, 422, "url"),
                                  ({"path": "/etc"}, 422, "path"),
                                  ({"url": "http://h/", "password": "x"}, 422, "")):
        status, answer, _ = alone.api.ask("POST", "/test", body)
        assert status == expected, (body, answer)
        assert field is None or answer["errors"][0]["field"] == field, (body, answer)
    assert alone.api.test(id="PHONE")["error"] == "nobody sends its pictures"


@pytest.mark.parametrize("as_text", [False, True])
def test_a_picture_that_was_pushed(alone, as_text):
    sending = websocket.create_connection(f"ws://127.0.0.1:{alone.port}/ws/streamer?camera_id=PHONE",
                                          timeout=10)
    picture = "data:image/jpeg;base64," + base64.b64encode(grey_jpeg(1)).decode()
    if as_text:
        sending.send(json.dumps({"frame": picture}))
    else:
        sending.send_binary(grey_jpeg(1))
    wait_until(lambda: alone.api.test(id="PHONE")["ok"], 5, "the picture")
    answer = alone.api.test(id="PHONE")
    assert (answer["width"], answer["height"]) == (64, 48)
    assert (answer["picture"], answer["size"]) == (picture, len(grey_jpeg(1)))
    sending.close()


def test_one_probe_at_a_time_and_none_without_a_client(alone, camsim):
    camera = camsim("--fault", "stall")
    body = json.dumps({"url": f"{camera.url}/stream", "user": "u", "password": SECRET}).encode()
    with socket_to(alone) as connection:
        connection.sendall(b"POST /api/cameras/test HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                           % (len(body), body))
        wait_until(lambda: camera.state()["streams"] == 1, 5, "the probe's connection")
        probes = children(alone.pid)
        assert len(probes) == 1 and "--probe" in probes[0] and "S3CRET" not in probes[0]
        status, _, heads = alone.api.ask("POST", "/test", {"url": f"{camera.url}/stream"})
        assert status == 429 and int(heads["Retry-After"]) > 0
    wait_until(lambda: not children(alone.pid), 2, "the end of the probe")
    camera.fault("none")
    assert alone.api.test(url=f"{camera.url}/stream")["ok"] is True


def test_a_probe_ends_with_the_broadcaster(alone, camsim):
    camera = camsim("--fault", "stall")
    thread = threading.Thread(target=lambda: put_test(alone, f"{camera.url}/stream"))
    thread.start()
    wait_until(lambda: camera.state()["streams"] == 1, 5, "the probe's connection")
    probe = int(children(alone.pid)[0].split()[0])
    os.kill(alone.pid, signal.SIGKILL)
    wait_until(lambda: not alive(probe), 2, "the end of the probe")
    thread.join()


def put_test(running, url):
    try:
        running.api.test(url=url)
    except OSError:
        pass


@pytest.mark.slow
def test_cameras_that_say_nothing(alone, camsim):
    """Ten seconds each."""
    silent = camsim("--fault", "stall")
    answer = alone.api.test(url=f"{silent.url}/stream")
    assert answer == {"ok": False, "error": "connected, but no picture for 10 s"}
    broken = camsim("--fault", "truncated")
    answer = alone.api.test(url=f"{broken.url}/stream")
    assert answer["ok"] is False and "no whole picture for 10 s" in answer["error"]
