"""The record: what workers post comes back as charts, CSV and events, over restarts and kills, and the disk
costs nothing but the record."""

import csv
import io
import json
import os
import signal
import sqlite3
import threading
import time

import pytest

from harness.access import Token
from harness.broadcaster import CONTAINER, Broadcaster, container_body
from harness.faults import in_mounts_of, own_mounts
from harness.jpeg import grey_jpeg
from harness.processes import http
from harness.waiting import wait_until

JPEG = grey_jpeg(1)
HOUR = 3600


def metadata(vehicles, states=(), events=(), **more):
    spaces = [{"space_id": f"s{i}", "space_name": f"Place {i}", "is_occupied": state == "occupied",
               "bbox": {"x": 0, "y": 0, "width": 0.1, "height": 0.1}, "state": state}
              for i, state in enumerate(states)]
    said = {"vehicle_count": vehicles, "detections": [{"class": "car", "confidence": 0.9}], **more}
    if states:
        said |= {"occupied_spaces": states.count("occupied"), "total_spaces": len(states),
                 "space_occupancy": spaces}
    return said | ({"space_events": list(events)} if events else {})


def history(server, camera="CAM1", path="/api/history", **query):
    text = "&".join(f"{key.rstrip('_')}={value}" for key, value in
                    {"camera_id": camera, **query}.items())
    status, heads, answer = server.get(f"{path}?{text}")
    assert status == 200, answer
    return answer


def events(server, **query):
    text = "&".join(f"{key.rstrip('_')}={value}" for key, value in query.items())
    status, _, answer = server.get(f"/api/events?{text}")
    assert status == 200, answer
    return answer


def known(server, camera="CAM1", **query):
    return [point for point in history(server, camera, **query)["points"]
            if point["state"] == "known"]


def newest(server, camera="CAM1"):
    points = known(server, camera, from_=time.time() - 60, step=1)
    return points[-1] if points else None


def file_of(server):
    return server.folder / "state" / "history.sqlite"


def warnings(server):
    status, _, answer = server.get("/readyz")
    assert status == 200 and answer["ready"], answer
    return answer["warnings"]


# --- what is kept ---

def test_what_a_worker_says_comes_back_at_once(broadcaster):
    server = broadcaster()
    server.post_frame("CAM1", JPEG, metadata(3, ["occupied", "free", "unknown"]))
    time.sleep(0.02)
    point = newest(server)
    assert (point["vehicle_count"], point["occupied_spaces"], point["total_spaces"]) == (3, 1, 3)
    assert (point["vehicle_count_min"], point["vehicle_count_max"]) == (3, 3)
    assert 0 < point["known_s"] < 5
    assert newest(server, "CAM2") is None
    # Metadata alone, by a container, counts as much.
    body = container_body("CAM2", b"", json.dumps(metadata(7)).encode())
    assert server.post(body, CONTAINER)[0] == 200
    time.sleep(0.02)
    point = newest(server, "CAM2")
    assert (point["vehicle_count"], point["occupied_spaces"], point["total_spaces"]) == (7, None, None)


def test_metadata_without_anything_for_it_leaves_nothing(broadcaster):
    server = broadcaster()
    server.post_frame("CAM1", JPEG, {"number": 1})
    server.post_frame("CAM1", JPEG)
    server.post(JPEG, "image/jpeg", "?camera_id=CAM1")
    assert newest(server) is None


@pytest.mark.parametrize("said, found", [
    ({"vehicle_count": 5.0}, (5, None, None)),
    ({"vehicle_count": "7", "occupied_spaces": 3}, (None, 3, None)),
    ({"vehicle_count": 10 ** 30, "total_spaces": -1, "occupied_spaces": 1}, (None, 1, None)),
    ({"vehicle_count": 2, "note": "\0", "space_occupancy": [
        None, [], {"space_id": 5}, {"space_id": "a\0b", "is_occupied": True},
        {"space_id": "\u00e9\U0001f697", "is_occupied": True}]}, (2, 1, 1)),
    ({"space_occupancy": [{"space_id": f"{i}", "is_occupied": i % 2 == 0} for i in range(1500)]},
     (None, 750, 1500)),
])
def test_what_is_odd_costs_itself_alone(broadcaster, said, found):
    server = broadcaster()
    server.post_frame("CAM1", JPEG, said)
    point = wait_until(lambda: newest(server), 5, "what was said")
    assert (point["vehicle_count"], point["occupied_spaces"], point["total_spaces"]) == found


