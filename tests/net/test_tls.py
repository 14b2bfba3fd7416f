#!/usr/bin/env python3
"""TLS: who is let in, with which certificate, in which version."""

import hashlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from rawpeer import (CERTIFICATES, FATAL, PATIENCE, SESSION, Closed, Peer, Server, actor, parse, tcp, tls, tls_context,
                     until_cut)


def key_id(name):
    spki = subprocess.run(["openssl", "pkey", "-in", CERTIFICATES / f"{name}.key", "-pubout", "-outform", "DER"],
                          check=True, capture_output=True).stdout
    return hashlib.sha256(spki).digest()


def key_seen_by(server, certificate):
    """The key identifier that a job tells of a peer's certificate."""
    with Peer(server, tls_context(certificate)) as peer:
        return parse(peer.login()[SESSION])[7][64:96]


class Optional(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server("--clients", "optional", "handshake=2"))

    def test_good_certificate_is_told_to_the_job(self):
        self.assertEqual(key_seen_by(self.server, "client"), key_id("client"))

    def test_no_certificate_is_told_as_none(self):
        self.assertEqual(key_seen_by(self.server, None), bytes(32))

    def test_rogue_expired_and_server_only_are_refused(self):
        for name in ("rogue", "expired", "server-only"):
            with self.subTest(name), self.assertRaises((ssl.SSLError, Closed)):
                Peer(self.server, tls_context(name))

    def test_no_session_is_resumed(self):
        """A certificate is checked at each connection: it may have been revoked since the last."""
        context = tls_context("client")
        with Peer(self.server, context) as first:
            self.assertIn(SESSION, first.login())
            session = first.connection.session
        with tls(self.server, context, session=session) as connection:
            self.assertFalse(connection.session_reused)

    def test_tls_1_2_is_refused(self):
        with self.assertRaises(ssl.SSLError):
            tls(self.server, tls_context(newest=ssl.TLSVersion.TLSv1_2))

    def test_version_and_alpn(self):
        with tls(self.server) as connection:
            self.assertEqual(connection.version(), "TLSv1.3")
            self.assertEqual(connection.selected_alpn_protocol(), "http/1.1")

    def test_plain_text_is_cut(self):
        with tcp(self.server) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertNotIn(b"HTTP/1", until_cut(connection))

    def test_silent_and_half_handshakes_are_cut_on_an_idle_server(self):
        for first_words in (b"", b"\x16\x03\x01\x02\x00\x01\x00"):
            with self.subTest(first_words), tcp(self.server) as connection:
                connection.sendall(first_words)
                connection.settimeout(4)
                until_cut(connection)

    def test_silence_after_tls_and_half_a_header_are_cut(self):
        for first_words in (b"", b"GET /lahetti HTTP/1.1\r\nHost: loc"):
            with self.subTest(first_words), tls(self.server) as connection:
                connection.sendall(first_words)
                connection.settimeout(4)
                until_cut(connection)

    def test_dripping_header_is_cut(self):
        with tls(self.server) as connection:
            connection.sendall(b"GET /lahetti HTTP/1.1\r\nX-Slow: ")
            connection.settimeout(0.1)
            with self.assertRaises(ConnectionError):
                for _ in range(60):
                    try:
                        connection.sendall(b"x")
                        if not connection.recv(1):
                            raise ConnectionError
                    except TimeoutError:
                        pass
                    except ssl.SSLError as error:
                        raise ConnectionError from error
        self.assertGreater(self.server.metric('lahetti_connections_refused_total{reason="handshake_timeout"}'), 0)


class Required(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server("--clients", "required"))

    def test_good_certificate_is_let_in(self):
        self.assertEqual(key_seen_by(self.server, "client"), key_id("client"))

    def test_others_are_refused(self):
        for name in (None, "rogue", "expired", "server-only"):
            with self.subTest(name), self.assertRaises((ssl.SSLError, Closed)):
                Peer(self.server, tls_context(name))


class Off(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server("--clients", "off"))

    def test_no_certificate_is_asked_for(self):
        for name in ("client", "rogue"):
            self.assertEqual(key_seen_by(self.server, name), bytes(32))


