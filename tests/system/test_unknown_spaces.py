"""What a camera that shows nothing new says of its parking spaces: that it does not know."""

from harness.carpark import DEMO_MODEL
from harness.processes import http

# A camera is away, or its picture frozen, after so long; and on a busy machine.
BLIND_LIMIT_S = 30
STATES_LIMIT_S = 30
SCENE = ("--seed", "6003", "--size", "640x360", "--still")


def spaces_of(message):
    return {one["space_id"]: one for one in message["metadata"]["space_occupancy"]}


def states_of(message):
    return {name: space["state"] for name, space in spaces_of(message).items()}


def all_known(message):
    return message["type"] == "frame" and "unknown" not in states_of(message).values()


def all_unknown(message):
    return message["type"] == "frame" and set(states_of(message).values()) == {"unknown"}


class Lot:
    """A camera of the pipeline, and a viewer of it."""

    def __init__(self, name, camera, viewer):
        self.name, self.camera, self.viewer = name, camera, viewer

    def wait(self, wanted, since, what):
        limit = BLIND_LIMIT_S if wanted is all_unknown else STATES_LIMIT_S
        return self.viewer.wait(lambda message: message["at"] > since and wanted(message), limit,
                                f"{self.name}: {what}")

    def truth(self):
        return {space["id"]: space["state"] for space in
                http("GET", f"{self.camera.url}/truth")[2]["spaces"]}


def events_of(lot, after, message):
    """{space: its events} of the frames behind one and up to the other."""
    events = {}
    for frame in lot.viewer.frames():
        if after["at"] < frame["at"] <= message["at"]:
            for event in frame["metadata"].get("space_events", ()):
                events.setdefault(event["space_id"], []).append((event["from"], event["to"]))
    return events


def test_spaces_of_a_camera_that_is_away_or_frozen(camsim, pipeline, viewer):
    cameras = {name: camsim(*SCENE, source="--scene=carpark", fps=10) for name in ("AWAY", "FROZEN")}
    running = pipeline(
        {name: {"url": f"{camera.url}/stream", "spaces": http("GET", f"{camera.url}/spaces.json")[2]}
         for name, camera in cameras.items()},
        detector={"model": str(DEMO_MODEL / "ringcast-demo.onnx"),
                  "names": str(DEMO_MODEL / "ringcast-demo.names"), "space_free_s": 1.5}).up()
    lots = [Lot(name, camera, viewer(running.url, f"/ws/viewer/detection?camera_id={name}"))
            for name, camera in cameras.items()]
    known = {lot.name: lot.wait(all_known, 0, "states known") for lot in lots}
    for lot in lots:
        assert states_of(known[lot.name]) == lot.truth()
    cameras["FROZEN"].fault("frozen")
    cameras["AWAY"].fault("stall")
    blind = {lot.name: lot.wait(all_unknown, known[lot.name]["at"], "states unknown") for lot in lots}
    for lot in lots:
        before, now = known[lot.name], blind[lot.name]
        assert ({name: space["is_occupied"] for name, space in spaces_of(now).items()}
                == {name: state == "occupied" for name, state in states_of(before).items()})
        assert before["metadata"]["occupied_spaces"] > 0
        assert now["metadata"]["occupied_spaces"] == 0
        assert now["metadata"]["total_spaces"] == before["metadata"]["total_spaces"]
        assert events_of(lot, before, now) == {name: [(state, "unknown")]
                                               for name, state in states_of(before).items()}
    for camera in cameras.values():
        camera.fault("none")
    for lot in lots:
        again = lot.wait(all_known, blind[lot.name]["at"], "states known again")
        assert states_of(again) == lot.truth()
        assert again["metadata"]["occupied_spaces"] == known[lot.name]["metadata"]["occupied_spaces"]
