"""What an attacker sends: raw HTTP/2 frames and raw HTTP/1 bytes, from an address of his own."""

import contextlib
import socket
import struct

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
ENHANCE_YOUR_CALM = 0xb

# Honest clients of the tests come from 127.0.0.1.
ADDRESS = "127.0.0.2"


def connect(port, timeout=20):
    return socket.create_connection(("127.0.0.1", port), timeout, source_address=(ADDRESS, 0))


def integer(value, prefix_bits, first=0):
    """An HPACK integer. RFC 7541 §5.1."""
    most = (1 << prefix_bits) - 1
    if value < most:
        return bytes([first | value])
    out = bytearray([first | most])
    value -= most
    while value >= 128:
        out.append(value % 128 | 128)
        value //= 128
    return bytes([*out, value])


def literal(name, value, indexed=False):
    """A field with a literal name, added to the dynamic table or not."""
    name, value = name.encode("latin-1"), value.encode("latin-1")
    return (bytes([0x40 if indexed else 0]) + integer(len(name), 7) + name +
            integer(len(value), 7) + value)


def request_block(path="/x", method="GET", more=b""):
    methods = {"GET": b"\x82", "POST": b"\x83"}
    return (methods[method] + b"\x86" + b"\x04" + integer(len(path), 7) + path.encode() +
            b"\x01" + integer(4, 7) + b"evil" + more)


class Http2:
    """A connection with prior knowledge on the plain port. It never reads unless asked to."""

    def __init__(self, port, settings=b""):
        self.socket = connect(port)
        self.left = b""
        self.stream = -1
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))

    def send(self, data):
        """False: the server has closed."""
        with contextlib.suppress(OSError):
            self.socket.sendall(data)
            return True
        return False

    def next_stream(self):
        self.stream += 2
        return self.stream

    def request(self, flags=END_STREAM | END_HEADERS, **block):
        return frame(HEADERS, flags, self.next_stream(), request_block(**block))

    def frames(self):
        """All frames until the server closes or is silent for the socket's timeout."""
        with contextlib.suppress(OSError):
            while True:
                while len(self.left) >= 9:
                    size = int.from_bytes(self.left[:3], "big")
                    if len(self.left) < 9 + size:
                        break
                    head, payload = self.left[:9], self.left[9:9 + size]
                    self.left = self.left[9 + size:]
                    yield head[3], int.from_bytes(head[5:9], "big"), payload
                data = self.socket.recv(65536)
                if not data:
                    return
                self.left += data

    def goaway(self):
        """The code of the last GOAWAY; None when there was none before the connection ended."""
        code = None
        for kind, _, payload in self.frames():
            if kind == GOAWAY:
                code = struct.unpack(">I", payload[4:8])[0]
        return code

    def close(self):
        self.socket.close()


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(
        ">I", stream) + payload


def raw(port, data, timeout=10):
    """Sends bytes as they are, and gives all that comes back."""
    answer = b""
    with connect(port, timeout) as client, contextlib.suppress(OSError):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while piece := client.recv(65536):
            answer += piece
    return answer
