#!/usr/bin/env python3
"""Health and metrics on the loopback listener."""

import contextlib
import re
import socket
import unittest

from rawpeer import DONE, ERROR, PATIENCE, SUBSCRIBE, Peer, Server, until_cut


class Ops(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def test_health_and_readiness(self):
        self.assertEqual(self.server.get("/healthz"), (200, "ok\n"))
        self.assertEqual(self.server.get("/readyz"), (200, "ready\n"))

    def test_readiness_says_why_not(self):
        with Peer(self.server) as peer:
            peer.login()
            self.assertIn(DONE, peer.do("not-ready:trail low"))
            self.assertEqual(self.server.get("/readyz"), (503, "trail low\n"))
            self.assertEqual(self.server.get("/healthz"), (200, "ok\n"))
            self.assertIn(DONE, peer.do("ready"))
            self.assertEqual(self.server.get("/readyz"), (200, "ready\n"))

    def test_other_paths_and_methods_are_not_found(self):
        for path in ("/", "/metrics/", "/lahetti", "/favicon.ico"):
            self.assertEqual(self.server.get(path)[0], 404, path)
        self.assertEqual(self.server.get("/metrics", "DELETE")[0], 404)

    def test_metrics_are_prometheus_text(self):
        text = self.server.get("/metrics")[1]
        seen, types = set(), {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.assertNotIn(name, types)
                types[name] = kind
            elif not line.startswith("#"):
                found = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\})? \d+', line)
                self.assertIsNotNone(found, line)
                self.assertNotIn(line.rsplit(" ", 1)[0], seen)
                seen.add(line.rsplit(" ", 1)[0])
                if found[1].startswith("lahetti_"):
                    self.assertEqual(types[found[1]], "counter" if found[1].endswith("_total") else "gauge", line)
        self.assertIn("echo_desk", seen)
        self.assertTrue(text.endswith("\n"))

    def test_metrics_count(self):
        def now(*names):
            return [self.server.metric(name) for name in names]
        names = ('lahetti_frames_total{frame="subscribe",outcome="taken"}',
                 'lahetti_frames_total{frame="subscribe",outcome="refused"}',
                 'lahetti_errors_total{code="not-signed-in",fatal="0"}', "lahetti_frames_sent_total")
        before = now(*names)
        with Peer(self.server) as peer:
            self.assertIn(ERROR, peer.ask(SUBSCRIBE))
            self.assertEqual(self.server.metric('lahetti_sessions{state="stranger"}'), 1)
            peer.login()
            self.assertEqual(self.server.metric('lahetti_sessions{state="signed_in"}'), 1)
            self.assertIn(DONE, peer.ask(SUBSCRIBE))
        after = now(*names)
        self.assertEqual([b - a for a, b in zip(before, after)], [1, 1, 1, 4])

    def test_many_silent_connections_are_few(self):
        """More than a few are turned away, and when they have gone the next is served."""
        connections = [self.enterContext(socket.create_connection(("127.0.0.1", self.server.ops_port), PATIENCE))
                       for _ in range(40)]
        for connection in connections[20:]:
            self.assertEqual(until_cut(connection), b"")
        for connection in connections:
            connection.close()
        for _ in range(1000):
            with contextlib.suppress(OSError):
                self.assertEqual(self.server.get("/healthz"), (200, "ok\n"))
                break
        else:
            self.fail("nobody is served any more")

    def test_two_requests_on_one_connection(self):
        with socket.create_connection(("127.0.0.1", self.server.ops_port), 10) as connection:
            for _ in range(2):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = b""
                while not answer.endswith(b"\r\n\r\nok\n"):
                    data = connection.recv(4096)
                    self.assertTrue(data)
                    answer += data


if __name__ == "__main__":
    unittest.main(verbosity=2)
