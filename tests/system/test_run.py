"""tests/run itself: a suite that hangs is ended with all that it has started, and says how far it came."""

import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pytest

from harness.processes import ROOT, alive


@pytest.fixture(scope="module")
def runner():
    loader = SourceFileLoader("tests_run", str(ROOT / "tests/run"))
    module = module_from_spec(spec_from_loader("tests_run", loader))
    loader.exec_module(module)
    return module


def pids_in(file):
    return [int(word) for word in file.read_text().split()]


def test_a_suite_that_ends(runner):
    code, output = runner.run(["sh", "-c", "echo out; echo err >&2; echo $WORD; exit 3"], 10,
                              {"WORD": "given"})
    assert code == 3 and output == "out\nerr\ngiven\n"


def test_a_suite_that_is_not_there(runner):
    code, output = runner.run(["/nowhere/at-all"], 10)
    assert code == 127 and "/nowhere/at-all" in output


def test_what_a_suite_leaves_behind_does_not_hold_up_the_next(runner, tmp_path):
    began = time.monotonic()
    code, output = runner.run(["sh", "-c", "sleep 30 & echo $! >pid; echo done"], 20, folder=tmp_path)
    assert code == 0 and output == "done\n" and time.monotonic() - began < 15
    runner.os.kill(pids_in(tmp_path / "pid")[0], runner.signal.SIGKILL)


@pytest.mark.parametrize("deaf", ["", "trap '' INT; "])
def test_a_suite_that_hangs(runner, tmp_path, deaf):
    """Its child, one that has become a session of its own, and one whose parent is gone."""
    script = deaf + ("sleep 600 & echo $! >>pids; "
                     "setsid sh -c 'echo $$ >>pids; exec sleep 600' & "
                     "(setsid sh -c 'echo $$ >>pids; exec sleep 600' &) ; "
                     "echo begun; sleep 600")
    began = time.monotonic()
    code, output = runner.run(["sh", "-c", script], 2, folder=tmp_path, grace_s=0.2)
    assert code is None and output == "begun\n\nended after 2 s\n"
    assert time.monotonic() - began < 15
    pids = pids_in(tmp_path / "pids")
    assert len(pids) == 3 and not [pid for pid in pids if alive(pid)]
