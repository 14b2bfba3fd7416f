#!/usr/bin/env python3
"""Frames: what is heard in which state, what broken input gets, to whom answers and pushes go."""

import struct
import unittest

from rawpeer import (ACT, BINARY, BYE, CLOSE, DIRECTORY, DONE, ENROL, ERROR, FATAL, LOGIN, NOTICE, PATIENCE, PING,
                     READ_DIRECTORY, REFUSED, SESSION, SUBSCRIBE, TEXT, Closed, Peer, Server, actor, client_frame,
                     field, message, parse, read_error, varint)


class Frames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def peer(self, **signs_in):
        peer = self.enterContext(Peer(self.server))
        if signs_in:
            self.assertIn(SESSION, peer.login(actor(**signs_in)))
        return peer

    def alive(self):
        """After whatever was done to it, the server serves others."""
        self.assertEqual(self.peer(user=99).echo("åäö"), "åäö")


class States(Frames):
    def test_stranger_may_only_enrol_login_and_leave(self):
        peer = self.peer()
        for body in (ACT, READ_DIRECTORY, SUBSCRIBE):
            self.assertEqual(read_error(peer.ask(body)), ("not-signed-in", REFUSED))
        self.assertIn(SESSION, peer.login())

    def test_signed_in_may_not_login_or_enrol(self):
        peer = self.peer(user=1)
        for body in (LOGIN, ENROL):
            self.assertEqual(read_error(peer.ask(body)), ("already-signed-in", REFUSED))
        self.assertEqual(peer.echo("still here"), "still here")

    def test_refused_login_leaves_a_stranger(self):
        peer = self.peer()
        self.assertIn(SESSION, peer.login(b""))
        self.assertEqual(read_error(peer.do("echo:x")), ("not-signed-in", REFUSED))

    def test_frames_behind_a_login_find_it_done(self):
        peer = self.peer()
        login = peer.send(LOGIN, {3: actor()})
        asked = [peer.send(READ_DIRECTORY, {1: f"echo:{i}"}) for i in range(3)]
        self.assertIn(SESSION, peer.answer(login))
        for i, correlation in enumerate(asked):
            self.assertEqual(parse(peer.answer(correlation)[DIRECTORY])[2], str(i).encode())

    def test_bye_is_answered_and_closed(self):
        for peer in (self.peer(), self.peer(user=1)):
            self.assertIn(DONE, peer.ask(BYE))
            self.assertEqual(peer.end(), (1000, "bye", None))

    def test_bye_waits_for_what_was_asked(self):
        peer = self.peer(user=1)
        held = peer.send(READ_DIRECTORY, {1: "hold"})
        self.assertIn(DONE, peer.ask(BYE))
        self.peer(user=2).echo("lets go of it")
        self.assertEqual(parse(peer.answer(held)[DIRECTORY])[2], b"held")
        self.assertEqual(peer.end()[0], 1000)


class Nonce(Frames):
    def told(self, peer, start=0, end=32):
        return parse(peer.login(b"")[SESSION])[7][start:end]

    def test_job_gets_the_nonce_of_the_greeting(self):
        peer = self.peer()
        self.assertEqual(self.told(peer), peer.greeting[5])

    def test_nonce_is_given_once(self):
        peer = self.peer()
        self.assertNotEqual(self.told(peer), bytes(32))
        self.assertEqual(self.told(peer), bytes(32))

    def test_enrolment_spends_it_too(self):
        peer = self.peer()
        self.assertIn(DONE, peer.ask(ENROL))
        self.assertEqual(self.told(peer), bytes(32))

    def test_two_logins_at_once_do_not_share_it(self):
        peer = self.peer()
        logins = [peer.send(LOGIN) for _ in range(2)]
        nonces = [parse(peer.answer(n)[SESSION])[7][:32] for n in logins]
        self.assertEqual(nonces, [peer.greeting[5], bytes(32)])

    def test_job_gets_exporter_address_and_language(self):
        peer = self.peer()
        told = parse(peer.login(b"", language="sv")[SESSION])[7]
        self.assertNotEqual(told[32:64], bytes(32))
        self.assertEqual(told[96:112], bytes(10) + b"\xff\xff" + bytes([127, 0, 0, 1]))
        self.assertEqual(told[112:], b"sv\0\0")
        self.assertEqual(parse(peer.login(b"", language="klingon")[SESSION])[7][112:], b"sv\0\0")

    def test_exporters_differ_by_connection(self):
        self.assertNotEqual(self.told(self.peer(), 32, 64), self.told(self.peer(), 32, 64))


