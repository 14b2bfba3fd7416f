"""A peer that can say any bytes: TLS, HTTP, WebSocket frames and protobuf, each by hand, and a server to say them to."""

import base64
import contextlib
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE = 20  # seconds for anything that must happen
CERTIFICATES = Path(os.environ["NET_CERTIFICATES"])

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

# Bodies of ClientFrame and ServerFrame.
ENROL, LOGIN, ACT, READ_DIRECTORY, SUBSCRIBE, BYE = 10, 11, 20, 21, 50, 99
GREETING, ERROR, DONE, SESSION, DIRECTORY, NOTICE, GOING_AWAY = 10, 11, 12, 14, 21, 50, 99
FATAL, TRANSIENT, REFUSED = 1, 2, 3


class Closed(Exception):
    """The other side closed: code and reason of its close frame, or None where it just cut."""

    def __init__(self, code=None, reason=""):
        super().__init__(code, reason)
        self.code, self.reason = code, reason


# ---- protobuf --------------------------------------------------------------------------------------------------------

def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(fields):
    return b"".join(field(number, value) for number, value in fields.items())


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def parse(data):
    """{number: last value}: ints, and bytes of whatever is length-delimited."""
    fields, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        fields[key >> 3] = value
    return fields


def client_frame(correlation, body, fields=None):
    return message({1: correlation, body: message(fields or {})})


def actor(user=1, unit=1, role=1, device=1):
    """A membership as echo_server reads it."""
    return bytes([user]) * 16 + bytes([unit]) * 16 + bytes([role]) + bytes([device]) * 32


# ---- the server ------------------------------------------------------------------------------------------------------

