"""The script `ringcast`: starting, ending, dying, reloading."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from harness.processes import ROOT, SCRIPT, Pipeline, alive
from harness.waiting import wait_until


@pytest.fixture
def two_cameras(camsim, pipeline):
    """A pipeline of two captures and a broadcaster, not started yet."""
    url = camsim().url
    return pipeline({name: {"url": f"{url}/stream"} for name in ("CAM1", "CAM2")})


def assert_gone(pids, within):
    wait_until(lambda: not [pid for pid in pids if alive(pid)], within, f"the end of all of {pids}")


def test_up_runs_everything_and_sigterm_ends_it(two_cameras):
    two_cameras.up()
    state = two_cameras.state()
    assert set(state) == {"broadcaster", "capture.CAM1", "capture.CAM2"}
    assert all(process["state"] == "running" and process["restarts"] == 0
               for process in state.values())
    pids = two_cameras.pids()
    began = time.monotonic()
    two_cameras.down()
    assert time.monotonic() - began < 2
    assert not [pid for pid in pids if alive(pid)]


def test_a_signal_to_all_of_them_at_once_ends_everything(two_cameras):
    """As a service manager may send it. bash's `wait` may forget children that end with a signal."""
    for _ in range(3):
        supervisor = two_cameras.up().supervisor
        pids = two_cameras.pids()
        os.killpg(supervisor.pid, signal.SIGTERM)
        assert supervisor.child.wait(5) == 0
        assert not [pid for pid in pids if alive(pid)]
        two_cameras.down()


def test_ctrl_c_ends_everything_in_order(two_cameras):
    """A terminal sends SIGINT to the whole process group; only the supervisor may act on it."""
    supervisor = two_cameras.up().supervisor
    pids = two_cameras.pids()
    os.killpg(supervisor.pid, signal.SIGINT)
    assert supervisor.child.wait(5) == 0
    assert not [pid for pid in pids if alive(pid)]
    assert "warn" not in two_cameras.log_text()


def test_background_up_and_down(two_cameras):
    done = two_cameras.run("up", "-d")
    assert done.returncode == 0, done.stderr
    assert f"127.0.0.1:{two_cameras.port}" in done.stdout
    pids = two_cameras.pids()
    assert len(pids) == 3
    status = two_cameras.run("status")
    assert status.returncode == 0 and "capture.CAM2" in status.stdout
    done = two_cameras.run("down")
    assert done.returncode == 0, done.stderr
    assert not [pid for pid in pids if alive(pid)]
    again = two_cameras.run("down")
    assert again.returncode == 0 and "not running" in again.stdout


@pytest.mark.parametrize("word, said", [("version", r"ringcast \d+\.\d+\.\d+\n"),
                                        ("help", r"usage: ringcast COMMAND ")])
def test_what_it_says_of_itself(two_cameras, word, said):
    done = two_cameras.run(word)
    assert done.returncode == 0 and re.match(said, done.stdout)


def test_a_second_instance_is_refused(two_cameras):
    two_cameras.up()
    pids = two_cameras.pids()
    second = two_cameras.run("up")
    assert second.returncode == 1
    assert "already running" in second.stderr and str(two_cameras.supervisor.pid) in second.stderr
    assert two_cameras.pids() == pids and all(alive(pid) for pid in pids)


def test_killed_supervisor_takes_all_with_it_and_up_works_at_once(two_cameras):
    supervisor = two_cameras.up().supervisor
    first = two_cameras.pids()
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.child.wait()
    two_cameras.supervisor = None
    two_cameras.up()
    assert not [pid for pid in first if alive(pid)]
    assert len(two_cameras.pids()) == 3


def test_killed_supervisor_leaves_nothing(two_cameras):
    supervisor = two_cameras.up().supervisor
    pids = two_cameras.pids()
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.child.wait()
    two_cameras.supervisor = None
    assert_gone(pids, 2)
    wait_until(lambda: not list(two_cameras.run_dir.iterdir()), 2, "an empty run directory")