class Broken(Frames):
    def ends(self, peer, code, error):
        self.assertEqual(peer.end(), (code, error[0], error))
        self.alive()

    def test_text_is_refused(self):
        peer = self.peer(user=1)
        peer.say_frame(TEXT, b"hello")
        self.ends(peer, 1003, ("not-binary", FATAL))

    def test_bad_utf8_text_is_refused(self):
        peer = self.peer(user=1)
        peer.say_frame(TEXT, b"\xff\xfe")
        self.assertIn(peer.end()[0], (1003, 1007))

    def test_broken_protobuf_is_fatal(self):
        good = client_frame(1, SUBSCRIBE)
        for broken, code in ((b"\x08", "bad-message"),
                             (b"\x0b\x0c", "bad-message"),
                             (good + field(1, 2), "duplicate-field"),
                             (good + field(BYE, b""), "duplicate-field"),
                             (message({1: 1, READ_DIRECTORY: message({1: b"\xff"})}), "bad-text"),
                             (message({1: 1, READ_DIRECTORY: message({1: b"a\0b"})}), "bad-text"),
                             (field(1, 1) + field(51, field(1, b"x") * 5000), "too-many-elements")):
            with self.subTest(broken[:20]):
                peer = self.peer()
                peer.say_frame(BINARY, broken)
                self.ends(peer, 1002, (code, FATAL))

    def test_unknown_frame_is_refused_and_survived(self):
        peer = self.peer(user=1)
        for body in (98, 120, 500):
            self.assertEqual(read_error(peer.ask(body)), ("unknown-frame", REFUSED))
        peer.correlation += 1
        peer.say_frame(BINARY, field(1, peer.correlation))
        self.assertEqual(read_error(peer.answer(peer.correlation)), ("unknown-frame", REFUSED))
        self.assertEqual(peer.echo("x"), "x")

    def test_correlation_must_grow(self):
        for before, number in ((0, 0), (3, 3), (3, 2)):
            with self.subTest(number):
                peer = self.peer(user=1)
                peer.say_frame(BINARY, client_frame(2 + before, SUBSCRIBE))
                peer.answer(2 + before)
                peer.say_frame(BINARY, client_frame(2 + before if number == before else 1 if number else 0, SUBSCRIBE))
                self.ends(peer, 1002, ("bad-correlation", FATAL))

    def test_empty_message_is_refused(self):
        peer = self.peer(user=1)
        peer.say_frame(BINARY, b"")
        self.ends(peer, 1002, ("bad-correlation", FATAL))

    def test_fragments_are_one_message(self):
        peer = self.peer(user=1)
        frame = client_frame(10, READ_DIRECTORY, {1: "echo:" + "y" * 9000})
        peer.say_frame(BINARY, frame[:3], fin=False)
        peer.say_frame(PING, b"between")
        peer.say_frame(0, frame[3:5000], fin=False)
        peer.say_frame(0, b"", fin=False)
        peer.say_frame(0, frame[5000:])
        self.assertEqual(parse(peer.answer(10)[DIRECTORY])[2], b"y" * 9000)

    def test_many_messages_in_one_write(self):
        """More than may be in flight, and all of it in one TLS record: none is lost, none out of order."""
        peer = self.peer(user=1)
        with peer.gathered():
            for i in range(200):
                peer.send(READ_DIRECTORY, {1: f"echo:{i}"})
        answers = [parse(peer.next()[DIRECTORY])[2] for _ in range(200)]
        self.assertEqual(answers, [str(i).encode() for i in range(200)])

    def test_message_of_the_limit_is_taken_and_one_more_byte_is_not(self):
        limit = 262144
        empty = len(client_frame(9, READ_DIRECTORY, {1: "echo:" + "z" * 200000})) - 200000
        peer = self.peer(user=1)
        peer.say_frame(BINARY, client_frame(9, READ_DIRECTORY, {1: "echo:" + "z" * (limit - empty)}))
        self.assertEqual(len(parse(peer.answer(9)[DIRECTORY])[2]), limit - empty)
        peer.say_frame(BINARY, client_frame(10, READ_DIRECTORY, {1: "echo:" + "z" * (limit - empty + 1)}))
        self.ends(peer, 1009, ("frame-too-long", FATAL))

    def test_announced_length_is_enough(self):
        for length in (262145, 2**31, 2**32 + 5, 2**62):
            with self.subTest(length):
                peer = self.peer(user=1)
                peer.say_frame(BINARY, b"abc", length=length)
                self.ends(peer, 1009, ("frame-too-long", FATAL))

    def test_endless_fragments_are_too_long(self):
        peer = self.peer(user=1)
        peer.say_frame(BINARY, b"x" * 60000, fin=False)
        with self.assertRaises(Closed) as caught:
            for _ in range(5):
                peer.say_frame(0, b"x" * 60000, fin=False)
            peer.next()
            peer.next()
        self.assertEqual(caught.exception.code, 1009)

    def test_endless_empty_fragments_are_cut(self):
        peer = self.peer(user=1)
        peer.say_frame(BINARY, b"", fin=False)
        with self.assertRaises(Closed):
            for _ in range(20):
                peer.say_frame(0, b"", fin=False)
            while True:
                peer.next()
        self.alive()

    def test_broken_websocket_frames_are_cut(self):
        for opcode, payload, options in ((3, b"", {}), (11, b"", {}), (BINARY, b"x", {"rsv": 4}),
                                         (PING, b"", {"fin": False}), (0, b"x", {}),
                                         (PING, b"x" * 126, {}), (BINARY, b"", {"length": 2**63})):
            with self.subTest(opcode=opcode, options=options):
                peer = self.peer(user=1)
                peer.say_frame(opcode, payload, **options)
                with self.assertRaises(Closed) as caught:
                    while True:
                        peer.next()
                self.assertIn(caught.exception.code, (1002, None))
        self.alive()

    def test_client_close_is_answered(self):
        for payload in (b"", struct.pack(">H", 1000), struct.pack(">H", 1000) + b"done"):
            peer = self.peer(user=1)
            peer.say_frame(CLOSE, payload)
            with self.assertRaises(Closed) as caught:
                peer.next()
            self.assertIn(caught.exception.code, (1000, None))

    def test_client_that_vanishes_is_forgotten(self):
        peer = self.peer(user=7)
        peer.send(READ_DIRECTORY, {1: "hold"})
        peer.connection.close()
        self.alive()
        self.server.until_metric('lahetti_sessions{state="closing"}', 0)


