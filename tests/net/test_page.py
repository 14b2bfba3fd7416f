#!/usr/bin/env python3
"""The page: what is served beside the WebSocket, to whom, and what a request can't do."""

import base64
import contextlib
import gzip
import http.client
import os
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from rawpeer import PATIENCE, Closed, Peer, Server, actor, tls, tls_context, until_cut

INDEX = "<!doctype html><html lang=fi><meta charset=utf-8><title>Lähetti</title>".encode()
SCRIPT = b"export const words = ['" + b"lahete " * 4000 + b"'];\n"
BIG = os.urandom(1 << 16) * 48  # 3 MiB
FILES = {
    "index.html": INDEX,
    "favicon.ico": b"\0\0\1\0icon",
    "robots.txt": b"User-agent: *\nDisallow: /\n",
    "site.webmanifest": b"{}",
    "data.json": b"[]",
    "empty.txt": b"",
    "assets/index-4f2a.js": SCRIPT,
    "assets/index-4f2a.js.gz": gzip.compress(SCRIPT),
    "assets/index-99.css": b"body{color:#000}",
    "assets/mark-1.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "assets/mark-2.png": b"\x89PNG",
    "assets/font-3.woff2": BIG,
    "assets/deep/er/a.js": b"1",
}
STRICT = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self' "
                               "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; img-src 'self' data: blob:; "
                               "font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
                               "form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
}
BIG_PATH = "/assets/font-3.woff2"


def write_page(folder, files=FILES):
    for name, content in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def outcome(name):
    return f'lahetti_page_requests_total{{outcome="{name}"}}'


def refused(reason):
    return f'lahetti_connections_refused_total{{reason="{reason}"}}'


class Raw:
    """A connection of HTTP by hand."""

    def __init__(self, server, context=None, window=None):
        self.connection = tls(server, context, window=window)
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def say(self, path, *lines, method="GET", version="HTTP/1.1"):
        head = [f"{method} {path} {version}", "Host: localhost", *lines, "", ""]
        self.connection.sendall("\r\n".join(head).encode("latin-1"))

    def more(self):
        data = self.connection.recv(65536)
        if not data:
            raise EOFError(self.pending[:200])
        self.pending += data

    def head(self):
        """(status, headers); each header may come once."""
        while b"\r\n\r\n" not in self.pending:
            self.more()
        head, self.pending = self.pending.split(b"\r\n\r\n", 1)
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, value = line.split(": ", 1)
            if name.lower() in headers:
                raise AssertionError(f"{name} twice")
            headers[name.lower()] = value
        return int(status.split(" ")[1]), headers

    def body(self, headers):
        length = int(headers["content-length"])
        while len(self.pending) < length:
            self.more()
        body, self.pending = self.pending[:length], self.pending[length:]
        return body

    def answer(self):
        status, headers = self.head()
        return status, headers, self.body(headers)

    def ask(self, path, *lines, **request):
        self.say(path, *lines, **request)
        return self.answer()


class WithPage(unittest.TestCase):
    limits = ("handshake=5", "address=200")

    @classmethod
    def setUpClass(cls):
        cls.folder = write_page(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="lahetti-page-")))
        cls.server = cls.enterClassContext(Server("--page", cls.folder, *cls.limits))

    def raw(self, server=None, **how):
        return self.enterContext(Raw(server or self.server, **how))

    def own(self, *arguments):
        return self.enterContext(Server("--page", self.folder, *arguments))

    def cpu(self, server):
        """Seconds of a processor that the server has used."""
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def assert_idle(self, server, seconds=1.5):
        """It does nothing for as long as somebody hears nothing of it."""
        idle = self.raw(server)
        idle.connection.settimeout(seconds)
        before = self.cpu(server)
        with self.assertRaises(TimeoutError):
            idle.connection.recv(1)
        self.assertLess(self.cpu(server) - before, seconds / 3)


