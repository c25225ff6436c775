"""Passwords of cameras and secrets of tokens: in no log, no answer, no metric, whatever goes wrong."""

import json
import os
import signal
import subprocess

from harness.access import Token
from harness.processes import PROGRAMS, ROOT, http
from harness.waiting import wait_until

USER, PASSWORD = "operator", "Pa55-of-the-camera"
IN_URL, IN_QUERY, WRONG = "Ur1-secret", "Qu3ry-secret", "Wr0ng-secret"
PUSHED = "Ap1-secret"
SECRETS = [PASSWORD, IN_URL, IN_QUERY, WRONG, PUSHED]


def everything_said(pipeline, admin):
    """All that people and programs can read while it runs, but for the configuration itself."""
    texts = [pipeline.log_text(), (pipeline.run_dir / "supervisor.state").read_text()]
    for path in ("/api/cameras", "/api/cameras/CAM1", "/api/cameras/CAM2", "/api/cameras/CAM3",
                 "/api/cameras/CAM4", "/api/broadcast-status", "/api/viewers", "/debug/streams",
                 "/metrics", "/readyz", "/healthz", "/api/version", "/ws/health", "/nothing",
                 "/api/cameras/CAM2/snapshot.jpg?max_age=0.01"):
        for headers in (admin.bearer, {}):
            _, fields, body = http("GET", pipeline.url + path, headers=headers)
            texts.append(f"{fields}\n{body}")
    for socket in pipeline.run_dir.glob("*.sock"):
        if socket.name != "broadcaster.http.sock":
            with pipeline.control(socket.name.removesuffix(".sock")) as control:
                texts.append(json.dumps(control.ask("stats")) + json.dumps(control.status))
    for command in ("status", "check"):
        done = subprocess.run([ROOT / "ringcast", command, "-c", pipeline.config_path],
                              env={**os.environ, "RINGCAST_PROGRAMS": str(PROGRAMS)}, timeout=20,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        texts.append(done.stdout.decode())
    for pid in pipeline.pids():
        # Arguments are everybody's to read.
        texts.append(open(f"/proc/{pid}/cmdline", encoding="utf-8").read())
    return "\n".join(texts)


def test_secrets_are_never_said(camsim, pipeline):
    camera = camsim(f"--credentials={USER}:{PASSWORD}")
    camera.fault("401", "digest")
    host = camera.url.removeprefix("http://")
    admin = Token("admin", "admin")
    running = pipeline({
        "CAM1": {"url": f"{camera.url}/stream", "user": USER, "password": PASSWORD},
        "CAM2": {"url": f"http://{USER}:{IN_URL}@{host}/stream"},
        "CAM3": {"url": f"{camera.url}/nowhere?pwd={IN_QUERY}", "capture": "always"},
        "CAM4": {"url": f"http://{USER}:{WRONG}@127.0.0.1:1/stream?auth={IN_QUERY}"},
    }, broadcaster={"tokens": [admin.entry]})
    running.config["log_level"] = "debug"
    running.write_config()
    running.up()

    def post(path, body):
        return http("POST", running.url + path, json.dumps(body).encode(),
                    {**admin.bearer, "Content-Type": "application/json"}, timeout=30)

    answers = [
        # What is wrong is told without what it is.
        post("/api/cameras", {"id": "NEW", "url": f"http://u:{PUSHED}@{host}/stream", "user": "u",
                              "password": PUSHED}),
        post("/api/cameras", {"id": "NEW", "url": f"ftp://u:{PUSHED}@{host}/"}),
        post("/api/cameras", {"id": "NEW", "url": f"http://u:{PUSHED}@{host}/stream"}),
        post("/api/cameras/test", {"url": f"http://u:{PUSHED}@{host}/nowhere?key={PUSHED}"}),
        post("/api/cameras/test", {"url": f"http://u:{PUSHED}@127.0.0.1:1/"}),
        http("POST", f"{running.url}/api/tokens?token={admin.secret}"),
    ]
    with running.control("capture.CAM1") as control:
        wait_until(lambda: control.ask("stats") and control.status["state"] == "online", 10,
                   "a camera online")
    # A configuration with mistakes, and one without.
    good = running.config["cameras"]
    running.config["cameras"] = {**good, "CAM5": {"url": f"rtsp://u:{WRONG}@h/", "password": WRONG}}
    running.write_config()
    os.kill(running.supervisor.pid, signal.SIGHUP)
    wait_until(lambda: "CAM5" in running.log_text(), 10, "a line about the mistake")
    running.config["cameras"] = good
    running.write_config()
    said = everything_said(running, admin) + str([(str(fields), body) for _, fields, body in answers])
    running.down()
    said += running.log_text()
    assert "CAM4" in said and "CAM1" in said and len(said) > 5000
    for secret in (*SECRETS, admin.secret):
        at = said.find(secret)
        assert at < 0, f"{secret} in: …{said[max(0, at - 300):at + 100]}…"
    # What is kept of a password can be read by its owner only.
    for path in (running.folder / "state").glob("*"):
        assert path.stat().st_mode & 0o077 == 0 or PUSHED not in path.read_text()