class Pushes(Frames):
    def setUp(self):
        # One user in two units, and another user in the first.
        self.anna = self.peer(user=1, unit=1, role=1, device=1)
        self.anna_elsewhere = self.peer(user=1, unit=2, role=2, device=2)
        self.bea = self.peer(user=2, unit=1, role=2, device=3)
        self.all = (self.anna, self.anna_elsewhere, self.bea)
        for peer in self.all:
            self.assertIn(DONE, peer.ask(SUBSCRIBE))

    def receivers(self):
        """Who got one notice, and nobody two: an echo follows what was pushed before."""
        got = set()
        for i, peer in enumerate(self.all):
            peer.echo("flush")
            kept = [frame for frame in peer.kept if NOTICE in frame]
            self.assertLessEqual(len(kept), 1)
            peer.kept.clear()
            if kept:
                got.add(i)
        return got

    def test_user_gets_it_in_every_session(self):
        self.assertIn(DONE, self.anna.do("user"))
        self.assertEqual(self.receivers(), {0, 1})

    def test_role_in_the_unit_gets_it(self):
        self.assertIn(DONE, self.bea.do("role"))
        self.assertEqual(self.receivers(), {2})

    def test_everybody_in_the_unit_gets_it(self):
        self.assertIn(DONE, self.anna.do("role-any"))
        self.assertEqual(self.receivers(), {0, 2})

    def test_device_gets_it(self):
        self.assertIn(DONE, self.anna_elsewhere.do("device"))
        self.assertEqual(self.receivers(), {1})

    def test_only_subscribers_get_it(self):
        late = self.peer(user=1, unit=1)
        self.assertIn(DONE, self.anna.do("user"))
        late.echo("flush")
        self.assertEqual(late.kept, [])

    def test_another_membership_moves_the_session(self):
        self.assertIn(SESSION, self.anna_elsewhere.ask(ACT, {1: actor(user=1, unit=1, role=5, device=2)}))
        self.assertIn(DONE, self.bea.do("role-any"))
        self.assertEqual(self.receivers(), {0, 2})  # it subscribed as somebody else
        self.assertIn(DONE, self.anna_elsewhere.ask(SUBSCRIBE))
        self.assertIn(DONE, self.bea.do("role-any"))
        self.assertEqual(self.receivers(), {0, 1, 2})

    def test_desk_can_close(self):
        self.assertIn(DONE, self.anna.do("close"))
        self.assertEqual(self.anna.end()[0], 1008)


if __name__ == "__main__":
    unittest.main(verbosity=2)