class Answers(WithPage):
    def test_every_file_is_served_with_its_type(self):
        raw = self.raw()
        types = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
                 ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
                 ".ico": "image/x-icon", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json",
                 ".txt": "text/plain; charset=utf-8", ".json": "application/json"}
        for name, content in FILES.items():
            if not name.endswith(".gz"):
                with self.subTest(name):
                    status, headers, body = raw.ask(f"/{name}")
                    self.assertEqual((status, body), (200, content))
                    self.assertEqual(headers["content-type"], types[Path(name).suffix])
                    self.assertNotIn("content-encoding", headers)

    def test_every_answer_has_the_strict_headers(self):
        for request in ({"path": "/"}, {"path": "/nothing"}, {"path": "/", "method": "POST"},
                        {"path": BIG_PATH, "method": "HEAD"}, {"path": "/%zz"}, {"path": "/", "method": "BREW"}):
            with self.subTest(request):
                raw = self.raw()
                raw.say(**request)
                _, headers = raw.head()
                self.assertEqual({name: headers.get(name) for name in STRICT}, STRICT)
                for device in ("camera", "microphone", "geolocation"):
                    self.assertIn(f"{device}=()", headers["permissions-policy"])

    def test_how_long_what_is_kept(self):
        raw = self.raw()
        for path, kept in (("/", "no-store"), ("/index.html", "no-store"), ("/nothing", "no-store"),
                           ("/favicon.ico", "no-cache"), ("/data.json", "no-cache"),
                           ("/assets/index-4f2a.js", "public, max-age=31536000, immutable"),
                           ("/assets/deep/er/a.js", "public, max-age=31536000, immutable")):
            self.assertEqual(raw.ask(path)[1]["cache-control"], kept, path)

    def test_gzip_is_sent_to_whom_it_suits(self):
        raw = self.raw()
        for accept, sent in (("gzip", True), ("gzip, deflate, br, zstd", True), ("br,GZIP", True), ("*", True),
                             ("gzip;q=0.001", True), ("gzip ; q=1.0", True), ("br;q=1, gzip;Q=0.5", True),
                             ("*;q=0, gzip", True), ("identity;q=0, gzip", True), (",,gzip,", True),
                             ("", False), ("gzip;q=0", False), ("gzip;q=0.000", False), ("gzip; q=0.0", False),
                             ("*, gzip;q=0", False), ("*;q=0", False), ("br", False), ("gzip2", False), ("xgzip", False),
                             ("gzip;q=", False), ("gzip;q=x", False), ("gzip;level=9", False), ("gzip q=1", False),
                             ("gzip;q=.5", False), (";gzip", False), ("gzip," + "x" * 300, False)):
            with self.subTest(accept):
                status, headers, body = raw.ask("/assets/index-4f2a.js", f"Accept-Encoding: {accept}")
                self.assertEqual(status, 200)
                self.assertEqual(headers["vary"], "accept-encoding")
                self.assertEqual(headers.get("content-encoding"), "gzip" if sent else None)
                self.assertEqual(gzip.decompress(body) if sent else body, SCRIPT)
        self.assertNotIn("content-encoding", raw.ask("/assets/index-4f2a.js")[1])
        status, headers, body = raw.ask("/", "Accept-Encoding: gzip")
        self.assertEqual(("vary" in headers, "content-encoding" in headers, body), (False, False, INDEX))

    def test_compressed_form_is_nothing_of_its_own(self):
        self.assertEqual(self.raw().ask("/assets/index-4f2a.js.gz")[0], 404)

    def test_head_is_get_without_its_body(self):
        raw = self.raw()
        for path in ("/", BIG_PATH, "/nothing"):
            raw.say(path, method="HEAD")
            status, headers = raw.head()
            self.assertEqual(raw.ask(path)[:2], (status, headers))

    def test_other_methods_are_not_allowed(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            for path in ("/", "/nothing", "/lahetti"):
                with self.subTest(method=method, path=path):
                    status, headers, _ = self.raw().ask(path, "Content-Length: 0", method=method)
                    self.assertEqual((status, headers["allow"], headers["connection"]), (405, "GET, HEAD", "close"))
        for method in ("BREW", "TRACE", "CONNECT"):
            raw = self.raw()
            raw.say("/", method=method)
            self.assertNotIn(b" 200 ", until_cut(raw.connection))

    def test_what_stands_behind_the_question_mark_is_ignored(self):
        raw = self.raw()
        for query in ("?", "?a=1", "?a=1&b=../..", "?/nothing", "?a?b"):
            status, _, body = raw.ask("/index.html" + query)
            self.assertEqual((status, body), (200, INDEX), query)

    def test_paths_are_taken_byte_for_byte(self):
        raw = self.raw()
        for path in ("/index.htm", "/index.html/", "/INDEX.HTML", "/assets", "/assets/", "/assets/index-4f2a",
                     "/index.html%3F", "/index.html%20", "/index.html+", "/lahetti", "/metrics", "/healthz",
                     "/etc/passwd", "/assets/../nothing"):
            with self.subTest(path):
                self.assertEqual(raw.ask(path)[0], 404)
        self.assertEqual(raw.ask("/%69ndex.html")[2], INDEX)

    def test_no_path_leads_out(self):
        """Nothing that lies beside the folder comes out, and the server stays."""
        Path(self.folder).parent.joinpath("lahetti-secret").write_text("SECRET")
        name = Path(self.folder).parent.joinpath("lahetti-secret")
        self.addCleanup(name.unlink)
        for path in ("/../lahetti-secret", "/..%2flahetti-secret", "/%2e%2e/lahetti-secret", "/%2e%2e%2flahetti-secret",
                     "/assets/../../lahetti-secret", "/assets/%2e%2e/%2e%2e/lahetti-secret", "/..\\lahetti-secret",
                     "/%252e%252e/lahetti-secret", "//" + str(name), str(name), "/.%00./lahetti-secret",
                     "/%c0%ae%c0%ae/lahetti-secret", "/index.html%00.png", "/%00", "/%00index.html", "/a%00", "/%",
                     "/%4", "/%gg", "/./.", "/...", "/;", "/&", "/index.html&a", "*", "index.html", "..",
                     "https://localhost/index.html", "http://evil.example/", "/" + "a" * 4000, "/" + "../" * 1000,
                     "/" + "%2e%2e%2f" * 500, "/\xe4\xf6", "/?" + "&" * 90, "/?%00", "/index.html%0d%0aX:y", "/index.html%0aOrigin:x"):
            with self.subTest(path[:60]):
                raw = self.raw()
                raw.say(path, "Connection: close")
                said = until_cut(raw.connection)
                self.assertNotIn(b"SECRET", said)
                if said and b" 200 " in said[:16]:
                    self.assertIn(INDEX, said)
        for length in (9000, 70000):
            with self.subTest(length):
                raw = self.raw()
                with contextlib.suppress(OSError):
                    raw.say("/" + "a" * length)
                self.assertEqual(until_cut(raw.connection), b"")
        self.assertEqual(self.raw().ask("/")[2], INDEX)

    def test_host_leads_nowhere_else(self):
        for host in ("public", "ops", "listen", "default", "", ":", "evil.example", f"127.0.0.1:{self.server.ops_port}"):
            raw = self.raw()
            raw.connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            self.assertEqual(raw.answer()[2], INDEX, host)

    def test_h2c_is_not_spoken(self):
        settings = base64.urlsafe_b64encode(bytes.fromhex("000300000064")).decode().rstrip("=")
        for upgrade in ("h2c", "foo", "websocket, h2c"):
            raw = self.raw()
            raw.say("/", f"Upgrade: {upgrade}", "Connection: Upgrade, HTTP2-Settings", f"HTTP2-Settings: {settings}")
            with contextlib.suppress(OSError):
                raw.connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"))
                raw.connection.sendall(bytes.fromhex("000003010500000003828487"))
            raw.connection.settimeout(PATIENCE)
            self.assertNotIn(INDEX, until_cut(raw.connection))
        self.assertEqual(self.raw().ask("/")[2], INDEX)


class Connections(WithPage):
    def test_many_requests_on_one_connection(self):
        raw = self.raw()
        for i in range(60):
            path, content = (("/", INDEX), ("/assets/index-4f2a.js", SCRIPT), ("/empty.txt", b""))[i % 3]
            self.assertEqual(raw.ask(path)[::2], (200, content))
            self.assertEqual(raw.ask("/nothing")[0], 404)

    def test_requests_that_come_together_are_answered_in_their_order(self):
        raw = self.raw()
        paths = ["/", "/nothing", "/assets/index-4f2a.js", BIG_PATH, "/robots.txt", "/empty.txt"] * 5
        head = "".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" for path in paths)
        raw.connection.sendall(head.encode())
        for path in paths:
            status, _, body = raw.answer()
            name = path[1:] or "index.html"
            self.assertEqual(status, 200 if name in FILES else 404)
            self.assertEqual(body, FILES.get(name, body))

    def test_request_in_single_bytes(self):
        raw = self.raw()
        for byte in b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n":
            raw.connection.sendall(bytes([byte]))
        self.assertEqual(raw.answer()[2], FILES["robots.txt"])

    def test_connection_ends_where_that_is_asked(self):
        for request in ({"version": "HTTP/1.0"}, {"lines": ["Connection: close"]},
                        {"lines": ["Connection: foo, Close"]}, {"lines": ["Content-Length: 3"]},
                        {"lines": ["Transfer-Encoding: chunked"]}):
            with self.subTest(request):
                raw = self.raw()
                raw.say("/", *request.pop("lines", ()), **request)
                status, headers, body = raw.answer()
                self.assertEqual((status, headers["connection"], body), (200, "close", INDEX))
                self.assertEqual(until_cut(raw.connection), b"")

    def test_body_is_no_next_request(self):
        raw = self.raw()
        inner = "GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"
        raw.connection.sendall(f"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(inner)}\r\n\r\n{inner}".encode())
        self.assertEqual(raw.answer()[2], INDEX)
        self.assertEqual(until_cut(raw.connection), b"")

    def test_sixty_at_once(self):
        wrong = []

        def fetch(i):
            try:
                client = http.client.HTTPSConnection("localhost", self.server.port, context=tls_context(), timeout=PATIENCE)
                for path, content in (("/", INDEX), ("/assets/index-4f2a.js", SCRIPT), (BIG_PATH, BIG)):
                    client.request("GET", path)
                    if client.getresponse().read() != content:
                        wrong.append((i, path))
                client.close()
            except OSError as error:
                wrong.append((i, error))

        threads = [threading.Thread(target=fetch, args=(i,)) for i in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_websocket_beside_the_page(self):
        raw = self.raw()
        self.assertEqual(raw.ask("/")[0], 200)
        with Peer(self.server) as peer:
            peer.login(actor(user=1))
            raw.say(BIG_PATH)
            self.assertEqual(peer.echo("x"), "x")
            self.assertEqual(raw.answer()[2], BIG)
            self.assertEqual(peer.echo("y"), "y")
        with self.assertRaises(Closed):
            Peer(self.server, path="/")

    def test_websocket_on_a_connection_that_asked_for_the_page(self):
        raw = self.raw()
        self.assertEqual(raw.ask("/")[0], 200)
        self.assertEqual(raw.ask("/nothing")[0], 404)
        peer = Peer.__new__(Peer)
        peer.connection, peer.pending, peer.correlation, peer.kept = raw.connection, b"", 0, []
        peer.upgrade()
        peer.next()  # the greeting
        peer.login(actor(user=2))
        self.assertEqual(peer.echo("x"), "x")

    def test_certificate_is_asked_for_as_it_is_for_the_websocket(self):
        server = self.own("--clients", "required")
        with self.assertRaises((OSError, EOFError)):
            self.raw(server).ask("/")
        self.assertEqual(self.raw(server, context=tls_context("client")).ask("/")[2], INDEX)


class Counting(WithPage):
    def test_requests_are_counted_by_what_came_of_them(self):
        server = self.own()
        raw = self.raw(server)
        for path in ("/", "/assets/index-4f2a.js", "/nothing", "/", "/nowhere"):
            raw.ask(path)
        raw.ask("/", method="POST")
        gone = self.raw(server, window=4096)
        gone.say(BIG_PATH)
        gone.head()
        gone.connection.close()
        for name, n in (("served", 3), ("not_found", 2), ("not_allowed", 1), ("cut", 1)):
            server.until_metric(outcome(name), n)
        server.until_metric("lahetti_connections", 0)

    def test_connection_that_was_served_is_not_refused(self):
        server = self.own("handshake=1")
        for paths in (["/"], ["/nothing", "/"], ["/", "/nothing"]):
            raw = self.raw(server)
            for path in paths:
                raw.ask(path)
            raw.connection.close()
        idle = self.raw(server)
        idle.ask("/")
        server.until_metric("lahetti_connections", 0)
        for reason in ("path", "handshake", "handshake_timeout"):
            self.assertEqual(server.metric(refused(reason)), 0, reason)

    def test_connection_that_asked_for_nothing_there_is_refused_once(self):
        server = self.own("handshake=1")
        raw = self.raw(server)
        for _ in range(3):
            self.assertEqual(raw.ask("/nothing")[0], 404)
        raw.connection.close()
        idle = self.raw(server)
        idle.ask("/nothing")
        server.until_metric("lahetti_connections", 0)
        self.assertEqual([server.metric(refused(r)) for r in ("path", "handshake", "handshake_timeout")], [2, 0, 0])

    def test_without_a_page_all_is_as_if_nothing_were_there(self):
        server = self.enterContext(Server())
        for method in ("GET", "HEAD", "POST", "DELETE"):
            raw = self.raw(server)
            raw.say("/index.html", "Content-Length: 0", method=method)
            self.assertEqual(raw.head()[0], 404)
        server.until_metric(outcome("served"), 0)


class Limits(WithPage):
    def test_slow_reader_holds_nobody_up_and_gets_it_all(self):
        """It takes three times as long as a request may take to come, and each of its pieces far less."""
        server = self.own("handshake=1")
        slow = self.raw(server, window=8192)
        slow.say(BIG_PATH)
        fast = self.raw(server)
        began = due = time.monotonic()
        while (now := time.monotonic()) - began < 3:
            self.assertEqual(fast.ask("/")[2], INDEX)
            if now > due:
                slow.pending += slow.connection.recv(16384)
                due = now + 0.1
        self.assertEqual(slow.answer()[2], BIG)
        self.assertEqual(slow.ask("/robots.txt")[2], FILES["robots.txt"])

    def test_reader_that_does_not_read_is_cut(self):
        server = self.own("handshake=1")
        mute = self.raw(server, window=4096)
        mute.say(BIG_PATH)
        server.until_metric(outcome("cut"), 1)
        server.until_metric("lahetti_connections", 0)
        self.assertEqual(self.raw(server).ask("/")[2], INDEX)

    def test_slow_readers_cost_no_copy(self):
        """Sixty of 3 MiB each: far below the 180 that copies would take, though the sanitizers' heap keeps much."""
        server = self.own("handshake=30")

        def resident():
            return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * 4096

        raws = [self.raw(server, window=4096) for _ in range(60)]
        before = resident()
        for raw in raws:
            raw.say(BIG_PATH)
            raw.head()
        self.assertLess(resident() - before, 60 << 20)

    def test_more_that_is_said_while_an_answer_is_under_way_costs_nothing(self):
        server = self.own("handshake=30")
        for more in (b"x", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"y" * 200000):
            raw = self.raw(server, window=4096)
            raw.connection.sendall(f"GET {BIG_PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + more[:1000])
            raw.connection.settimeout(1)
            with contextlib.suppress(TimeoutError):
                raw.connection.sendall(more[1000:])
                raw.connection.sendall(more)
            raw.head()
        self.assert_idle(server)

    def test_half_closed_reader_costs_nothing(self):
        server = self.own("handshake=30")
        raw = self.raw(server, window=4096)
        raw.say(BIG_PATH)
        raw.head()
        raw.connection.shutdown(socket.SHUT_WR)
        self.assert_idle(server)

    def test_unread_answers_cost_nothing(self):
        server = self.own("handshake=30")
        raw = self.raw(server, window=4096)
        raw.connection.settimeout(1)
        with contextlib.suppress(TimeoutError):
            for _ in range(20000):
                raw.say("/nothing")
        self.assert_idle(server)

    def test_request_must_come_in_time_each_time(self):
        server = self.own("handshake=1")
        for asked in ((), ("/",), ("/", "/nothing")):
            raw = self.raw(server)
            for path in asked:
                raw.ask(path)
            raw.connection.settimeout(0.2)
            began, cut = time.monotonic(), False
            raw.connection.sendall(b"GET / HTTP/1.1\r\nCookie: ")
            with contextlib.suppress(OSError):
                while not cut and time.monotonic() - began < 5:
                    raw.connection.sendall(b"x")
                    with contextlib.suppress(TimeoutError):
                        cut = raw.connection.recv(1) == b""
            self.assertTrue(0.7 < time.monotonic() - began < 4)

    def test_connection_is_not_kept_for_ever(self):
        raw = self.raw(self.own("sign-in=1"))
        began = time.monotonic()
        while (headers := raw.ask("/")[1]).get("connection") is None:
            self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(headers["connection"], "close")
        self.assertEqual(until_cut(raw.connection), b"")

    def test_where_room_is_short_connections_are_not_kept(self):
        server = self.own("address=4")
        raws = [self.raw(server) for _ in range(2)]
        self.assertIsNone(raws[0].ask("/")[1].get("connection"))
        raws.append(self.raw(server))
        self.assertEqual(raws[2].ask("/")[1]["connection"], "close")
        until_cut(raws[2].connection)
        server.until_metric("lahetti_connections", 2)
        raws += [self.raw(server), self.raw(server)]
        server.until_metric("lahetti_connections", 4)
        with self.assertRaises((OSError, EOFError)):
            self.raw(server).ask("/")
        self.assertEqual(server.metric(refused("address")), 1)

    def test_full_server_lets_the_next_in_when_readers_do_not_read(self):
        server = self.own("sessions=3", "reserved=1", "handshake=30")
        for _ in range(3):
            self.raw(server, window=4096).say(BIG_PATH)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(OSError, EOFError):
                self.assertEqual(self.raw(server).ask("/")[2], INDEX)
                return
        self.fail("nobody is let in")

    def test_stop_waits_for_no_download(self):
        server = self.own("drain=30")
        slow = self.raw(server, window=4096)
        slow.say(BIG_PATH)
        slow.head()
        idle = self.raw(server)
        idle.ask("/")
        with Peer(server) as peer:
            began = time.monotonic()
            server.terminate()
            with self.assertRaises(Closed) as caught:
                while True:
                    peer.next()
            self.assertEqual(caught.exception.code, 1001)
        until_cut(slow.connection)
        until_cut(idle.connection)
        self.assertEqual(server.wait(), 0)
        self.assertLess(time.monotonic() - began, 10)

    def test_clients_that_leave_in_the_midst(self):
        server = self.own()
        for i in range(60):
            raw = self.raw(server, window=4096)
            raw.say(BIG_PATH)
            if i % 3 == 0:
                raw.head()
            elif i % 3 == 1:
                raw.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
            raw.connection.close()
        server.until_metric("lahetti_connections", 0)
        self.assertEqual(self.raw(server).ask("/")[2], INDEX)


class Start(unittest.TestCase):
    """What is no page is said, and nothing is served."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="lahetti-page-")))

    def refused(self, sentence, folder=None):
        server = os.environ["NET_SERVER"]
        with subprocess.Popen([server, "--directory", os.environ["NET_CERTIFICATES"], "--page", folder or self.folder],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                said, told = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
        self.assertEqual((process.returncode, said), (1, ""), told)
        self.assertEqual(told, f"page-unusable: The page in {folder or self.folder} can't be served: {sentence}.\n")

    def test_no_folder(self):
        self.refused("No such file or directory", self.folder / "none")
        write_page(self.folder)
        self.refused("it is no folder", self.folder / "index.html")

    def test_no_index(self):
        self.refused("there is no index.html in it")
        write_page(self.folder, {"assets/index.html": b""})
        self.refused("there is no index.html in it")

    def test_what_is_no_file_of_a_page(self):
        for name in ("a.map", "a", "assets/a.exe", "a.html~", "a.JS"):
            with self.subTest(name):
                write_page(self.folder, {"index.html": b"", name: b"x"})
                self.refused(f"{name} has an ending that is none of a page")
                (self.folder / name).unlink()

    def test_names_that_cannot_be_asked_for(self):
        for name in ("a b.js", "a+b.js", ".hidden.js", "ä.js", "a%41.js", "a;b.js"):
            with self.subTest(name):
                write_page(self.folder, {"index.html": b"", name: b"x"})
                self.refused(f"{name} is no name for a file of it")
                (self.folder / name).unlink()

    def test_links_and_pipes(self):
        write_page(self.folder, {"index.html": b""})
        (self.folder / "a.js").symlink_to("/etc/passwd")
        self.refused("a.js can't be opened: it is a symbolic link")
        (self.folder / "a.js").unlink()
        os.mkfifo(self.folder / "a.js")
        self.refused("a.js is neither a file nor a folder")

    def test_compressed_forms_of_nothing(self):
        for name, content in (("a.js.gz", gzip.compress(b"x")), ("index.html.gz", gzip.compress(b"older")),
                              ("index.html.gz", b"<html>"), ("index.html.gz", b"x" * 30)):
            with self.subTest(name):
                write_page(self.folder, {"index.html": b"", name: content})
                self.refused(f"{name} is not the compressed form of a file beside it")
                (self.folder / name).unlink()
        twice = gzip.compress(gzip.compress(b""))
        write_page(self.folder, {"index.html": b"", "index.html.gz": gzip.compress(b""), "index.html.gz.gz": twice})
        self.refused("index.html.gz.gz is not the compressed form of a file beside it")

    def test_too_much(self):
        write_page(self.folder, {"index.html": b""} | {f"a{i}.txt": b"" for i in range(511)})
        with Server("--page", self.folder) as server, Raw(server) as raw:
            self.assertEqual(raw.ask("/a510.txt")[0], 200)
        write_page(self.folder, {"one-more.txt": b""})
        self.refused("there are more than 512 files in it")

    def test_too_large(self):
        write_page(self.folder, {"index.html": b"", "a.png": b"x" * (16 << 20), "b.png": b"x" * (16 << 20)})
        with Server("--page", self.folder) as server, Raw(server) as raw:
            self.assertEqual(len(raw.ask("/b.png")[2]), 16 << 20)
        write_page(self.folder, {"index.html": b"x"})
        self.refused("there is more than 32 MiB in it")

    def test_too_many_folders(self):
        write_page(self.folder, {"index.html": b""})
        for i in range(64):
            (self.folder / f"f{i}").mkdir()
        with Server("--page", self.folder) as server, Raw(server) as raw:
            self.assertEqual(raw.ask("/")[0], 200)
        (self.folder / "f64").mkdir()
        self.refused("there are more than 64 folders in it")


if __name__ == "__main__":
    unittest.main(verbosity=2)
