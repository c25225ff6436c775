"""Who may do what: tokens, roles, camera lists, limits, origins, proxies."""

import http.client
import json
import socket
import subprocess

import pytest
import websocket

from harness.access import Token, reload
from harness.broadcaster import (CONTAINER, JSON, container_body, json_body, receive_frame)
from harness.jpeg import grey_jpeg
from harness.processes import PROGRAMS, http as ask
from harness.waiting import wait_until

JPEG = grey_jpeg(1)
CAMERAS = {"NORTH": {"source": "push"}, "SOUTH": {"source": "push"}}


@pytest.fixture(scope="module")
def tokens():
    return {"wall": Token("wall"), "gate": Token("gate", cameras=["SOUTH"]),
            "worker": Token("worker", "publisher"), "boss": Token("boss", "admin"),
            "sender": Token("sender", "publisher", cameras=["SOUTH"])}


@pytest.fixture
def guarded(broadcaster, tokens):
    """guarded(**settings) starts a broadcaster that knows the tokens."""
    def start(**settings):
        return broadcaster(top={"cameras": CAMERAS}, **{
            "tokens": [token.entry for token in tokens.values()], **settings})
    return start


def get(server, path, token=None, headers=None):
    return ask("GET", server.url + path, headers={**(token.bearer if token else {}),
                                                   **(headers or {})})


def post_json(server, path, body, token=None):
    return ask("POST", server.url + path, json.dumps(body).encode(),
               {"Content-Type": "application/json", **(token.bearer if token else {})})


def watch(server, path="/ws/viewer/detection?camera_id=SOUTH", token=None, **options):
    if token and "subprotocols" not in options:
        options["header"] = token.bearer
    return websocket.create_connection(f"ws://127.0.0.1:{server.port}{path}", timeout=10,
                                       skip_utf8_validation=True, **options)


