"""First bytes drawn near what the inspectors look for: sound, slightly wrong, cut short, split up."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from support.first_bytes import (
    HTTP2_PREFACE,
    V2_SIGNATURE,
    alpn,
    extension,
    handshake,
    hello_body,
    proxy_v2,
    records,
    server_name,
    u8,
    u16,
)

KNOWN = (0, 5, 10, 11, 13, 14, 16, 17, 18, 21, 22, 23, 27, 34, 35, 41, 42, 43, 44, 45, 47, 49, 50, 51, 57, 13172)
KNOWN += (17513, 17613, 30032, 0xFE0D, 0xFF01, 0xFFA5, 0x0A0A, 64768, 0xCA34, 0x7550, 28, 1, 2, 3, 4)

small = st.binary(max_size=6)
numbers = st.lists(st.sampled_from((0x0304, 0x0303, 0x0302, 0x0301, 0x0300, 0x0A0A, 0x0305, 29, 23)), max_size=4).map(
    lambda found: b"".join(struct.pack(">H", each) for each in found)
)
bodies = st.one_of(
    small,
    small.map(u8),
    small.map(u16),
    numbers.map(u8),
    numbers.map(u16),
    numbers.map(lambda found: u16(u16(found))),
    st.just(b""),
    st.just(b"\x00"),
    st.just(u8(b"\x00")),
    st.just(u8(b"")),
)
hosts = st.sampled_from(
    (
        b"a.example",
        b"A.Example",
        b"b.example",
        b"other.test",
        b"a.example.",
        b"",
        b"a\x00b.example",
        b"x" * 255,
        b"x" * 256,
        b"\xff.example",
    )
)
name_extensions = st.one_of(
    hosts.map(server_name),
    hosts.map(server_name),
    hosts.map(lambda host: extension(0, u16(b"\x01" + u16(host)))),
    hosts.map(lambda host: extension(0, u16(b"\x00" + u16(host) + b"\x00" + u16(host)))),
    hosts.map(lambda host: extension(0, u16(b"\x00" + u16(host)) + b"x")),
    bodies.map(lambda body: extension(0, body)),
)
protocol_lists = st.lists(st.sampled_from((b"h2", b"x", b"http/1.1", b"", b"h" * 255)), max_size=3)
protocol_extensions = st.one_of(
    protocol_lists.map(alpn),
    st.lists(st.sampled_from((b"h2", b"x")), min_size=1, max_size=2).map(alpn),
    bodies.map(lambda body: extension(16, body)),
)
version_lists = st.one_of(st.sampled_from((u8(b"\x03\x04"), u8(b"\x03\x03"), u8(b"\x03\x04\x03\x03"))), bodies).map(
    lambda body: extension(43, body)
)
SOUND = {
    5: b"\x01\x00\x00\x00\x00",
    10: u16(b"\x00\x1d"),
    11: u8(b"\x00"),
    13: u16(b"\x04\x03"),
    18: b"",
    23: b"",
    27: u8(b"\x00\x02"),
    34: u16(b"\x04\x03"),
    42: b"",
    45: u8(b"\x01"),
    47: u16(u16(b"dn")),
    0xFF01: u8(b""),
    0xFE0D: b"\x01",
}


@st.composite
def other_extensions(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from(KNOWN))
    sound = draw(st.booleans()) and kind in SOUND
    return extension(kind, SOUND[kind] if sound else draw(bodies))


@st.composite
def hellos(draw: st.DrawFn) -> bytes:
    """The body of a ClientHello."""
    if draw(st.integers(0, 9)) == 0:
        return hello_body(None, version=draw(st.sampled_from((0x0303, 0x0301, 0x0300, 0x0202))))
    found = []
    if draw(st.integers(0, 3)):
        found.append(draw(name_extensions))
    if draw(st.booleans()):
        found.append(draw(protocol_extensions))
    if draw(st.booleans()):
        found.append(draw(version_lists))
    found += draw(st.lists(other_extensions(), max_size=3))
    return hello_body(
        draw(st.permutations(found)),
        version=draw(st.sampled_from((0x0303, 0x0303, 0x0303, 0x0304, 0x0301, 0x0302, 0x0300, 0x02FF, 0x7F12))),
        session=draw(st.sampled_from((b"", bytes(32), bytes(33), bytes(1)))),
        ciphers=draw(st.sampled_from((b"\x13\x01", b"\xc0\x2f\x56\x00", b"", b"\x13", b"\x13\x01\x56\x00"))),
        compressions=draw(st.sampled_from((b"\x00", b"\x00", b"\x00", b"\x01", b"", b"\x01\x00"))),
    )


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Cut short, one byte changed, one inserted, or left as it is."""
    data = draw(whole)
    how = draw(st.integers(0, 7))
    if not data or how < 4:
        return data
    at = draw(st.integers(0, min(len(data) - 1, 120)))
    if how == 4:
        return data[:at]
    if how == 5:
        return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
    if how == 6:
        return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at:]
    return data[:-1]


@st.composite
def tls_bytes(draw: st.DrawFn) -> bytes:
    message = handshake(draw(hellos()), draw(st.sampled_from((1, 1, 1, 1, 1, 1, 2, 0))))
    sizes = draw(st.lists(st.integers(0, 20), max_size=3))
    version = draw(st.sampled_from((0x0301, 0x0301, 0x0303, 0x0300, 0x0304, 0x03FF, 0x0201)))
    kind = draw(st.sampled_from((22, 22, 22, 22, 22, 22, 23, 21)))
    tail = draw(st.sampled_from((b"", b"", b"more", records(b"\x00" * 4))))
    return records(message, sizes, version, kind) + tail