class Server:
    def __init__(self, *arguments, inherited=()):
        self.process = subprocess.Popen(
            [os.environ["NET_SERVER"], "--directory", CERTIFICATES, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=inherited, text=True)
        ready = self.process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            raise RuntimeError(f"the server did not start: {self.wait()}")
        self.port, self.ops_port = int(ready[1]), int(ready[2])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.terminate()
        status = self.wait()
        if kind is None and status != 0:
            raise AssertionError(f"the server left with {status}")

    def wait(self):
        """Until it has left: its exit status."""
        try:
            status = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.stdin.close()
            self.process.stdout.close()
        return status

    def unblock(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def get(self, path, method="GET"):
        """(status, body) of the listener for health and metrics."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.ops_port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metric(self, name):
        found = re.search(rf"^{re.escape(name)} (\d+)$", self.get("/metrics")[1], re.M)
        return int(found[1])

    def until_metric(self, name, value):
        """Waits until a metric has a value; the asking itself takes the time."""
        end = time.monotonic() + PATIENCE
        while (now := self.metric(name)) != value:
            if time.monotonic() > end:
                raise AssertionError(f"{name} is {now}, not {value}")


# ---- the peer --------------------------------------------------------------------------------------------------------

def tls_context(certificate=None, newest=ssl.TLSVersion.TLSv1_3, oldest=ssl.TLSVersion.TLSv1_2):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(CERTIFICATES / "ca.pem")
    context.minimum_version, context.maximum_version = oldest, newest
    context.set_alpn_protocols(["http/1.1"])
    if certificate:
        context.load_cert_chain(CERTIFICATES / f"{certificate}.pem", CERTIFICATES / f"{certificate}.key")
    return context


def tcp(server, window=None):
    """A connection; with `window` one that takes few bytes before it is read."""
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    if window:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    try:
        connection.connect(("127.0.0.1", server.port))
    except BaseException:
        connection.close()
        raise
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def tls(server, context=None, name="localhost", session=None, window=None):
    connection = tcp(server, window)
    try:
        return (context or tls_context()).wrap_socket(connection, server_hostname=name, session=session)
    except BaseException:
        connection.close()
        raise


def until_cut(connection):
    """Reads until the other side has gone; what it said."""
    said = b""
    try:
        while data := connection.recv(65536):
            said += data
    except TimeoutError:
        raise
    except OSError:
        pass
    return said


class Peer:
    """A connection whose WebSocket stands, unless it was refused: then Closed is raised."""

    def __init__(self, server, context=None, greeted=True, window=None, **request):
        self.connection = tls(server, context, window=window)
        self.pending = b""
        self.correlation = 0
        self.kept = []
        try:
            self.upgrade(**request)
            if greeted:
                self.greeting = parse(self.next()[GREETING])
        except BaseException:
            self.connection.close()
            raise

    def upgrade(self, path="/lahetti", subprotocol="lahetti.v1", origin=None, host="localhost", headers=()):
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Version: 13"]
        if subprotocol is not None:
            lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
        if origin is not None:
            lines.append(f"Origin: {origin}")
        self.say("\r\n".join([*lines, *headers, "", ""]).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.hear(1)
        self.head = head.decode()
        if not self.head.startswith("HTTP/1.1 101 "):
            raise Closed

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    # Bytes.

    @contextlib.contextmanager
    def gathered(self):
        """What is said meanwhile is sent at once at the end."""
        gathered = []
        self.say = gathered.append
        yield
        del self.say
        self.say(b"".join(gathered))

    def say(self, data):
        try:
            self.connection.sendall(data)
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed from error

    def hear(self, n):
        while len(self.pending) < n:
            try:
                data = self.connection.recv(65536)
            except TimeoutError:
                raise
            except OSError as error:
                raise Closed from error
            if not data:
                raise Closed
            self.pending += data
        data, self.pending = self.pending[:n], self.pending[n:]
        return data

    # WebSocket.

    def say_frame(self, opcode, payload=b"", fin=True, rsv=0, length=None, masked=True):
        """One frame; with `length` one that announces that many bytes, whatever is sent."""
        n = len(payload) if length is None else length
        mark = 128 if masked else 0
        head = bytes([(128 if fin else 0) | rsv << 4 | opcode])
        if n < 126:
            head += bytes([mark | n])
        elif n < 65536:
            head += bytes([mark | 126]) + struct.pack(">H", n)
        else:
            head += bytes([mark | 127]) + struct.pack(">Q", n)
        mask = os.urandom(4) if masked else b""
        if masked:
            padded = mask * (len(payload) // 4 + 1)
            payload = (int.from_bytes(payload, "big")
                       ^ int.from_bytes(padded[:len(payload)], "big")).to_bytes(len(payload), "big")
        self.say(head + mask + payload)

    def hear_frame(self):
        """(opcode, payload); a close frame is answered and raised."""
        first, second = self.hear(2)
        n = second & 127
        if n == 126:
            n = struct.unpack(">H", self.hear(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self.hear(8))[0]
        payload = self.hear(n)
        if first & 15 == CLOSE:
            try:
                self.say_frame(CLOSE, payload[:2])
            except Closed:
                pass
            raise Closed(struct.unpack(">H", payload[:2])[0] if payload else None, payload[2:].decode())
        return first & 15, payload

    def pong(self, payload):
        self.say_frame(PONG, payload)

    # Frames of the protocol.

    def next(self):
        """The next ServerFrame: {1: correlation, body: bytes}. Pings are answered."""
        while True:
            opcode, payload = self.hear_frame()
            if opcode == BINARY:
                return parse(payload)
            if opcode == PING:
                self.pong(payload)

    def send(self, body, fields=None):
        self.correlation += 1
        self.say_frame(BINARY, client_frame(self.correlation, body, fields))
        return self.correlation

    def answer(self, correlation):
        """The answer of that number; what comes before is kept."""
        for i, frame in enumerate(self.kept):
            if frame.get(1, 0) == correlation:
                return self.kept.pop(i)
        while (frame := self.next()).get(1, 0) != correlation:
            self.kept.append(frame)
        return frame

    def ask(self, body, fields=None):
        return self.answer(self.send(body, fields))

    def do(self, term):
        return self.ask(READ_DIRECTORY, {1: term})

    def echo(self, text):
        return parse(self.do("echo:" + text)[DIRECTORY])[2].decode()

    def login(self, membership=None, language="fi"):
        return self.ask(LOGIN, {2: language, 3: actor() if membership is None else membership})

    def pushed(self):
        """The next frame that nobody asked for."""
        return self.answer(0)

    def end(self):
        """Reads until the server closes: (code, reason, the Error before it or None)."""
        error = None
        try:
            while True:
                frame = self.next()
                if ERROR in frame:
                    error = read_error(frame)
        except Closed as closed:
            return closed.code, closed.reason, error


def read_error(frame):
    """(code, class) of an Error frame."""
    error = parse(frame[ERROR])
    assert error[3], "an error has a sentence"
    return error[1].decode(), error[2]