def test_changes_are_events(broadcaster):
    server = broadcaster()
    now = time.strftime("%Y-%m-%dT%H:%M:%S.250000Z", time.gmtime(time.time() - 2))
    change = {"space_id": "s0", "space_name": "Place 0", "from": "free", "to": "occupied", "at": now,
              "held_s": 12.5}
    server.post_frame("CAM1", JPEG, metadata(0, ["free", "free"]))
    server.post_frame("CAM1", JPEG, metadata(1, ["occupied", "free"], [change]))
    server.post_frame("CAM1", JPEG, metadata(1, ["occupied", "free"], [change]))  # another drawing
    found = events(server, camera_id="CAM1")
    assert found["next"] is None
    [event] = found["events"]
    assert event.pop("id")
    assert event == {"camera_id": "CAM1", **change}


def test_events_are_told_from_states_where_a_worker_tells_none(broadcaster):
    server = broadcaster()
    server.post_frame("CAM1", JPEG, metadata(1, ["occupied", "free"]))
    time.sleep(1.05)  # no number changes: looked at once a second
    server.post_frame("CAM1", JPEG, metadata(1, ["free", "occupied"]))
    found = events(server)["events"]
    assert {(one["space_id"], one["from"], one["to"], one["held_s"]) for one in found} == {
        ("s0", "occupied", "free", None), ("s1", "free", "occupied", None)}


def test_events_come_in_pages_and_are_filtered(broadcaster):
    server = broadcaster()
    began = time.time()
    for number in range(25):
        state = ["occupied", "free"][number % 2]
        change = {"space_id": f"s{number % 3}", "from": "unknown", "to": state}
        # Two of them differ from what is known each time.
        server.post_frame(f"CAM{number % 2}", JPEG, metadata(1, (), [change, {
            "space_id": f"n{number}", "to": "free"}]))
    everything, before = [], ""
    while before is not None:
        page = events(server, limit=7, **({"before": before} if before else {}))
        assert len(page["events"]) <= 7
        everything += page["events"]
        before = page["next"]
    assert len({one["id"] for one in everything}) == len(everything) > 28
    times = [one["at"] for one in everything]
    assert times == sorted(times, reverse=True)
    assert {one["camera_id"] for one in events(server, camera_id="CAM1")["events"]} == {"CAM1"}
    assert {one["to"] for one in events(server, state="occupied")["events"]} == {"occupied"}
    assert [one["space_id"] for one in events(server, space_id="n3")["events"]] == ["n3"]
    assert events(server, to=began - 60)["events"] == []
    assert events(server, camera_id="CAM9")["events"] == []


