#!/usr/bin/env python3
"""Limits: each is exceeded here, gets a clear error, and costs the others nothing."""

import contextlib
import ssl
import unittest

from rawpeer import (DIRECTORY, DONE, ERROR, FATAL, LOGIN, PING, PONG, READ_DIRECTORY, SESSION, SUBSCRIBE, TRANSIENT,
                     Closed, Peer, Server, actor, parse, read_error, tcp, tls_context)


class Limits(unittest.TestCase):
    def server(self, *arguments):
        return self.enterContext(Server(*arguments))

    def peer(self, server, signs_in=None, **options):
        peer = self.enterContext(Peer(server, **options))
        if signs_in:
            self.assertIn(SESSION, peer.login(signs_in))
        return peer

    def ends(self, peer, code, error):
        self.assertEqual(peer.end(), (code, error, (error, FATAL)))


class Connections(Limits):
    def test_connections_in_all(self):
        server = self.server("sessions=3", "reserved=0")
        peers = [self.peer(server, actor(user=i)) for i in range(3)]
        with self.assertRaises((Closed, OSError)):
            Peer(server)
        self.assertEqual(server.metric('lahetti_connections_refused_total{reason="full"}'), 1)
        for peer in peers:
            self.assertEqual(peer.echo("x"), "x")
        peers[0].connection.close()
        server.until_metric("lahetti_connections", 2)
        self.peer(server)

    def test_silence_does_not_keep_others_out(self):
        """Where all connections are taken, the oldest unfinished handshake goes after a second."""
        server = self.server("sessions=4", "reserved=0", "handshake=60")
        for _ in range(4):
            self.enterContext(contextlib.closing(tcp(server)))
        server.until_metric("lahetti_connections", 4)
        server.until_metric("lahetti_connections", 0)
        self.peer(server, actor())

    def test_reserve_is_for_certificates_and_signed_in(self):
        server = self.server("sessions=6", "reserved=4")
        strangers = [self.peer(server), self.peer(server)]
        self.ends(self.peer(server, greeted=False), 1013, "too-many-sessions")
        self.peer(server, context=tls_context("client"))
        self.assertIn(SESSION, strangers[0].login())
        self.peer(server)

    def test_unfinished_connections_of_an_address(self):
        server = self.server("address=3")
        signed_in = [self.peer(server, actor(user=i)) for i in range(5)]
        silent = [self.enterContext(contextlib.closing(tcp(server))) for _ in range(2)]
        self.peer(server)
        with self.assertRaises((Closed, OSError)):
            Peer(server)
        self.assertEqual(server.metric('lahetti_connections_refused_total{reason="address"}'), 1)
        silent[0].close()
        server.until_metric("lahetti_connections", 7)
        self.peer(server, actor())
        for peer in signed_in:
            self.assertEqual(peer.echo("x"), "x")

    def test_oldest_session_of_a_user_makes_room(self):
        server = self.server("user=2")
        first, second = (self.peer(server, actor(user=1)) for _ in range(2))
        other = self.peer(server, actor(user=2))
        third = self.peer(server, actor(user=1))
        self.ends(first, 1008, "session-limit")
        for peer in (second, third, other):
            self.assertEqual(peer.echo("x"), "x")


