#!/usr/bin/env python3
"""certificates.py DIRECTORY: makes the certificates of the tests of net, with the openssl command.

    ca            the authority that is trusted on both sides
    server        for localhost and 127.0.0.1
    elsewhere     a server's, for elsewhere.example and 192.0.2.1
    client        a device, URI SAN urn:uuid:…
    expired       a client that was valid in 2020
    server-only   whose extended key usage is a server's alone, presented by a client
    rogue         a client of another authority of the same name
    revoked       a client that is on the list
    other         a client of other-ca; both-ca.pem holds that and ca

Lists of revoked certificates, of ca: none.crl (nobody is on it), list.crl, old.crl (out of date). Of rogue-ca: rogue.crl.
"""

import subprocess
import sys
from pathlib import Path

CONFIG = """
[ca]
default_ca = this
[this]
database = {folder}/{name}.index
new_certs_dir = {folder}
serial = {folder}/{name}.serial
private_key = {folder}/{name}.key
certificate = {folder}/{name}.pem
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
"""

AUTHORITY = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
LEAF = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n"
URI = "subjectAltName=URI:urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057\n"

LEAVES = {
    # name: (authority, extensions, from, until)
    "server": ("ca", "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n"),
    "elsewhere": ("ca", "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:elsewhere.example,IP:192.0.2.1\n"),
    "client": ("ca", "extendedKeyUsage=clientAuth\n" + URI),
    "expired": ("ca", "extendedKeyUsage=clientAuth\n" + URI, "20200101000000Z", "20200201000000Z"),
    "server-only": ("ca", "extendedKeyUsage=serverAuth\n" + URI),
    "revoked": ("ca", "extendedKeyUsage=clientAuth\n" + URI),
    "other": ("other-ca", "extendedKeyUsage=clientAuth\n" + URI),
    "rogue": ("rogue-ca", "extendedKeyUsage=clientAuth\n" + URI),
}


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_key(folder, name):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / f"{name}.key")


def make_authority(folder, name, subject):
    make_key(folder, name)
    (folder / f"{name}.conf").write_text(CONFIG.format(folder=folder, name=name))
    (folder / f"{name}.index").write_text("")
    (folder / f"{name}.serial").write_text("01\n")
    (folder / f"{name}.ext").write_text("[v]\n" + AUTHORITY)
    openssl("req", "-new", "-key", folder / f"{name}.key", "-subj", f"/CN={subject}",
            "-config", folder / f"{name}.conf", "-out", folder / f"{name}.csr")
    openssl("x509", "-req", "-in", folder / f"{name}.csr", "-signkey", folder / f"{name}.key", "-days", "2",
            "-extfile", folder / f"{name}.ext", "-extensions", "v", "-out", folder / f"{name}.pem")


def make_leaf(folder, name, authority, extensions, since=None, until=None):
    make_key(folder, name)
    (folder / f"{name}.ext").write_text("[v]\n" + LEAF + extensions)
    openssl("req", "-new", "-key", folder / f"{name}.key", "-subj", f"/CN={name}",
            "-config", folder / f"{authority}.conf", "-out", folder / f"{name}.csr")
    validity = ("-startdate", since, "-enddate", until) if since else ("-days", "2")
    openssl("ca", "-batch", "-notext", "-config", folder / f"{authority}.conf", "-in", folder / f"{name}.csr",
            "-extfile", folder / f"{name}.ext", "-extensions", "v", *validity, "-out", folder / f"{name}.pem")


def make_list(folder, name, authority, *validity):
    openssl("ca", "-gencrl", "-config", folder / f"{authority}.conf", *(validity or ("-crldays", "2")),
            "-out", folder / f"{name}.crl")


def make_lists(folder):
    make_list(folder, "none", "ca")
    make_list(folder, "rogue", "rogue-ca")
    openssl("ca", "-config", folder / "ca.conf", "-revoke", folder / "revoked.pem")
    make_list(folder, "list", "ca")
    make_list(folder, "old", "ca", "-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200201000000Z")


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for authority, subject in (("ca", "Test authority"), ("rogue-ca", "Test authority"), ("other-ca", "Other authority")):
        make_authority(folder, authority, subject)
    for name, (authority, extensions, *validity) in LEAVES.items():
        make_leaf(folder, name, authority, extensions, *validity)
    make_lists(folder)
    (folder / "both-ca.pem").write_text((folder / "ca.pem").read_text() + (folder / "other-ca.pem").read_text())


if __name__ == "__main__":
    make(Path(sys.argv[1]))
