"""Thirty-two cameras at once, each with a capture of its own."""

from harness.drawn import DrawnViewer
from harness.waiting import wait_until

NAMES = [f"CAM{number}" for number in range(32)]


def test_all_are_online_and_one_viewer_gets_them_all(camsim, pipeline):
    address = f"{camsim(fps=10).url}/stream"
    running = pipeline({name: {"url": address, "detect": "off"} for name in NAMES}).up()
    viewer = DrawnViewer(running.url, f"/ws/stream/raw?camera_id={NAMES[0]}")
    for name in NAMES[1:]:
        viewer.send(type="subscribe", camera_id=name)
    for name in NAMES:
        viewer.wait(lambda frame, name=name: frame["camera"] == name and frame["number"] > 5,
                    what=f"frames of {name}")
    states = {one["id"]: one["state"] for one in running.get("/api/cameras")[2]["cameras"]}
    assert states == dict.fromkeys(NAMES, "online")
    assert not [word for word in viewer.words if word["type"] in ("error", "stream_ended")]
    viewer.close()
    wait_until(lambda: running.get("/ws/health")[2]["active_connections"] == 0, 5, "nobody left")
