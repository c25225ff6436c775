"""The files of the web pages, as the broadcaster serves them."""

import gzip
import os
from http.client import HTTPConnection

import pytest

from harness.processes import http


@pytest.fixture
def pages(broadcaster, tmp_path):
    web = tmp_path / "pages"
    (web / "lib").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>x</title>")
    (web / "lib" / "view.js").write_text("export {}")
    (web / "style.css").write_text("a{}")
    (web / ".hidden").write_text("secret")
    (tmp_path / "outside").write_text("secret")
    (web / "link").symlink_to(tmp_path / "outside")
    (web / "folder").symlink_to(tmp_path)
    os.mkfifo(web / "pipe")
    return broadcaster(web_dir=str(web))


def test_pages(pages):
    for path, kind in [("/", "text/html"), ("/index.html", "text/html"), ("/style.css", "text/css"),
                       ("/lib/view.js", "text/javascript")]:
        status, heads, body = pages.get(path)
        assert status == 200 and body and heads.get_content_type() == kind
        assert heads["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in heads["Content-Security-Policy"]
        tag = heads["ETag"]
        status, heads, body = pages.get(path, headers={"If-None-Match": f'W/"x", {tag}'})
        assert (status, body, heads["ETag"]) == (304, b"", tag)
        assert pages.get(path, headers={"If-None-Match": '"other"'})[0] == 200
        assert http("POST", pages.url + path)[0] == 405


@pytest.mark.parametrize("target", [
    "/nothing", "/lib", "/lib/", "/link", "/folder/outside", "/pipe", "/.hidden", "/lib/../.hidden",
    "/../outside", "/%2e%2e/outside", "/..%2foutside", "//etc/passwd", "/lib//view.js",
    "/index.html/", "/%00", "/lib\\..\\..\\outside"])
def test_nothing_else_is_a_page(pages, target):
    connection = pages.raw(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    answer = connection.recv(65536)
    assert answer[:12] in (b"HTTP/1.1 404", b"HTTP/1.1 400"), answer
    assert b"secret" not in answer


def test_where_nothing_is(broadcaster, tmp_path):
    web = tmp_path / "pages"
    web.mkdir()
    server = broadcaster(web_dir=str(web), base_path="/north")
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert server.get("/north/nothing", headers=browser)[1].get_content_type() == "application/json"
    (web / "missing.html").write_text('<link href="{root}a.css"><a href="{root}">')
    for path, root in (("/nothing", "./"), ("/camera/", "./../"), ("/a/b/c", "./../../"), ("/missing.html", "./")):
        status, heads, body = server.get(f"/north{path}", headers=browser)
        assert (status, heads.get_content_type(), heads["Vary"]) == (404, "text/html", "Accept"), path
        assert body.decode() == f'<link href="{root}a.css"><a href="{root}">', path
        assert "default-src 'none'" in heads["Content-Security-Policy"]
        # Whoever is no browser gets what every error looks like.
        status, heads, body = server.get(f"/north{path}")
        assert (status, heads["Vary"], body["error"]["code"]) == (404, "Accept", "not_found"), path
    assert server.get("/north" + "/a" * 1000, headers=browser)[1].get_content_type() == "application/json"
    # Beside the base path the way leads into it.
    status, _, body = server.get("/elsewhere/x", headers=browser)
    assert (status, body) == (404, b'<link href="/north/a.css"><a href="/north/">')
    assert server.get("/elsewhere/x")[2]["detail"].endswith("everything is below /north/")
    assert http("POST", f"{server.url}/north/nothing", headers=browser)[0] == 404


def test_compressed_files(broadcaster, tmp_path):
    web = tmp_path / "pages"
    web.mkdir()
    script, small = web / "a.js", web / "small.js"
    script.write_text("// the same again and again\n" * 100)
    small.write_text("export {}")
    (web / "a.png").write_bytes(bytes(1000))
    server = broadcaster(web_dir=str(web))
    packed = {"Accept-Encoding": "gzip, deflate, br"}

    status, heads, body = server.get("/a.js", headers=packed)
    assert (status, heads["Content-Encoding"], heads["Vary"]) == (200, "gzip", "Accept-Encoding")
    assert gzip.decompress(body) == script.read_bytes() and len(body) < 200
    assert heads["Cache-Control"] == "no-cache" and heads.get_content_type() == "text/javascript"
    tag = heads["ETag"]
    status, heads, plain = server.get("/a.js")
    assert (heads["Content-Encoding"], heads["Vary"]) == (None, "Accept-Encoding")
    assert plain == script.read_bytes() and heads["ETag"] != tag

    # Each form is known by its own tag; HEAD says what GET would.
    assert server.get("/a.js", headers={**packed, "If-None-Match": tag})[0] == 304
    assert server.get("/a.js", headers={"If-None-Match": tag})[0] == 200
    status, heads, nothing = http("HEAD", f"{server.url}/a.js", headers=packed)
    assert (status, nothing, heads["ETag"]) == (200, b"", tag)
    assert int(heads["Content-Length"]) == len(body)

    # Neither what gains nothing nor what is packed already.
    for path in ("/small.js", "/a.png"):
        _, heads, _ = server.get(path, headers=packed)
        assert heads["Content-Encoding"] is None and heads["Vary"] is None

    # Another version.
    script.write_text("// something else\n" * 100)
    status, heads, body = server.get("/a.js", headers={**packed, "If-None-Match": tag})
    assert status == 200 and gzip.decompress(body) == script.read_bytes()


def test_what_pages_may_do(broadcaster, tmp_path):
    web = tmp_path / "pages"
    web.mkdir()
    for name in ("index", "publish"):
        (web / f"{name}.html").write_text(name)
    server = broadcaster(web_dir=str(web))
    heads = server.get("/")[1]
    policy = dict(part.strip().split(" ", 1) for part in heads["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'self'" and policy["base-uri"] == "'none'"
    assert "unsafe" not in heads["Content-Security-Policy"]
    assert "camera=()" in heads["Permissions-Policy"]
    assert "camera=(self)" in server.get("/publish")[1]["Permissions-Policy"]
    assert "camera=(self)" in server.get("/publish.html")[1]["Permissions-Policy"]
    server = broadcaster(web_dir=str(web), frame_origins=["https://home.example:8123", "http://b"])
    assert server.get("/")[1]["Content-Security-Policy"].endswith(
        "frame-ancestors 'self' https://home.example:8123 http://b")


def test_addresses_of_pages(broadcaster, tmp_path):
    web = tmp_path / "pages"
    web.mkdir()
    for name in ("index", "camera", "spaces", "cameras"):
        (web / f"{name}.html").write_text(name)
    server = broadcaster(web_dir=str(web), base_path="/a/b")
    for path, name in (("/", "index"), ("/camera/CAM1", "camera"), ("/camera/CAM1?conf=0.5", "camera"),
                       ("/camera/CAM1/spaces", "spaces"), ("/cameras", "cameras")):
        status, heads, body = server.get(f"/a/b{path}")
        assert (status, body.decode(), heads.get_content_type()) == (200, name, "text/html"), path
        assert http("POST", f"{server.url}/a/b{path}")[0] == 405
    # A page that has not been made, and what is none.
    for path in ("/publish", "/publish/", "/health", "/camera", "/camera/", "/camera/-x", "/camera/a/b"):
        assert server.get(f"/a/b{path}")[0] == 404, path
    (web / "publish.html").write_text("publish")
    assert server.get("/a/b/publish")[2] == b"publish"


def test_a_slash_behind_the_address_of_a_page(broadcaster, tmp_path):
    web = tmp_path / "pages"
    web.mkdir()
    for name in ("camera", "spaces", "cameras"):
        (web / f"{name}.html").write_text(name)
    server = broadcaster(web_dir=str(web))
    for path, location in (("/cameras/", "../cameras"), ("/cameras/?a=1", "../cameras?a=1"),
                           ("/camera/CAM1/", "../CAM1"), ("/camera/CAM1/spaces/", "../spaces")):
        connection = HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (308, location), path
        connection.close()
    assert server.get("/cameras/")[2] == b"cameras"