@pytest.mark.parametrize("name", ["capture.CAM1", "broadcaster"])
def test_a_killed_process_is_started_again(two_cameras, name):
    two_cameras.up()
    before = two_cameras.state()
    began = time.monotonic()
    two_cameras.kill(name)
    two_cameras.wait_running(name, 1)
    assert time.monotonic() - began < 2
    after = two_cameras.state()
    assert after[name]["pid"] != before[name]["pid"]
    for other in set(before) - {name}:
        assert after[other] == before[other]


def test_all_killed_at_once_are_started_again(two_cameras):
    """However they fall together: bash's `wait -n` misses children that die at a bad moment."""
    two_cameras.up()
    for restarts in range(1, 4):
        for pid in two_cameras.pids():
            os.kill(pid, signal.SIGKILL)
        for name in ("capture.CAM1", "capture.CAM2", "broadcaster"):
            two_cameras.wait_running(name, restarts)


def test_a_process_that_keeps_dying_is_started_less_and_less_often(two_cameras):
    two_cameras.up()
    waits = []
    for restarts in range(1, 5):
        two_cameras.kill("capture.CAM1")
        began = time.monotonic()
        two_cameras.wait_running("capture.CAM1", restarts)
        waits.append(time.monotonic() - began)
    assert waits[-1] > 0.8 > waits[0]


def test_stuck_processes_are_killed_in_the_end(two_cameras):
    two_cameras.up()
    pids = two_cameras.pids()
    two_cameras.kill("capture.CAM1", signal.SIGSTOP)
    began = time.monotonic()
    two_cameras.down()
    assert time.monotonic() - began < 2.2
    assert not [pid for pid in pids if alive(pid)]


def test_a_taken_port_is_one_line_and_is_not_tried_again(two_cameras):
    with socket.create_server(("127.0.0.1", two_cameras.port)):
        said = two_cameras.start().wait_ready()
        assert "broadcaster (exit 78)" in said
        assert two_cameras.state()["broadcaster"]["state"] == "failed"
        assert two_cameras.state()["capture.CAM1"]["state"] == "running"
        status = two_cameras.run("status")
        assert "failed" in status.stdout and "must be mended" in status.stdout
        lines = [line for line in two_cameras.log_text().splitlines() if "error broadcaster" in line]
        assert len(lines) == 1 and str(two_cameras.port) in lines[0]
    assert two_cameras.run("reload").returncode == 0
    two_cameras.wait_running("broadcaster", 0)


def test_background_up_says_what_failed(two_cameras):
    with socket.create_server(("127.0.0.1", two_cameras.port)):
        done = two_cameras.run("up", "-d")
        assert done.returncode == 1
        assert "broadcaster" in done.stderr and str(two_cameras.port) in done.stderr
    assert two_cameras.run("down").returncode == 0


def wait_captures(pipeline, *cameras):
    """The supervisor writes down what it runs a moment after all of it works."""
    wanted = {f"capture.{camera}" for camera in cameras}
    wait_until(lambda: {name for name in pipeline.state() if name.startswith("capture.")} == wanted,
               2, f"captures of {cameras}")


def test_reload_starts_and_ends_captures(two_cameras):
    two_cameras.up()
    before = two_cameras.state()
    cameras = two_cameras.config["cameras"]
    cameras["CAM3"] = cameras.pop("CAM2")
    two_cameras.write_config()
    assert two_cameras.run("reload").returncode == 0
    wait_captures(two_cameras, "CAM1", "CAM3")
    assert_gone([before["capture.CAM2"]["pid"]], 2)
    for name in ("capture.CAM1", "broadcaster"):
        assert two_cameras.state()[name] == before[name]


def test_reload_ends_a_capture_that_is_stuck(two_cameras):
    two_cameras.up()
    stuck = two_cameras.state()["capture.CAM2"]["pid"]
    two_cameras.kill("capture.CAM2", signal.SIGSTOP)
    two_cameras.config["cameras"]["CAM3"] = two_cameras.config["cameras"].pop("CAM2")
    two_cameras.write_config()
    os.kill(two_cameras.supervisor.pid, signal.SIGHUP)
    wait_captures(two_cameras, "CAM1", "CAM3")
    assert_gone([stuck], 5)
    assert set(two_cameras.pids()) >= {two_cameras.state()["capture.CAM3"]["pid"]}


