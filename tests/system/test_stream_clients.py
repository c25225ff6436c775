"""Debian's python3-websockets, which shares no code with us or with the other tests' client, on every path
and in both forms."""

import asyncio
import base64
import json

import pytest
import websockets

from harness.broadcaster import BINARY, JSON, decode_container
from harness.jpeg import grey_jpeg
from harness.streams import DETECT, RAW, VIEWER

JPEG = grey_jpeg(1)


async def converse(server, path, subprotocol):
    """Watches CAM1 until there are five frames; asks, pauses and resumes meanwhile."""
    frames, answers = [], []
    uri = f"ws://127.0.0.1:{server.port}{path}?camera_id=CAM1&fps=20&skip_frames=1&user_id=w"
    subprotocols = [subprotocol] if subprotocol else None
    async with websockets.connect(uri, subprotocols=subprotocols, compression=None,
                                  max_size=None) as viewer:
        assert viewer.subprotocol == subprotocol
        await viewer.send("ping")
        await viewer.send(json.dumps({"type": "ping", "t": 5}))
        await (await viewer.ping())
        while len(frames) < 5 or len(answers) < 2:
            message = await asyncio.wait_for(viewer.recv(), 10)
            if isinstance(message, bytes):
                frames.append(decode_container(message)["jpeg"])
            elif message == "pong":
                answers.append(message)
            else:
                document = json.loads(message)
                if document["type"] == "frame":
                    text = document["data"] if "data" in document else document["frame"].split(",")[1]
                    frames.append(base64.b64decode(text, validate=True))
                elif document["type"] == "pong":
                    answers.append(document["t"])
        await viewer.send(json.dumps({"type": "pause"}))
        await viewer.send(json.dumps({"type": "resume"}))
        await viewer.close()
    assert viewer.close_code == 1000
    assert answers == ["pong", 5]
    return frames


@pytest.mark.parametrize("path", [VIEWER, RAW, DETECT])
def test_python_websockets(live, path):
    async def post():
        while True:
            await asyncio.to_thread(live.post_frame, "CAM1", JPEG)
            await asyncio.sleep(0.06)

    async def all_forms():
        posting = asyncio.create_task(post())
        heard = await asyncio.gather(*(converse(live, path, one) for one in (None, JSON, BINARY)))
        posting.cancel()
        return heard
    for frames in asyncio.run(all_forms()):
        if path == RAW:
            assert all(one[:2] == b"\xff\xd8" and one[-2:] == b"\xff\xd9" for one in frames)
        else:
            assert frames[:5] == [JPEG] * 5


def test_a_refusal_reaches_the_client(live):
    async def refused():
        async with websockets.connect(f"ws://127.0.0.1:{live.port}{RAW}?camera_id=CAM1&fps=99"):
            pass
    with pytest.raises(websockets.exceptions.InvalidStatusCode) as refusal:
        asyncio.run(refused())
    assert refusal.value.status_code == 400