METHODS = (b"GET", b"get", b"QUERY", b"CONNECT", b"PRI", b"P", b"G(T", b"G\x80T", b"", b"X-Y")
TARGETS = (
    b"/",
    b"*",
    b"/a?b=c#d",
    b"http://h/x",
    b"h:80",
    b"/a\x7f",
    b"/\x80",
    b"/\x01",
    b"/\tx",
    b"http://a@@b/",
    b"http://a@b",
    b"1http://a",
    b"",
    b"http:/a",
    b"/{}|\\^`",
    b"http://h?q",
    b"*x",
    b"http://h[1]/",
    b"http://h_h~!/",
    b"://h",
    b"http://",
)
VERSIONS = (
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/0.9",
    b"HTTP/2.0",
    b"HTTP/1.10",
    b"http/1.1",
    b"HTTP/1",
    b"",
    b"HTTP/9.9",
    b"HTTP/1.1 x",
    b"HTTP/1.",
)
GAPS = (b" ", b" ", b" ", b" ", b"  ", b"\t", b"\r", b"\x00", b"")
ENDS = (b"\r\n", b"\n", b"\r\r\n", b"\r", b" \r\n", b"\t\n", b"", b"\r\nHost: a\r\n\r\n", b"\x00\n")


@st.composite
def http_bytes(draw: st.DrawFn) -> bytes:
    if draw(st.integers(0, 9)) == 0:
        return HTTP2_PREFACE + draw(small)
    if draw(st.integers(0, 14)) == 0:
        return draw(st.sampled_from((b"\r\n", b"\n", b" ", b"\x00"))) + b"GET / HTTP/1.1\r\n"
    pick = draw
    method = pick(st.sampled_from((b"GET", b"GET", *METHODS)))
    target = pick(st.sampled_from((b"/", b"/", *TARGETS)))
    version = pick(st.sampled_from((b"HTTP/1.1", b"HTTP/1.0", *VERSIONS)))
    return (
        method
        + pick(st.sampled_from(GAPS))
        + target
        + pick(st.sampled_from(GAPS))
        + version
        + pick(st.sampled_from(ENDS))
    )


V1_WORDS = (
    b"PROXY",
    b"TCP4",
    b"TCP6",
    b"UNKNOWN",
    b"10.0.0.1",
    b"10.0.0.2",
    b"::1",
    b"::2",
    b"::ffff:10.0.0.1",
    b"7",
    b"8",
    b"65536",
    b"+7",
    b"-7",
    b"07",
    b"",
    b"TCP5",
    b"0.0.0.0",
    b"224.0.0.1",
    b"255.255.255.255",
    b"ff02::1",
    b"::",
    b"127.0.0.1",
    b"10.0.0.256",
    b"010.0.0.1",
    b"fe80::1%lo",
    b"0x7",
    b"7\t",
    b"\t7",
    b"UNKNOWN4",
    b"proxy",
)


@st.composite
def v1_bytes(draw: st.DrawFn) -> bytes:
    six = draw(st.booleans())
    ips = (b"::1", b"::2", b"::ffff:10.0.0.1") if six else (b"10.0.0.1", b"10.0.0.2", b"127.0.0.1")
    words = [b"PROXY", b"TCP6" if six else b"TCP4", draw(st.sampled_from(ips)), draw(st.sampled_from(ips)), b"7", b"8"]
    if draw(st.integers(0, 5)) == 0:
        words = [b"PROXY", b"UNKNOWN", *draw(st.lists(st.sampled_from(V1_WORDS), max_size=4))]
    for _ in range(draw(st.integers(0, 2))):
        words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(V1_WORDS))
    if draw(st.integers(0, 7)) == 0:
        words.append(draw(st.sampled_from((b"9", b"", b"x" * 90))))
    end = draw(st.sampled_from((b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b" \r\n", b"\n\r\n", b"\r\r\n")))
    return b" ".join(words) + end


v4s = st.sampled_from(("10.0.0.1", "10.0.0.2", "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1"))
v6s = st.sampled_from(("::1", "2001:db8::1", "::", "ff02::1", "::ffff:10.0.0.1", "fe80::1"))
tlvs = st.lists(st.tuples(st.sampled_from((1, 2, 5, 0x20, 0xE0)), small), max_size=3).map(
    lambda found: b"".join(bytes([kind]) + u16(value) for kind, value in found)
)


@st.composite
def v2_bytes(draw: st.DrawFn) -> bytes:
    addresses = draw(st.sampled_from((v4s, v4s, v6s)))
    command = draw(st.sampled_from((0x21, 0x21, 0x21, 0x21, 0x20, 0x22, 0x11, 0x31)))
    extensions = draw(st.one_of(tlvs, tlvs, small))
    header = proxy_v2((draw(addresses), 7), (draw(addresses), 8), extensions, command)
    if draw(st.integers(0, 3)) == 0:
        family = draw(st.sampled_from((0x11, 0x12, 0x21, 0x22, 0x31, 0x00, 0x10, 0x13, 0x20, 0x01)))
        header = header[:13] + bytes([family]) + header[14:]
    if draw(st.integers(0, 7)) == 0:
        length = draw(st.sampled_from((0, 11, 12, 13, 35, 36, 300)))
        header = header[:14] + struct.pack(">H", length) + header[16:]
    return header


proxy_bytes = st.one_of(damaged(v1_bytes()), damaged(v2_bytes()), st.just(V2_SIGNATURE), st.just(b"PROXY"))
hello_bytes = damaged(tls_bytes())
line_bytes = damaged(http_bytes())