class Pace(Limits):
    def test_requests_a_second(self):
        server = self.server("requests=4")
        other = self.peer(server, actor(user=2))
        peer = self.peer(server, actor(user=1))
        with peer.gathered():
            asked = [peer.send(SUBSCRIBE) for _ in range(16)]
        answers = [peer.answer(n) for n in asked]
        refused = [a for a in answers if ERROR in a]
        self.assertIn(len(answers) - len(refused), range(7, 12))  # two seconds' worth; the login took one
        self.assertEqual({read_error(a) for a in refused}, {("too-many-requests", TRANSIENT)})
        with peer.gathered():
            for _ in range(30):
                peer.send(SUBSCRIBE)
        code, reason, error = peer.end()
        self.assertEqual((code, reason, error), (1008, "too-many-requests", ("too-many-requests", FATAL)))
        self.assertEqual(other.echo("x"), "x")

    def test_pings_a_second(self):
        for newest in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            with self.subTest(newest):
                self.flood_with_pings(self.server("pings=5", "--tls12"), tls_context(newest=newest))

    def flood_with_pings(self, server, context):
        other = self.peer(server, actor(user=2), context=context)
        peer = self.peer(server, actor(user=1), context=context)
        self.assertEqual(peer.connection.version().replace(".", "_"), context.maximum_version.name)
        for i in range(8):
            peer.say_frame(PING, bytes([i]))
            self.assertEqual(peer.hear_frame(), (PONG, bytes([i])))
        with contextlib.suppress(Closed):
            for i in range(1000):
                peer.say_frame(PING, b"x")
                if peer.hear_frame()[0] != PONG:
                    break
        peer.end()
        self.assertEqual(server.metric('lahetti_errors_total{code="too-many-pings",fatal="1"}'), 1)
        self.assertEqual(other.echo("x"), "x")

    def test_pongs_a_second(self):
        server = self.server("pings=5")
        peer = self.peer(server, actor(user=1))
        other = self.peer(server, actor(user=2))
        with contextlib.suppress(Closed):
            for _ in range(1000):
                peer.say_frame(PONG)
        with contextlib.suppress(Closed):
            while True:
                peer.next()
        self.assertEqual(server.metric('lahetti_errors_total{code="too-many-pings",fatal="1"}'), 1)
        self.assertEqual(other.echo("x"), "x")

    def test_frames_in_many_records_are_no_ping_flood(self):
        server = self.server("pings=1")
        peer = self.peer(server, actor(user=1))
        say = peer.say
        peer.say = lambda data: (say(data[:6]), say(data[6:]))
        for i in range(40):
            self.assertEqual(peer.echo(str(i)), str(i))

    def test_busy_session_is_no_ping_flood(self):
        server = self.server("pings=1", "flight=2", "requests=100000")
        peer = self.peer(server, actor(user=1))
        for _ in range(20):
            with peer.gathered():
                asked = [peer.send(READ_DIRECTORY, {1: f"big:{i * 997}"}) for i in range(40)]
            for i, n in enumerate(asked):
                self.assertEqual(len(parse(peer.answer(n)[DIRECTORY]).get(2, b"")), i * 997)

    def test_frames_in_flight(self):
        server = self.server("flight=3", "address=1000")
        peer = self.peer(server, actor(user=1))
        taken = 'lahetti_frames_total{frame="read_directory",outcome="taken"}'
        asked = [peer.send(READ_DIRECTORY, {1: "block"})]
        asked += [peer.send(READ_DIRECTORY, {1: f"echo:{i}"}) for i in range(9)]
        server.until_metric(taken, 3)
        server.until_metric("lahetti_read_pauses_total", 1 + 1)  # the login's was the first
        self.assertEqual(server.metric(taken), 3)
        server.unblock()
        self.assertIn(DONE, peer.answer(asked[0]))
        for i, n in enumerate(asked[1:]):
            self.assertEqual(parse(peer.answer(n)[DIRECTORY])[2], str(i).encode())

    def test_full_queue_of_the_desk_loses_nothing(self):
        for resumes in ([], ["--no-resume"]):
            with self.subTest(resumes):
                server = self.server("--queue", 1, *resumes)
                blocker = self.peer(server, actor(user=1))
                blocked = blocker.send(READ_DIRECTORY, {1: "block"})
                peers = [self.peer_asking(server, i) for i in range(2, 6)]
                server.unblock()
                self.assertIn(DONE, blocker.answer(blocked))
                for peer, asked in peers:
                    self.assertIn(SESSION, peer.answer(asked[0]))
                    for i, n in enumerate(asked[1:]):
                        self.assertEqual(parse(peer.answer(n)[DIRECTORY])[2], str(i).encode())

    def peer_asking(self, server, user):
        peer = self.peer(server)
        asked = [peer.send(LOGIN, {3: actor(user=user)})]
        return peer, asked + [peer.send(READ_DIRECTORY, {1: f"echo:{i}"}) for i in range(5)]


class Slowness(Limits):
    def test_reader_that_is_too_slow_is_cut(self):
        server = self.server("out=1000000", "flight=64")
        other = self.peer(server, actor(user=2))
        slow = self.peer(server, actor(user=1), window=4096)
        for _ in range(40):
            slow.send(READ_DIRECTORY, {1: "big:400000"})
        server.until_metric('lahetti_errors_total{code="too-slow",fatal="1"}', 1)
        self.assertEqual(other.echo("x"), "x")
        server.until_metric("lahetti_connections", 1)
        with self.assertRaises(Closed):
            while True:
                slow.next()

    def test_pushes_to_a_slow_reader_too(self):
        server = self.server("out=10000", "requests=1000000", "user=9")
        slow = self.peer(server, actor(user=1), window=4096)
        loud = self.peer(server, actor(user=1))
        self.assertIn(DONE, slow.ask(SUBSCRIBE))
        too_slow = 'lahetti_errors_total{code="too-slow",fatal="1"}'
        while server.metric(too_slow) == 0:
            with loud.gathered():
                asked = [loud.send(READ_DIRECTORY, {1: "user"}) for _ in range(5000)]
            for n in asked:
                loud.answer(n)
        self.assertEqual(loud.echo("x"), "x")

    def test_reader_that_asks_for_much_and_reads_gets_it_all(self):
        server = self.server("out=1000000", "flight=2")
        peer = self.peer(server, actor(user=1))
        asked = [peer.send(READ_DIRECTORY, {1: "big:200000"}) for _ in range(100)]
        for n in asked:
            self.assertEqual(len(parse(peer.answer(n)[DIRECTORY])[2]), 200000)


class Time(Limits):
    def test_login_must_come_in_time(self):
        server = self.server("sign-in=2")
        signed_in = self.peer(server, actor(user=1))
        self.ends(self.peer(server), 1008, "sign-in-timeout")
        self.assertEqual(signed_in.echo("x"), "x")

    def test_idle_session_ends(self):
        server = self.server("idle=1")
        idle = self.peer(server, actor(user=1))
        stranger = self.peer(server)
        self.ends(idle, 1008, "idle-too-long")
        self.assertIn(SESSION, stranger.login())

    def test_peer_that_answers_no_ping_is_cut(self):
        server = self.server("ping=5")
        mute = self.peer(server, actor(user=1))
        polite = self.peer(server, actor(user=2))
        for _ in range(3):
            opcode, payload = polite.hear_frame()
            self.assertEqual(opcode, PING)
            polite.pong(payload)
        self.assertEqual(polite.echo("x"), "x")
        self.assertEqual(mute.hear_frame()[0], PING)
        with self.assertRaises(Closed) as caught:
            mute.hear_frame()
        self.assertIsNone(caught.exception.code)

    def test_closing_peer_that_never_closes_is_forgotten(self):
        server = self.server("sign-in=1")
        peer = self.peer(server)
        with self.assertRaises(Closed):
            while True:  # hear the close frame, and say nothing
                first, second = peer.hear(2)
                peer.hear(second & 127)
        server.until_metric("lahetti_connections", 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
