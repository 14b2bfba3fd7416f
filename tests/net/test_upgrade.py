#!/usr/bin/env python3
"""HTTP on the public side: which requests become a WebSocket, and what the others get."""

import socket
import unittest

from rawpeer import PATIENCE, Closed, Peer, Server, parse, tls, tls_context, until_cut


class Upgrade(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server("--origin", "https://lahetti.example:8443", "handshake=2"))

    def refused(self, reason, **request):
        metric = f'lahetti_connections_refused_total{{reason="{reason}"}}'
        before = self.server.metric(metric)
        with self.assertRaises(Closed):
            Peer(self.server, **request)
        self.server.until_metric(metric, before + 1)

    def test_program_without_origin_is_greeted(self):
        with Peer(self.server) as peer:
            self.assertIn("sec-websocket-protocol: lahetti.v1", peer.head.lower())
            self.assertNotIn("sec-websocket-extensions", peer.head.lower())
            self.assertEqual(peer.greeting[3], b"localhost/lahetti")
            self.assertEqual(len(peer.greeting[5]), 32)
            limits = parse(peer.greeting[9])
            self.assertEqual((limits[1], limits[2], limits[6]), (262144, 65536, 16))

    def test_nonces_differ(self):
        with Peer(self.server) as one, Peer(self.server) as other:
            self.assertNotEqual(one.greeting[5], other.greeting[5])

    def test_page_of_ours_is_greeted(self):
        Peer(self.server, origin="https://lahetti.example:8443").connection.close()

    def test_page_of_others_is_refused(self):
        for origin in ("https://lahetti.example", "http://lahetti.example:8443", "https://lahetti.example:84433",
                       "https://lahetti.example:8443, https://evil.example", "null"):
            with self.subTest(origin):
                self.refused("origin", origin=origin)

    def test_other_paths_are_refused(self):
        for path in ("/", "/lahetti/", "/lahett", "/LAHETTI", "/lahetti/../etc", "/%6cahetti/"):
            with self.subTest(path):
                self.refused("path", path=path)

    def test_missing_and_unknown_subprotocols_are_refused(self):
        self.refused("subprotocol", subprotocol=None)
        for name in ("lahetti.v2", "http", "listener", "ops"):
            with self.subTest(name), self.assertRaises(Closed):
                Peer(self.server, subprotocol=name)

    def test_compression_is_not_offered_back(self):
        with Peer(self.server, headers=["Sec-WebSocket-Extensions: permessage-deflate"]) as peer:
            self.assertNotIn("sec-websocket-extensions", peer.head.lower())

    def test_header_over_its_limit_is_cut(self):
        with self.assertRaises(Closed):
            Peer(self.server, headers=["Cookie: " + "x" * 16000])

    def test_header_of_six_kilobytes_is_taken(self):
        Peer(self.server, headers=["Cookie: " + "x" * 6000]).connection.close()

    def request(self, *lines, name="localhost"):
        with tls(self.server, name=name) as connection:
            connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
            return until_cut(connection).decode()

    def test_anything_else_is_not_found_with_strict_headers(self):
        for path in ("/", "/lahetti", "/favicon.ico", "/../../etc/passwd", "/%2e%2e/etc/passwd"):
            answer = self.request(f"GET {path} HTTP/1.1", "Host: localhost").lower()
            with self.subTest(path):
                self.assertTrue(answer.startswith(("http/1.1 404 ", "http/1.1 403 ")) or answer == "", answer)
        answer = self.request("GET / HTTP/1.1", "Host: localhost").lower()
        for header in ("content-security-policy: default-src 'none'", "x-content-type-options: nosniff",
                       "cache-control: no-store", "referrer-policy: no-referrer",
                       "strict-transport-security: max-age="):
            self.assertIn(header, answer)

    def test_other_methods_do_no_harm(self):
        for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "BREW"):
            with self.subTest(method):
                answer = self.request(f"{method} /metrics HTTP/1.1", "Host: localhost", "Content-Length: 0")
                self.assertNotIn(" 200 ", answer)
        Peer(self.server).connection.close()

    def test_names_do_not_lead_inside(self):
        """libwebsockets picks the virtual host by what the client calls it; health and metrics must stay inside."""
        for host in ("ops", "listen", "inner", "", ":", "o", f"127.0.0.1:{self.server.ops_port}"):
            for path in ("/metrics", "/healthz"):
                with self.subTest(host=host):
                    answer = self.request(f"GET {path} HTTP/1.1", f"Host: {host}")
                    self.assertNotIn("lahetti_", answer)
                    self.assertNotIn(" 200 ", answer)

    def test_sni_does_not_lead_inside(self):
        for name in ("ops", "listen"):
            context = tls_context()
            context.check_hostname = False
            with tls(self.server, context, name=name) as connection:
                connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: " + name.encode() + b"\r\nConnection: close\r\n\r\n")
                self.assertNotIn(b" 200 ", until_cut(connection))

    def test_ops_side_does_not_lead_outside(self):
        for host in ("public", "listen", ""):
            with socket.create_connection(("127.0.0.1", self.server.ops_port)) as connection:
                connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                self.assertIn(b"200", connection.recv(4096))
        Peer(self.server).connection.close()

    def test_idle_http_connection_is_cut(self):
        with tls(self.server) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            connection.settimeout(6)
            self.assertIn(b"404", until_cut(connection))


class Inherited(unittest.TestCase):
    def test_listen_socket_of_whoever_started_it(self):
        """As systemd gives it. A connection that came before the server is served too."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            early = socket.create_connection(listener.getsockname(), PATIENCE)
            with Server("--listener", listener.fileno(), inherited=[listener.fileno()]) as server:
                self.assertEqual(server.port, listener.getsockname()[1])
                with Peer(server):
                    server.until_metric("lahetti_connections", 2)
                early.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