def test_reload_returns_when_every_process_works_with_it(two_cameras):
    two_cameras.up()
    for fps in (3, 4, 5):
        two_cameras.config["cameras"]["CAM1"]["fps"] = fps
        two_cameras.write_config()
        assert two_cameras.run("reload").returncode == 0
        checked = two_cameras.run("check").stdout
        for name in two_cameras.state():
            with two_cameras.control(name) as control:
                assert f"config_hash={control.ask('stats')['config_hash']}" in checked


def test_reload_works_under_nohup(two_cameras):
    two_cameras.prefix = ["env", "--ignore-signal=HUP"]
    two_cameras.up()
    two_cameras.config["cameras"]["CAM3"] = two_cameras.config["cameras"].pop("CAM2")
    two_cameras.write_config()
    assert two_cameras.run("reload").returncode == 0
    wait_captures(two_cameras, "CAM1", "CAM3")


def test_reload_of_a_bad_configuration_changes_nothing(two_cameras):
    two_cameras.up()
    before = two_cameras.state()
    two_cameras.config["cameras"]["CAM3"] = {"url": "ftp://x/", "unheard_of": 1}
    two_cameras.write_config()
    done = two_cameras.run("reload")
    assert done.returncode == 78
    assert "cameras.CAM3.unheard_of" in done.stderr and "cameras.CAM3.url" in done.stderr
    os.kill(two_cameras.supervisor.pid, signal.SIGHUP)
    wait_until(lambda: "not reloaded" in two_cameras.log_text(), 5, "the supervisor's refusal")
    assert "cameras.CAM3.unheard_of" in two_cameras.log_text()
    assert two_cameras.state() == before


def test_up_with_a_bad_configuration(tmp_path):
    broken = Pipeline(tmp_path, {"bad id!": {}})
    done = broken.run("up")
    assert done.returncode == 78 and "bad id!" in done.stderr
    missing = tmp_path / "missing"
    missing.mkdir()
    broken = Pipeline(missing, {})
    broken.config_path.unlink()
    done = broken.run("up")
    assert done.returncode == 78 and "cannot read" in done.stderr


def test_a_run_directory_of_others_is_refused(two_cameras):
    two_cameras.run_dir.mkdir(mode=0o755)
    done = two_cameras.run("up")
    assert done.returncode == 1 and "chmod 700" in done.stderr
    two_cameras.run_dir.chmod(0o700)


def test_ctl_asks_a_socket(two_cameras):
    two_cameras.up()
    done = two_cameras.run("ctl", "capture.CAM1", "stats")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["pid"] == two_cameras.state()["capture.CAM1"]["pid"] and answer["config_hash"]
    two_cameras.config_path = two_cameras.folder / "nothing.json"  # a path says enough
    socket_path = str(two_cameras.run_dir / "capture.CAM1.sock")
    done = two_cameras.run("ctl", socket_path, '{"type": "stats"}')
    assert done.returncode == 0 and json.loads(done.stdout)["pid"] == answer["pid"], done.stderr


def test_it_starts_with_closed_standard_files(two_cameras):
    script = 'exec "$0" up -c "$1" --ready-fd 3 3>&1 <&- >&- 2>&-'
    with subprocess.Popen(["bash", "-c", script, SCRIPT, two_cameras.config_path], cwd=ROOT,
                          env={**os.environ, **two_cameras.environment}, text=True,
                          stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout.readline() == "ready\n"
        supervisor.terminate()
        assert supervisor.wait(5) == 0


@pytest.mark.parametrize("arguments", [["unheard-of"], ["up", "extra"], ["ctl", "one"]])
def test_bad_commands(two_cameras, arguments):
    done = two_cameras.run(*arguments)
    assert done.returncode == 2 and done.stderr.startswith("ringcast: ")