def test_silence_is_not_known(broadcaster):
    """Filled in by hand: nobody has to wait for hours."""
    server = broadcaster()
    server.post_frame("CAM1", JPEG, metadata(1))
    newest(server)
    server.end()
    start = (int(time.time()) // HOUR - 5) * HOUR
    with sqlite3.connect(file_of(server)) as database:
        for at, vehicles in (0, 4), (10, 8), (600, 2):
            database.execute("INSERT INTO sample VALUES (1, ?, 25000, ?, NULL, NULL)",
                             ((start + at) * 1000, vehicles))
    database.close()
    server = broadcaster_again(server)
    points = history(server, from_=start, to=start + 700, step=10)["points"]
    states = {(point["time"] - start): point for point in points}
    assert states[0]["vehicle_count"] == 4 and states[10]["vehicle_count"] == 8
    assert states[30]["known_s"] == 5 and states[30]["vehicle_count"] == 8
    for at in range(40, 600, 10):
        assert states[at]["state"] == "unknown" and states[at]["vehicle_count"] is None
    assert states[600]["vehicle_count"] == 2
    server.end()


def broadcaster_again(server):
    """The same once more, on what it has left. The caller ends it."""
    return Broadcaster(server.folder / "again", top={"state_dir": str(server.folder / "state")})


@pytest.mark.parametrize("days, step, status", [
    (1, 9, 200), (8, 120, 200), (9, 120, 400), (30, 300, 200), (366, 3300, 200), (366, 3301, 400),
    (366, 3600, 200), (366, 5400, 200), (366, 7000, 400), (20000, 31536000, 200), (20000, None, 200),
])
def test_every_step_is_answered_or_refused_in_words(broadcaster, days, step, status):
    server = broadcaster()
    end = int(time.time())
    path = f"/api/history?camera_id=CAM1&from={end - days * 86400}&to={end}"
    found, _, answer = server.get(path if step is None else f"{path}&step={step}")
    assert found == status
    if status == 400:
        assert "multiple of 300" in answer["error"]["message"]
    else:
        assert 1 < len(answer["points"]) <= (401 if step is None else 10000)


def test_too_many_points_names_a_step_that_works(broadcaster):
    server = broadcaster()
    for length in 40000, 3000000, 3000001, 400 * 86400, 56 * 365 * 86400:
        path = f"/api/history?camera_id=CAM1&from=7&to={7 + length}"
        status, _, answer = server.get(path + "&step=1")
        assert status == 400 and answer["error"]["code"] == "too_many_points"
        assert server.get(f"{path}&step={answer['error']['message'].split()[-1]}")[0] == 200


def test_csv_says_the_same(broadcaster):
    server = broadcaster()
    server.post_frame("CAM1", JPEG, metadata(3, ["occupied", "free"]))
    time.sleep(0.02)
    query = {"from_": int(time.time()) - 5, "to": int(time.time()) + 5, "step": 1}
    text = history(server, path="/api/history.csv", **query).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    points = history(server, **query)["points"]
    assert len(rows) == len(points) == 10
    assert [row["state"] for row in rows] == [point["state"] for point in points]
    assert {row["vehicle_count"] for row in rows if row["state"] == "known"} == {"3"}
    assert {row["vehicle_count"] for row in rows if row["state"] == "unknown"} == {""}


@pytest.mark.parametrize("path", [
    "/api/history", "/api/history?camera_id=", "/api/history?camera_id=../x",
    "/api/history?camera_id=CAM1&from=yesterday", "/api/history?camera_id=CAM1&from=20&to=10",
    "/api/history?camera_id=CAM1&step=0", "/api/history?camera_id=CAM1&step=-1",
    "/api/history?camera_id=CAM1&from=0&to=86400&step=1",
    "/api/history?camera_id=CAM1&from=999999999999999", "/api/events?state=full",
    "/api/events?limit=0", "/api/events?limit=1001", "/api/events?before=x", "/api/events?before=1-",
])
def test_what_makes_no_sense_is_refused(broadcaster, path):
    status, _, answer = broadcaster().get(path)
    assert status == 400 and answer["error"]["message"]


def test_detections_are_kept_when_wanted(broadcaster):
    servers = {kept: broadcaster(top={"history": {"detections": kept}})
               for kept in ("off", "changes", "all")}
    for number in range(5):
        for server in servers.values():
            server.post_frame("CAM1", JPEG, metadata(1))
        time.sleep(0.01)
    for server in servers.values():
        server.end()
    rows = {}
    for kept, server in servers.items():
        with sqlite3.connect(file_of(server)) as database:
            rows[kept] = [json.loads(row[0]) for row in
                          database.execute("SELECT detections FROM detection")]
        database.close()
    assert [len(rows[kept]) for kept in ("off", "changes", "all")] == [0, 1, 5]
    assert rows["all"][0] == metadata(1)["detections"]


# --- who may ask, and when it is off ---

def test_a_viewer_sees_its_own_cameras(broadcaster):
    viewer, admin = Token("eve", cameras=["CAM1"]), Token("root", "admin")
    server = broadcaster(tokens=[viewer.entry, admin.entry])
    for camera in "CAM1", "CAM2":
        body = container_body(camera, b"", json.dumps(
            metadata(1, (), [{"space_id": "s", "to": "free"}])).encode())
        assert server.post(body, CONTAINER, headers=admin.bearer)[0] == 200

    def get(path, token=viewer):
        return http("GET", server.url + path, headers=token.bearer)
    assert server.get("/api/history?camera_id=CAM1")[0] == 401
    assert get("/api/history?camera_id=CAM1")[0] == 200
    assert get("/api/history?camera_id=CAM2")[0] == 403
    assert get("/api/history.csv?camera_id=CAM2")[0] == 403
    assert get("/api/events?camera_id=CAM2")[0] == 403
    assert [one["camera_id"] for one in get("/api/events")[2]["events"]] == ["CAM1"]
    assert len(get("/api/events", admin)[2]["events"]) == 2


@pytest.mark.parametrize("off", ["off", False, {"enabled": False}])
def test_off_is_off_until_a_reload(broadcaster, off):
    server = broadcaster(top={"history": off})
    server.post_frame("CAM1", JPEG, metadata(1))
    status, _, answer = server.get("/api/history?camera_id=CAM1")
    assert status == 404 and answer["error"]["code"] == "history_off"
    assert not file_of(server).exists() and warnings(server) == []
    server.config["history"] = "on"
    server.write_config()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: server.get("/api/events")[0] == 200, 5, "the record on")
    server.post_frame("CAM1", JPEG, metadata(1))
    time.sleep(0.02)
    assert newest(server)["vehicle_count"] == 1