class Version12(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server("--tls12"))

    def test_only_forward_secret_aead(self):
        context = tls_context("client", newest=ssl.TLSVersion.TLSv1_2)
        with tls(self.server, context) as connection:
            self.assertEqual(connection.version(), "TLSv1.2")
            self.assertRegex(connection.cipher()[0], "^ECDHE-.*(GCM|POLY1305)")
        for weak in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"):
            context.set_ciphers(weak)
            with self.subTest(weak), self.assertRaises(ssl.SSLError):
                tls(self.server, context)

    def test_certificates_are_checked_in_1_2_as_well(self):
        context = tls_context("client", newest=ssl.TLSVersion.TLSv1_2)
        with Peer(self.server, context) as peer:
            self.assertEqual(parse(peer.login()[SESSION])[7][64:96], key_id("client"))
        for name in ("rogue", "expired", "server-only"):
            with self.subTest(name), self.assertRaises((ssl.SSLError, Closed)):
                Peer(self.server, tls_context(name, newest=ssl.TLSVersion.TLSv1_2))

    def test_no_session_is_resumed_in_1_2(self):
        context = tls_context("client", newest=ssl.TLSVersion.TLSv1_2)
        with tls(self.server, context) as first:
            session = first.session
        with tls(self.server, context, session=session) as connection:
            self.assertFalse(connection.session_reused)

    def test_renegotiation_is_refused(self):
        client = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.server.port}", "-tls1_2", "-servername", "localhost"],
            input="R\n", capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertIn("no renegotiation", (client.stdout + client.stderr).lower())


class Revocation(unittest.TestCase):
    def refused(self, server, *names, **options):
        for name in names:
            with self.subTest(name), self.assertRaises((ssl.SSLError, Closed)):
                Peer(server, tls_context(name, **options))

    def test_only_who_is_on_the_list_is_refused(self):
        with Server("--crl", CERTIFICATES / "list.crl", "--tls12") as server:
            for newest in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
                self.refused(server, "revoked", "rogue", "expired", "server-only", newest=newest)
                with Peer(server, tls_context("client", newest=newest)) as peer:
                    self.assertEqual(parse(peer.login()[SESSION])[7][64:96], key_id("client"))
            self.assertEqual(key_seen_by(server, None), bytes(32))
            self.assertGreater(server.metric("lahetti_client_crl_until_seconds"), time.time())

    def test_list_that_is_out_of_date_holds_nobody(self):
        with Server("--crl", CERTIFICATES / "old.crl", "--client-ca", "both-ca") as server:
            self.refused(server, "client", "revoked")
            self.assertEqual(key_seen_by(server, "other"), key_id("other"))

    def test_authority_without_a_list_is_not_asked_for_one(self):
        with Server("--crl", CERTIFICATES / "list.crl", "--client-ca", "both-ca") as server:
            for name in ("client", "other"):
                self.assertEqual(key_seen_by(server, name), key_id(name))
            self.refused(server, "revoked")

    def test_list_of_no_authority_of_ours_and_no_list_at_all_are_refused(self):
        for crl in ("rogue.crl", "ca.pem", "nobody.crl"):
            with self.subTest(crl), self.assertRaises(RuntimeError):
                Server("--crl", CERTIFICATES / crl)


class Reading(unittest.TestCase):
    """What SIGHUP reads anew."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in CERTIFICATES.iterdir():
            if name.is_file():
                shutil.copy(name, self.folder)
        self.server = self.enterContext(
            Server("--directory", self.folder, "--crl", self.folder / "none.crl"))

    def read_again(self, outcome="done"):
        self.server.process.send_signal(signal.SIGHUP)
        self.server.until_metric(f'lahetti_reloads_total{{outcome="{outcome}"}}', 1)

    def test_who_is_revoked_is_sent_away_and_nobody_else(self):
        with Peer(self.server, tls_context("revoked")) as revoked, Peer(self.server, tls_context("client")) as good, \
                Peer(self.server) as bare:
            for user, peer in enumerate((revoked, good, bare)):
                self.assertIn(SESSION, peer.login(actor(user=user)))
            shutil.copy(CERTIFICATES / "list.crl", self.folder / "none.crl")
            self.read_again()
            self.assertEqual(revoked.end(), (1008, "certificate-revoked", ("certificate-revoked", FATAL)))
            for peer in (good, bare):
                self.assertEqual(peer.echo("x"), "x")
        with self.assertRaises((ssl.SSLError, Closed)):
            Peer(self.server, tls_context("revoked"))

    def test_new_certificate_is_shown_to_who_comes(self):
        with Peer(self.server) as before:
            self.assertIn(SESSION, before.login())
            for ending in (".pem", ".key"):
                shutil.copy(CERTIFICATES / f"elsewhere{ending}", self.folder / f"server{ending}")
            self.read_again()
            self.assertEqual(before.echo("x"), "x")
            with self.assertRaises(ssl.SSLCertVerificationError):
                tls(self.server)
            with tls(self.server, name="elsewhere.example"):
                pass

    def test_what_can_not_be_read_changes_nothing(self):
        (self.folder / "server.key").write_text("no key")
        shutil.copy(CERTIFICATES / "list.crl", self.folder / "none.crl")
        self.read_again("failed")
        with Peer(self.server, tls_context("revoked")) as peer:
            self.assertIn(SESSION, peer.login())


class Start(unittest.TestCase):
    def test_unusable_certificate_is_named(self):
        with self.assertRaises(RuntimeError):
            Server("--certificate", "nobody")


if __name__ == "__main__":
    socket.setdefaulttimeout(PATIENCE)
    unittest.main(verbosity=2)
