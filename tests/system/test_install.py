"""`make install` into a folder of one's own: what stands there runs without the source tree."""

import os
import subprocess

import pytest

from harness.processes import PROGRAMS, ROOT, Pipeline


@pytest.fixture
def make(tmp_path):
    """make(target) with a PREFIX that has a space in it."""
    if PROGRAMS != ROOT / "build":
        pytest.skip("only the ordinary build is installed")

    def run(target):
        return subprocess.run(["make", "-s", target, f"PREFIX={tmp_path}/a prefix"],
                              cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    return run


def test_installed_ringcast_runs_and_goes(make, tmp_path, clip, monkeypatch):
    for _ in range(2):
        done = make("install")
        assert done.returncode == 0, done.stderr
    prefix = tmp_path / "a prefix"
    assert (prefix / "share/doc/ringcast/ringcast.example.json").exists()
    web = prefix / "share/ringcast/web"
    assert not [file for file in web.rglob("*") if file.name.startswith((".", "package-lock"))]
    # Without npm or a network there is no uPlot; never is there one without its licence.
    assert not (web / "vendor/uplot.js").exists() or (web / "vendor/uplot.LICENSE.txt").exists()
    folder = tmp_path / "instance"
    folder.mkdir()
    monkeypatch.setattr("harness.processes.SCRIPT", prefix / "bin/ringcast")
    model = prefix / "share/ringcast/ringcast-demo.onnx"
    running = Pipeline(folder, {"CAM1": {"path": str(clip)}}, environment={"RINGCAST_PROGRAMS": ""},
                       detector={"model": str(model), "names": str(model.with_suffix(".names"))})
    try:
        running.up()
        program = os.readlink(f"/proc/{running.state()['broadcaster']['pid']}/exe")
        assert program == str(prefix / "libexec/ringcast/ringcast-broadcaster")
        status, _, page = running.get("/")
        assert status == 200 and b"<html" in page
    finally:
        running.down()
    for _ in range(2):
        assert make("uninstall").returncode == 0
    assert not [file for file in prefix.rglob("*") if file.is_file()]