# --- what befalls the process and the disk ---

def test_a_kill_costs_a_second_at_most(broadcaster):
    server = broadcaster()
    for number in range(40):
        server.post_frame("CAM1", JPEG, metadata(1, (), [{"space_id": f"s{number}", "to": "free"}]))
        time.sleep(0.05)
    killed = time.time()
    os.kill(server.pid, signal.SIGKILL)
    server.child.wait()
    again = broadcaster_again(server)
    try:
        found = events(again)["events"]
        assert 10 < len(found) <= 40
        assert newest_second(found) > killed - 2.5  # a second, and a busy machine
        assert "damaged" not in again.log_text()
    finally:
        again.end()


def newest_second(found):
    text = found[0]["at"]
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + \
        float("0" + text[19:-1])


def test_a_damaged_file_is_set_aside(broadcaster):
    server = broadcaster()
    server.post_frame("CAM1", JPEG, metadata(1))
    server.end()
    file_of(server).write_bytes(b"this is no database" * 1000)
    again = broadcaster_again(server)
    try:
        again.post_frame("CAM1", JPEG, metadata(2))
        time.sleep(0.02)
        assert newest(again)["vehicle_count"] == 2
        assert again.log_text().count("was damaged") == 1
        [warning] = warnings(again)
        [damaged] = file_of(server).parent.glob("history.sqlite.damaged-*")
        assert "begun anew" in warning and damaged.name in warning
        damaged.unlink()
        assert warnings(again) == []
    finally:
        again.end()


def test_a_file_that_is_removed_is_made_anew(broadcaster):
    server = broadcaster()
    server.post_frame("CAM1", JPEG, metadata(1))
    wait_until(lambda: newest(server), 5, "what was said")
    file_of(server).unlink()

    def kept():
        server.post_frame("CAM1", JPEG, metadata(int(time.time()) % 1000))
        return file_of(server).exists() and newest(server)
    wait_until(kept, 15, "a new file")
    assert "was removed" in server.log_text()
    server.end()
    with sqlite3.connect(file_of(server)) as database:
        assert database.execute("SELECT count(*) FROM sample").fetchone()[0] > 0
    database.close()