def handshake(server, path, token=None, protocols=None):
    """(status, headers, body) of an answer to a right handshake."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path, headers={
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **(token.bearer if token else {}),
        **({"Sec-WebSocket-Protocol": ", ".join(protocols)} if protocols else {})})
    answer = connection.getresponse()
    body = answer.read() if answer.status != 101 else b"{}"
    connection.close()
    return answer.status, answer.headers, json.loads(body)


def refused(server, path, **options):
    """(status, headers, JSON body) of a WebSocket that is not opened."""
    answer = handshake(server, path, **options)
    assert answer[0] != 101
    return answer


# --- tokens ---

def test_paths_and_roles(guarded, tokens):
    server = guarded()
    for path in ("/healthz", "/api/version"):
        assert get(server, path)[0] == 200
        assert get(server, path, headers={"Authorization": "Bearer wrong"})[0] == 200
    for method, path, roles in [
            ("GET", "/api/cameras", "viewer publisher admin"), ("GET", "/metrics", "viewer admin"),
            ("GET", "/api/broadcast-status", "viewer admin"), ("GET", "/api/viewers", "admin"),
            ("DELETE", "/api/viewers/01234567", "admin"), ("POST", "/api/cameras", "admin"),
            ("PUT", "/api/cameras/SOUTH", "admin"), ("PUT", "/api/cameras/SOUTH/spaces", "admin"),
            ("DELETE", "/api/cameras/NONE", "admin"), ("POST", "/api/cameras/test", "admin"),
            ("POST", "/api/broadcast-detection", "publisher admin"),
            ("POST", "/api/tokens", "viewer publisher admin"),
            ("GET", "/api/cameras/SOUTH/snapshot.jpg?max_age=0.001", "viewer admin")]:
        status, headers, answer = ask(method, server.url + path)
        assert status == 401 and headers["WWW-Authenticate"] == 'Bearer realm="ringcast"', path
        assert answer["error"]["code"] == "unauthorized" and answer["detail"]
        status, headers, _ = ask(method, server.url + path,
                                 headers={"Authorization": "Bearer " + "0" * 64})
        assert status == 401 and 'error="invalid_token"' in headers["WWW-Authenticate"]
        if "snapshot" in path:
            continue  # it would wait for a picture
        for role, name in (("viewer", "wall"), ("publisher", "worker"), ("admin", "boss")):
            status, _, answer = ask(method, server.url + path, headers=tokens[name].bearer)
            assert (status in (401, 403)) == (role not in roles.split()), (path, role, answer)
            if status == 403:
                assert name in answer["detail"]


def test_session(guarded, tokens, broadcaster):
    server = guarded()
    nobody = {"user": None, "role": None, "cameras": [], "tokens_required": True}
    wrong = {"Authorization": "Bearer " + "0" * 64}
    assert get(server, "/api/session")[2] == get(server, "/api/session", headers=wrong)[2] == nobody
    for name, role, cameras in (("wall", "viewer", None), ("gate", "viewer", ["SOUTH"]),
                                ("worker", "publisher", None), ("boss", "admin", None)):
        assert get(server, "/api/session", tokens[name])[2] == {
            "user": name, "role": role, "cameras": cameras, "tokens_required": True}
    assert get(broadcaster(), "/api/session")[2] == {
        "user": "127.0.0.1", "role": "admin", "cameras": None, "tokens_required": False}


def test_every_way_to_bring_a_token(guarded, tokens):
    server = guarded()
    wall = tokens["wall"]
    assert refused(server, "/ws/viewer/detection?camera_id=SOUTH")[0] == 401
    watch(server, token=wall).close()
    # Behind the first subprotocol, and never echoed.
    viewer = watch(server, subprotocols=[JSON, wall.secret])
    assert viewer.getsubprotocol() == JSON
    assert wall.secret not in str(viewer.getheaders())
    viewer.close()
    assert refused(server, "/ws/viewer/detection?camera_id=SOUTH",
                   protocols=[JSON, "rc_" + "0" * 64])[0] == 401
    # In the address only for a short time.
    status, _, answer = get(server, f"/api/cameras?token={wall.secret}")
    assert status == 401 and "/api/tokens" in answer["detail"]
    status, headers, made = ask("POST", f"{server.url}/api/tokens", headers=wall.bearer)
    assert status == 201 and headers["Cache-Control"] == "no-store"
    assert made["user"] == "wall" and made["expires_in"] == 300
    assert get(server, f"/api/cameras?token={made['token']}")[0] == 200
    watch(server, f"/ws/viewer/detection?camera_id=SOUTH&token={made['token']}").close()
    for secret in (wall.secret, made["token"]):
        assert secret not in server.log_text()


def test_signed_tokens(guarded, tokens):
    server = guarded(token_life_s=100)

    def made(token, **wish):
        status, _, answer = post_json(server, "/api/tokens", wish, token)
        return answer["token"] if status == 201 else status

    assert made(tokens["wall"], role="publisher") == 403
    assert made(tokens["wall"], user="somebody") == 403
    assert made(tokens["gate"], cameras=["NORTH"]) == 403
    assert made(tokens["wall"], expires_in=-1) == made(tokens["wall"], until="May") == 400
    assert made(tokens["wall"], cameras=[]) == made(tokens["wall"], role="root") == 400
    guest = made(tokens["boss"], user="guest", cameras=["SOUTH"], expires_in=1000)
    status, _, answer = get(server, f"/api/cameras?token={guest}")
    assert status == 200 and [one["id"] for one in answer["cameras"]] == ["SOUTH"]
    assert get(server, f"/api/viewers?token={guest}")[0] == 403
    # It makes no other.
    status, _, answer = ask("POST", f"{server.url}/api/tokens?token={guest}")
    assert status == 403 and "live for ever" in answer["detail"]
    assert get(server, f"/api/cameras?token={guest[:-1]}")[0] == 401
    assert get(server, f"/api/viewers?token={made(tokens['boss'], role='admin')}")[0] == 200
    viewer = watch(server, f"/ws/viewer/detection?camera_id=SOUTH&token={guest}")
    _, _, listed = get(server, "/api/viewers", tokens["boss"])
    assert listed["viewers"][0]["user"] == "guest"
    viewer.close()
    # And it ends.
    short = made(tokens["wall"], expires_in=0.2)
    wait_until(lambda: get(server, f"/api/cameras?token={short}")[0] == 401, 5, "its end")
    assert "expired" in get(server, f"/api/cameras?token={short}")[2]["detail"]


def test_without_tokens_everybody_may(broadcaster):
    server = broadcaster(top={"cameras": CAMERAS})
    assert get(server, "/api/viewers", headers={"Authorization": "Bearer wrong"})[0] == 200
    assert ask("POST", f"{server.url}/api/tokens")[0] == 201
    viewer = watch(server, "/ws/viewer/detection?camera_id=SOUTH&user_id=Ren%C3%A9e%20%22x%22%0A")
    _, _, listed = get(server, "/api/viewers")
    assert listed["viewers"][0]["user"] == "Renée__x__"
    viewer.close()
    assert "user=Renée__x__" in server.log_text()


def test_names_control_no_terminal(broadcaster):
    server = broadcaster()
    viewer = watch(server, "/ws/viewer/detection?user_id=%C2%9B31mZo%C3%AB%C2%A0%0A%7F")
    assert get(server, "/api/viewers")[2]["viewers"][0]["user"] == "__31mZo\u00eb____"
    viewer.close()


def test_camera_lists(guarded, tokens):
    server = guarded()
    gate, sender, boss = tokens["gate"], tokens["sender"], tokens["boss"]
    for camera, status in (("SOUTH", 200), ("NORTH", 403), ("OTHER", 403)):
        for body, content_type, query in [
                (json_body(camera, JPEG), "application/json", ""),
                (container_body(camera, JPEG), CONTAINER, ""),
                (JPEG, "image/jpeg", f"?camera_id={camera}")]:
            answer = server.post(body, content_type, query, sender.bearer)
            assert answer[0] == status, answer
    server.post(json_body("NORTH", JPEG), headers=boss.bearer)
    assert [one["id"] for one in get(server, "/api/cameras", gate)[2]["cameras"]] == ["SOUTH"]
    listed = get(server, "/api/broadcast-status", gate)[2]
    assert [one["camera_id"] for one in listed["broadcasters"]] == ["SOUTH"]
    assert get(server, "/metrics", gate)[0] == 403
    assert get(server, "/api/cameras/NORTH/snapshot.jpg", gate)[0] == 403
    for path in ("viewer/detection", "stream/raw", "stream/detect"):
        status, _, answer = refused(server, f"/ws/{path}?camera_id=NORTH", token=gate)
        assert status == 403 and answer["error"]["code"] == "camera_not_allowed"
    # All streams: those that it may see.
    viewer = watch(server, "/ws/viewer/detection", token=gate)
    greeting = json.loads(viewer.recv())
    assert [one["camera_id"] for one in greeting["active_streams"]] == ["SOUTH"]
    assert receive_frame(viewer)["camera_id"] == "SOUTH"
    viewer.send(json.dumps({"type": "subscribe", "camera_id": "NORTH"}))
    while (message := json.loads(viewer.recv()))["type"] != "error":
        assert message.get("camera_id", "SOUTH") == "SOUTH"
    viewer.close()


def test_admins_of_some_cameras(broadcaster):
    local, boss = Token("local", "admin", ["SOUTH"]), Token("boss", "admin")
    server = broadcaster(top={"cameras": CAMERAS}, tokens=[local.entry, boss.entry])
    north = watch(server, "/ws/viewer/detection?camera_id=NORTH", token=boss)
    south = watch(server, token=boss)
    _, _, shown = get(server, "/api/viewers", local)
    assert shown["total"] == 1 and [one["camera"] for one in shown["viewers"]] == ["SOUTH"]
    south.send('{"type":"subscribe","camera_id":"NORTH"}')
    wait_until(lambda: get(server, "/debug/streams", boss)[2]["active_streams"] == 3, 5,
               "another stream")
    _, _, shown = get(server, "/debug/streams", local)
    assert shown["active_streams"] == 1
    assert [one["camera_id"] for one in shown["streams"]] == ["SOUTH"]
    for one in get(server, "/api/viewers", boss)[2]["viewers"]:
        status, _, _ = ask("DELETE", f"{server.url}/api/viewers/{one['id']}", headers=local.bearer)
        assert status == (204 if one["camera"] == "SOUTH" else 404)
    assert ask("DELETE", f"{server.url}/api/cameras/NORTH", headers=local.bearer)[0] == 403
    north.close()
    south.close()


def test_the_socket_of_this_machine_needs_no_token(guarded):
    server = guarded(base_path="/far/away")
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(server.run_dir / "broadcaster.http.sock"))
    for method, path, body, status in [
            ("POST", "/api/broadcast-detection", json_body("SOUTH", JPEG), 200),
            ("GET", "/api/broadcast-status", None, 200), ("GET", "/api/viewers", None, 403),
            ("POST", "/api/tokens", None, 403)]:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status, path
    connection.close()


def close_code(viewer):
    """Of a viewer that the broadcaster closes; frames before it are skipped."""
    while True:
        opcode, data = viewer.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2], "big")


def test_who_a_reload_leaves_out_is_closed(guarded, tokens):
    server = guarded()
    staying, leaving = watch(server, token=tokens["wall"]), watch(server, token=tokens["gate"])
    made = ask("POST", f"{server.url}/api/tokens", headers=tokens["gate"].bearer)[2]["token"]
    signed = watch(server, f"/ws/viewer/detection?camera_id=SOUTH&token={made}")
    old = server.raw(f"GET /stream/detect?camera_id=SOUTH&token={made} HTTP/1.1\r\n"
                     "Host: localhost\r\n\r\n".encode())
    assert old.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert get(server, "/api/viewers", tokens["boss"])[2]["total"] == 4
    reload(server, tokens=[tokens[name].entry for name in ("wall", "worker", "boss")])
    while old.recv(1000):
        pass
    assert close_code(leaving) == close_code(signed) == 1008
    assert get(server, "/api/cameras", tokens["gate"])[0] == 401
    assert get(server, f"/api/cameras?token={made}")[0] == 401
    server.post(json_body("SOUTH", JPEG), headers=tokens["worker"].bearer)
    assert receive_frame(staying)["camera_id"] == "SOUTH"
    staying.close()
    # Who came while no token was needed has none when one is.
    reload(server, tokens=[])
    anybody = watch(server)
    reload(server, tokens=[tokens["boss"].entry])
    assert close_code(anybody) == 1008


# --- limits ---

def test_places(broadcaster):
    server = broadcaster(top={"cameras": CAMERAS}, max_viewers_per_user=2, max_viewers_per_address=3, max_viewers=100)
    path = "/ws/viewer/detection?camera_id=SOUTH&user_id="
    first, second, third = watch(server, path + "a"), watch(server, path + "a"), watch(
        server, path + "b")
    for user, code in (("a", "too_many_of_user"), ("b", "too_many_of_address")):
        status, headers, answer = refused(server, path + user)
        assert status == 503 and headers["Retry-After"] == "5"
        assert answer == {"error": {"code": code,
                                    "message": "Too many active streams. Please try again."},
                          "detail": "Too many active streams. Please try again."}
    first.close()
    wait_until(lambda: server.viewers("SOUTH") == 2, 5, "one less")
    fourth = watch(server, path + "a")
    # A handshake that fails takes no place.
    second.close()
    wait_until(lambda: server.viewers("SOUTH") == 2, 5, "one less")
    for _ in range(5):
        assert get(server, path + "a")[0] == 426
    fifth = watch(server, path + "a")
    for viewer in (third, fourth, fifth):
        viewer.close()
    wait_until(lambda: server.viewers("SOUTH") == 0, 5, "nobody")
    # MJPEG takes places alike.
    request = b"GET /stream/detect?camera_id=SOUTH&user_id=c HTTP/1.1\r\nHost: localhost\r\n\r\n"
    old = [server.raw(request) for _ in range(3)]
    statuses = [one.recv(1000).split()[1] for one in old]
    assert statuses == [b"200", b"200", b"503"]
    for one in old:
        one.close()
    wait_until(lambda: server.viewers("SOUTH") == 0, 5, "nobody")
    watch(server, path + "c").close()


def test_a_storm_of_reconnects_is_one_warning(broadcaster):
    server = broadcaster(max_reconnects_per_minute=5)
    statuses = []
    for _ in range(200):
        status, headers, answer = handshake(server, "/ws/viewer/detection?camera_id=SOUTH")
        statuses.append(status)
        if status == 429:
            assert 1 <= int(headers["Retry-After"]) <= 60
            assert answer["error"]["code"] == "too_many_reconnects"
    assert statuses[:5] == [101] * 5 and set(statuses[6:]) == {429}
    warnings = [line for line in server.log_text().splitlines() if line.startswith("warn")]
    assert len(warnings) == 1 and "too_many_reconnects" in warnings[0]
    watch(server, "/ws/viewer/detection?camera_id=SOUTH&user_id=other").close()


def test_posts_of_one_source_and_camera(broadcaster):
    server = broadcaster(max_posts_per_second=3)
    answers = [server.post(json_body("SOUTH", JPEG)) for _ in range(30)]
    assert [status for status, _ in answers[:3]] == [200] * 3
    late = [answer for status, answer in answers if status == 429]
    assert late and late[0]["error"]["code"] == "too_fast"
    assert server.post(json_body("NORTH", JPEG))[0] == 200


# --- foreign pages, proxies, prefixes ---

def test_cors(broadcaster):
    origin = "https://portal.example"
    server = broadcaster(cors_origins=[origin])
    _, headers, _ = get(server, "/healthz", headers={"Origin": origin})
    assert headers["Access-Control-Allow-Origin"] == origin
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert headers["Vary"] == "Origin" and "Retry-After" in headers["Access-Control-Expose-Headers"]
    for other in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        _, headers, _ = get(server, "/healthz", headers=other)
        assert "Access-Control-Allow-Origin" not in headers and headers["Vary"] == "Origin"
    # Nothing of one request's rights is left for the next one on the same connection.
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for other, allowed in ((origin, origin), ("https://evil.example", None)):
        connection.request("GET", "/healthz", headers={"Origin": other})
        answer = connection.getresponse()
        answer.read()
        assert answer.headers["Access-Control-Allow-Origin"] == allowed
    connection.close()
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "authorization,content-type"}
    status, headers, _ = ask("OPTIONS", f"{server.url}/api/tokens", headers=preflight)
    assert status == 204 and headers["Access-Control-Allow-Origin"] == origin
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert "Authorization" in headers["Access-Control-Allow-Headers"]
    _, headers, _ = ask("OPTIONS", f"{server.url}/api/tokens",
                        headers={**preflight, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Methods" not in headers

    reload(server, cors_origins=["*"])
    _, headers, _ = get(server, "/nothing", headers={"Origin": "https://evil.example"})
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in headers
    _, headers, _ = get(server, "/healthz", headers={"Origin": "https://evil.example"})
    assert headers["Vary"] == "Origin"  # a listed one gets another answer
    reload(server, cors_origins=[])
    assert "Vary" not in get(server, "/healthz", headers={"Origin": origin})[1]


def test_proxies(broadcaster):
    forwarded = {"X-Forwarded-For": "1.1.1.1, 203.0.113.5", "X-Forwarded-Host": "cam.example",
                 "X-Forwarded-Proto": "https", "Origin": "https://cam.example"}
    header = [f"{name}: {value}" for name, value in forwarded.items() if name != "Origin"]
    server = broadcaster(trusted_proxies=["127.0.0.1"], hosts=["cam.example"])
    viewer = watch(server, header=header, origin="https://cam.example")
    assert get(server, "/api/viewers")[2]["viewers"][0]["user"] == "203.0.113.5"
    viewer.close()
    # A page that came in the clear may be somebody else's.
    for origin, status in (("https://cam.example", 201), ("http://cam.example", 403)):
        answer = ask("POST", f"{server.url}/api/tokens", headers={**forwarded, "Origin": origin})
        assert answer[0] == status
    # Its own name for us is what counts, also when that is not ours.
    status, _, _ = get(server, "/healthz", headers={"X-Forwarded-Host": "evil.example"})
    assert status == 421

    server = broadcaster(trusted_proxies=["10.0.0.0/8"], hosts=["cam.example"])
    viewer = watch(server, header=header)
    assert get(server, "/api/viewers")[2]["viewers"][0]["user"] == "127.0.0.1"
    viewer.close()
    assert get(server, "/healthz", headers={"X-Forwarded-Host": "evil.example"})[0] == 200


def test_base_path(broadcaster, tmp_path):
    web = tmp_path / "pages"
    web.mkdir()
    (web / "index.html").write_text("<title>here</title>")
    server = broadcaster(top={"cameras": CAMERAS}, base_path="/a/b", web_dir=str(web))
    for path, status in (("/a/b/", 200), ("/a/b/index.html", 200), ("/a/b/healthz", 200),
                         ("/a/b/api/cameras", 200), ("/", 404), ("/healthz", 404), ("/a", 404),
                         ("/a/bc/", 404), ("/a/b/a/b/", 404)):
        assert get(server, path)[0] == status, path
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/a/b?x=1")
    answer = connection.getresponse()
    assert answer.status == 308 and answer.headers["Location"] == "/a/b/?x=1"
    connection.close()
    watch(server, "/a/b/ws/viewer/detection?camera_id=SOUTH").close()
    assert refused(server, "/ws/viewer/detection?camera_id=SOUTH")[0] == 404


def test_an_open_door_is_refused(tmp_path):
    path = tmp_path / "ringcast.json"

    def start(**settings):
        path.write_text(json.dumps({"run_dir": str(tmp_path / "run"),
                                    "state_dir": str(tmp_path / "state"),
                                    "broadcaster": {"listen": "0.0.0.0:0", **settings}}))
        return subprocess.run([PROGRAMS / "ringcast-broadcaster", "-c", path, "--check"],
                              stderr=subprocess.PIPE, text=True, timeout=20, check=False)

    done = start()
    assert done.returncode == 78 and '"insecure": true' in done.stderr
    assert start(insecure=True).returncode == 0
    assert start(tokens=[Token("a").entry]).returncode == 0
    assert start(trusted_proxies=["10.0.0.1"]).returncode == 0
