"""`ringcast top`, printed once and live in a terminal."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import pytest

from harness.processes import ROOT, SCRIPT
from harness.waiting import wait_until

CONTROL = re.compile(r"\x1b\[[?0-9]*[A-Za-z]")


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, command, environment, columns, lines):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.resize(columns, lines)
        self.child = subprocess.Popen(list(map(str, command)), stdin=slave, stdout=slave,
                                      stderr=slave, cwd=ROOT, env={**os.environ, **environment},
                                      start_new_session=True)
        self.slave = slave
        self.text = ""
        os.set_blocking(self.master, False)

    def resize(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self):
        try:
            self.text += os.read(self.master, 65536).decode()
        except BlockingIOError:
            pass
        return self.text

    def screens(self):
        """What was drawn, screen by screen, as lines; the last one may not be whole."""
        return [CONTROL.sub("", screen).replace("\r", "").split("\n")
                for screen in self.read().split("\x1b[H")[1:]]

    def close(self):
        self.child.kill()
        self.child.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def watched(camsim, pipeline, viewer):
    """A pipeline with a camera, a dead one, and a viewer."""
    camera = camsim()
    running = pipeline({"CAM1": {"url": f"{camera.url}/stream"},
                        "DEAD": {"url": "http://127.0.0.1:1/"}}).up()
    wait_until(lambda: running.get("/api/cameras")[2]["cameras"][0]["state"] == "online", 10,
               "online")
    viewer(running.url)
    return running


@pytest.fixture
def terminal(watched):
    opened = []

    def start(columns, lines):
        opened.append(Terminal([SCRIPT, "top", "-c", watched.config_path], watched.environment,
                               columns, lines))
        return opened[-1]
    yield start
    for one in opened:
        one.close()


def rows(lines):
    """{first word of a row: its words}"""
    return {line.split()[0]: line.split() for line in lines if line.strip()}


def test_once(watched):
    done = watched.run("top")  # stdout is no terminal here
    assert done.returncode == 0 and not done.stderr
    assert "\x1b" not in done.stdout
    found = rows(done.stdout.splitlines())
    camera = dict(zip(found["CAMERA"], found["CAM1"]))
    assert camera["STATE"] == "online"
    assert 10 < float(camera["FPS"]) < 40
    assert found["DEAD"][1] in ("connecting", "offline")
    assert "connection refused" in done.stdout
    broadcaster = dict(zip(found["BROADCASTER"], found["running"]))
    assert broadcaster["VIEWERS"] == "1"
    assert len(rows(done.stdout.split("VIEWER ")[1].splitlines()[1:])) == 1
    os.kill(watched.state()["capture.CAM1"]["pid"], signal.SIGSTOP)
    assert rows(watched.run("top", "--once").stdout.splitlines())["CAM1"][1] == "hangs"
    os.kill(watched.state()["capture.CAM1"]["pid"], signal.SIGCONT)


def test_once_when_nothing_runs(pipeline):
    stopped = pipeline({})
    done = stopped.run("top", "--once")
    assert done.returncode == 1 and not done.stdout
    assert "ringcast is not running" in done.stderr
    assert stopped.run("top", "--twice").returncode == 2


def test_live(terminal):
    screen = terminal(150, 40)
    seen = 0
    for columns, lines in (150, 40), (60, 14), (20, 5):
        screen.resize(columns, lines)
        os.kill(screen.child.pid, signal.SIGWINCH)
        drawn = wait_until(lambda seen=seen: len(found := screen.screens()) > seen + 2 and
                           found[seen + 1:-1], 10, "another screen")
        seen += 1 + len(drawn)
        assert len(drawn[-1]) <= lines and max(map(len, drawn[-1])) <= columns
        shown = rows(drawn[-1])
        assert shown["ringcast"] and shown["BROADCASTER"]
        if lines > 5:
            assert "CAM1" in shown
        if columns > 100:
            assert "NOTE" in shown["CAMERA"]
    os.write(screen.master, b"q")
    assert screen.child.wait(2) == 0
    assert screen.read().endswith("\x1b[?7h\x1b[?25h\x1b[?1049l")
    assert termios.tcgetattr(screen.slave) == screen.before


def test_live_waits_for_a_pipeline_that_is_gone_and_ends_on_ctrl_c(watched, terminal):
    screen = terminal(100, 30)
    wait_until(lambda: len(screen.screens()) > 1, 10, "a screen")
    watched.down()
    wait_until(lambda: "ringcast is not running" in screen.read(), 5, "it says so")
    watched.up()
    since = len(screen.screens())
    wait_until(lambda: any("BROADCASTER" in rows(one) for one in screen.screens()[since:]), 10,
               "it is back")
    screen.child.send_signal(signal.SIGINT)
    assert screen.child.wait(2) == 0
    assert termios.tcgetattr(screen.slave) == screen.before