def test_a_file_of_a_newer_release_is_left_alone(broadcaster):
    server = broadcaster()
    server.post_frame("CAM1", JPEG, metadata(1))
    server.end()
    with sqlite3.connect(file_of(server)) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = file_of(server).read_bytes()
    again = broadcaster_again(server)
    try:
        again.post_frame("CAM1", JPEG, metadata(2))
        wait_until(lambda: warnings(again), 5, "a warning")
        assert "newer" in warnings(again)[0]
        assert again.get("/api/history?camera_id=CAM1")[0] == 503
    finally:
        again.end()
    assert file_of(server).read_bytes() == before


def test_a_file_of_version_1_is_copied_and_read_on(broadcaster):
    server = broadcaster()
    server.post_frame("CAM1", JPEG, metadata(3))
    server.end()
    hour = int(time.time()) // HOUR * HOUR - 2 * HOUR
    with sqlite3.connect(file_of(server)) as database:
        for second in range(0, HOUR, 10):
            database.execute("INSERT INTO sample VALUES (1, ?, 25000, ?, NULL, NULL)",
                             ((hour + second) * 1000, 4 if second < HOUR / 2 else 8))
        database.execute("DROP TABLE slot")
        database.execute("PRAGMA user_version = 1")
    database.close()
    again = broadcaster_again(server)
    try:
        points = history(again, from_=hour, to=hour + HOUR, step=1800)["points"]
        assert [point["vehicle_count"] for point in points] == [4, 8]
        assert [point["known_s"] for point in points] == [1800, 1800]
        assert file_of(server).with_name("history.sqlite.v1").exists()
        assert "was copied" in again.log_text() and warnings(again) == []
    finally:
        again.end()


def test_a_locked_file_costs_the_record_alone(broadcaster):
    server = broadcaster()
    server.post_frame("CAM1", JPEG, metadata(1))
    assert wait_until(lambda: newest(server), 5, "what was said")["vehicle_count"] == 1
    lock = sqlite3.connect(file_of(server), isolation_level=None)
    wait_until(lambda: lock.execute("SELECT count(*) FROM sample").fetchone()[0] > 0, 5, "a commit")
    lock.execute("BEGIN IMMEDIATE")

    def warned():
        server.post_frame("CAM1", JPEG, metadata(int(time.time()) % 1000))
        return warnings(server)
    assert "locked" in wait_until(warned, 30, "a warning of the lock")[0]
    # What it has is still told.
    assert known(server, from_=time.time() - 60, step=1)[0]["vehicle_count"] == 1
    lock.execute("ROLLBACK")
    lock.close()
    wait_until(lambda: not warned(), 30, "the record to be kept again")


def test_a_full_disk_costs_the_record_alone(started, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    prefix = own_mounts('mount -t tmpfs -o size=256k none "$1"', state)
    server = Broadcaster(tmp_path / "broadcaster", top={"state_dir": str(state)}, prefix=prefix)
    started.append(server)
    posting, delays = threading.Event(), []

    def post():
        number = 0
        while not posting.is_set():
            number += 1
            began = time.monotonic()
            server.post_frame("CAM1", JPEG, metadata(1, (), [
                {"space_id": f"{'x' * 100}{i}", "to": ["free", "occupied"][number % 2]}
                for i in range(60)]))
            delays.append(time.monotonic() - began)
    worker = threading.Thread(target=post)
    worker.start()
    try:
        wait_until(lambda: warnings(server), 30, "a warning of the full disk")
        assert "full" in warnings(server)[0]
        posted = len(delays)
        wait_until(lambda: len(delays) > posted + 20, 10, "frames going on")
    finally:
        posting.set()
        worker.join()
    assert sorted(delays)[len(delays) // 2] < 0.5
    assert server.log_text().count("the record is not being kept") == 1
    # With room again it goes on by itself.
    in_mounts_of(server.pid, "mount", "-o", "remount,size=64m", str(state))

    def kept():
        server.post_frame("CAM1", JPEG, metadata(int(time.time()) % 1000))
        return not warnings(server)
    wait_until(kept, 30, "the record to be kept again")
    assert "is being kept again" in server.log_text()
