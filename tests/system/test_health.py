"""What the health page asks: the processes, the limits, the last warnings."""

import os
import signal

from harness.access import Token
from harness.processes import http
from harness.waiting import wait_until


def ask(server, path, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    status, _, answer = http("GET", f"{server.url}{path}", headers=headers)
    return status, answer


def test_processes_of_a_pipeline(pipeline, clip):
    running = pipeline({"CAM1": {"path": str(clip)}, "CAM2": {"path": "/nowhere/at/all"}})
    running.up()

    def processes():
        status, _, answer = running.get("/api/processes")
        assert status == 200 and answer["supervised"] is True
        return {one["name"]: one for one in answer["processes"]}

    wait_until(lambda: (processes()["capture.CAM1"]["stats"] or {}).get("state") == "online", 20,
               "what the capture says of itself")
    found = processes()
    assert set(found) == {"broadcaster", "capture.CAM1", "capture.CAM2"}
    for name, process in found.items():
        assert process["state"] == "running" and process["pid"] == running.state()[name]["pid"]
        assert process["restarts"] == 0 and process["uptime_s"] < 60
        assert process["cpu_seconds"] >= 0 and process["resident_bytes"] > 100_000
    assert found["broadcaster"]["stats"] is None
    # What the capture warned of is told by the broadcaster.
    wait_until(lambda: any(one["process"] == "capture.CAM2" and "/nowhere" in one["message"]
                           for one in running.get("/api/warnings")[2]["warnings"]), 20,
               "the warning of a capture")
    os.kill(found["capture.CAM1"]["pid"], signal.SIGKILL)
    wait_until(lambda: processes()["capture.CAM1"]["restarts"] == 1, 20, "a restart")


def test_limits_and_a_broadcaster_alone(broadcaster):
    server = broadcaster(max_viewers=3, max_streams=0,
                         top={"cameras": {"CAM1": {"path": "/nowhere"}, "PHONE": {"source": "push"}}})
    viewer = server.watch("CAM1")
    status, answer = ask(server, "/api/processes")
    assert status == 200 and answer["supervised"] is False
    own, capture = answer["processes"]
    assert (own["name"], own["state"], own["pid"]) == ("broadcaster", "running", server.pid)
    assert (capture["name"], capture["state"], capture["pid"]) == ("capture.CAM1", "unknown", None)
    assert "restarts" not in own
    assert answer["limits"]["viewers"] == {"used": 1, "most": 3}
    assert answer["limits"]["streams"]["most"] is None
    assert answer["limits"]["intake_memory"] == {"used": 0, "most": 64 << 20}
    viewer.close()


def test_warnings_newest_first(broadcaster):
    server = broadcaster()
    before = ask(server, "/api/warnings")[1]["warnings"]
    for listen in ("127.0.0.1:1", "127.0.0.1:2"):
        server.config["broadcaster"]["listen"] = listen
        server.write_config()
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: len(ask(server, "/api/warnings")[1]["warnings"]) > len(before), 10,
                   "a warning")
    warnings = ask(server, "/api/warnings")[1]["warnings"]
    assert "broadcaster.listen" in warnings[0]["message"]
    assert warnings[0].keys() == {"time", "level", "process", "camera", "message"}
    assert (warnings[0]["level"], warnings[0]["process"], warnings[0]["camera"]) == \
        ("warn", "broadcaster", None)
    times = [one["time"] for one in warnings]
    assert times == sorted(times, reverse=True)


def test_only_admins_of_everything_ask(broadcaster):
    admin, some = Token("admin", role="admin"), Token("some", role="admin", cameras=["CAM1"])
    viewer = Token("viewer")
    server = broadcaster(tokens=[admin.entry, some.entry, viewer.entry])
    for path in ("/api/processes", "/api/warnings"):
        assert ask(server, path)[0] == 401
        assert ask(server, path, viewer.secret)[0] == 403
        assert ask(server, path, some.secret)[0] == 403
        assert ask(server, path, admin.secret)[0] == 200
