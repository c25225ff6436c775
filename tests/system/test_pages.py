"""The files of the web pages, as the broadcaster serves them."""

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
