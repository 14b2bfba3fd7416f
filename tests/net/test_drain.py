#!/usr/bin/env python3
"""Drain: what happens to those who are there when the server is told to go."""

import contextlib
import signal
import unittest

from rawpeer import (DIRECTORY, DONE, GOING_AWAY, READ_DIRECTORY, SESSION, Closed, Peer, Server, actor, parse, tcp, tls,
                     until_cut)


class Drain(unittest.TestCase):
    def peer(self, server, signs_in=None):
        peer = self.enterContext(Peer(server))
        if signs_in:
            self.assertIn(SESSION, peer.login(signs_in))
        return peer

    def goes_away(self, peer):
        self.assertIn(GOING_AWAY, peer.pushed())
        self.assertEqual(peer.end(), (1001, "going-away", None))

    def test_every_session_is_told_and_closed_and_the_server_leaves(self):
        with Server() as server:
            peers = [self.peer(server, actor(user=i)) for i in range(4)] + [self.peer(server)]
            half = self.enterContext(contextlib.closing(tcp(server)))
            unspoken = self.enterContext(contextlib.closing(tls(server)))
            server.terminate()
            for peer in peers:
                self.goes_away(peer)
            until_cut(half)
            until_cut(unspoken)
            self.assertEqual(server.wait(), 0)

    def test_what_is_asked_is_answered_first_and_nobody_new_let_in(self):
        with Server("drain=15") as server:
            peer = self.peer(server, actor(user=1))
            other = self.peer(server, actor(user=2))
            asked = [peer.send(READ_DIRECTORY, {1: "block"}), peer.send(READ_DIRECTORY, {1: "echo:last"})]
            server.until_metric('lahetti_frames_total{frame="read_directory",outcome="taken"}', 2)
            server.terminate()
            self.goes_away(other)
            with self.assertRaises(ConnectionRefusedError):
                tcp(server)
            self.assertEqual(server.get("/healthz"), (200, "draining\n"))
            self.assertEqual(server.get("/readyz"), (503, "draining\n"))
            server.unblock()
            self.assertIn(DONE, peer.answer(asked[0]))
            self.assertEqual(parse(peer.answer(asked[1])[DIRECTORY])[2], b"last")
            self.assertEqual(peer.end()[0], 1001)
            self.assertEqual(server.wait(), 0)

    def test_frames_said_to_a_leaving_server_are_not_taken(self):
        with Server("drain=15") as server:
            peer = self.peer(server, actor(user=1))
            blocked = peer.send(READ_DIRECTORY, {1: "block"})
            taken = 'lahetti_frames_total{frame="read_directory",outcome="taken"}'
            server.until_metric(taken, 1)
            server.terminate()
            self.assertIn(GOING_AWAY, peer.pushed())
            peer.send(READ_DIRECTORY, {1: "echo:late"})
            self.assertEqual(server.metric(taken), 1)
            server.unblock()
            self.assertIn(DONE, peer.answer(blocked))
            with self.assertRaises(Closed) as caught:
                peer.next()
            self.assertEqual(caught.exception.code, 1001)

    def test_desk_can_drain(self):
        with Server() as server:
            peer = self.peer(server, actor(user=1))
            self.assertIn(DONE, peer.do("drain"))
            self.goes_away(peer)
            self.assertEqual(server.wait(), 0)

    def test_peer_that_stays_does_not_hold_the_server(self):
        with Server("drain=1") as server:
            peer = self.peer(server, actor(user=1))
            silent = self.peer(server)
            server.terminate()
            self.assertEqual(server.wait(), 0)
            self.goes_away(peer)
            self.goes_away(silent)

    def test_answer_that_never_comes_does_not_hold_the_server(self):
        with Server("drain=1") as server:
            peer = self.peer(server, actor(user=1))
            peer.send(READ_DIRECTORY, {1: "hold"})
            server.terminate()
            self.assertIn(GOING_AWAY, peer.pushed())
            self.assertEqual(server.wait(), 0)

    def test_interrupt_does_the_same_and_a_second_signal_no_harm(self):
        with Server() as server:
            peer = self.peer(server, actor(user=1))
            server.process.send_signal(signal.SIGINT)
            server.terminate()
            self.goes_away(peer)
            self.assertEqual(server.wait(), 0)

    def test_server_told_to_go_at_once_leaves_properly(self):
        with Server() as server:
            server.terminate()
            self.assertEqual(server.wait(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
