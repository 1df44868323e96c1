"""What whole bootstraps and their requests are drawn from: near misses, and values that parsers trip over."""

from __future__ import annotations

CLUSTERS = ("up0", "up1", "up2", "up3", "up4", "up5")
DOMAINS = (
    "*", "a.com", "*.a.com", "b.a.com", "b.*", "*-x.a.com", "a.com:8080", "a.*", "*.com", "A.b.com", "[::1]",
    "[::1]:80", "x", "", "a.com.", "*.b.a.com", "xn--bcher-kva.com", "10.0.0.1", "*com", "a*",
)  # fmt: skip
ODD_HOSTS = (
    "", ".", "a.com.", "a.com..", "a.com.:80", "a.com:", "a.com:x", "A.COM", "a.com:8080", "a.com:+80", "a.com:080",
    "a.com:99999999999", "[::1]", "[::1]:80", "[::1]:", "[::1", "::1", "[::ffff:1.2.3.4]:80", "u@a.com",
    "u:p@a.com:80", "a_b", "a b", "a/b", "a\\b", "{", "a%2ecom", "a,b", "a.com,b.com", "*", "*.a.com", "b\xe9.com",
    "a;b", "a?b", "a#b", "x" * 300, "a.com:80:81", "xn--bcher-kva.com", "-", "~", "a'b", 'a"b', "a=b&c", "a.com:0",
    "a.com:65536", "a.com:-1",
)  # fmt: skip
ODD_PATHS = (
    "/", "//", "///", "/.", "/..", "/a/..", "/a/../b", "/./a", "/a/.", "/%2e%2e/a", "/a/%2E%2e/b", "/a%2fb",
    "/a%2Fb%5c", "/a\\b", "/%41%7e%2D%5f", "/a%00", "/%00", "/a;p=1/b", "/a;p=1/..;x/b", "/a/.;x/b", "/a/..;",
    '/a"b<c>{d}|e^f`g', "/%zz", "/a%", "/a%2", "/%C3%BC", "/%c3%bc", "/a?x=/../y//z%2f", "/a%20b", "/a+b", "/...",
    "/a/.../b", "/A/B", "/a/%2E%2E%2Fb", "/a/%2e;x/b", "/a/b?", "/a/b#c", "/a#", "/a?#", "/#", "/?", "/a??b",
    "/a?b?c", "/a?b#c", "/a//b", "/a/b//", "/a///b?c//d", "/a%3Fb", "/a%23b", "/a%3bp/b", "/;a", "/a;", "/a;/b",
    "/a,b", "/a:b", "/a@b", "/a*b", "/*", "/a~b", "/a'b", "/a(b)", "/a!b", "/a$b", "/a&b", "/a=b", "/a%25b",
    "/a%252fb", "/a\x7fb", "/a\xfcb", "/a/b/c?" + "q" * 400, "/" + "a" * 600, "/a/b/../../..", "/a/%2e%2e%5cb",
    "/a%5c..%5cb", "/.a", "/a.", "/a..", "/..a", "/a/..b", "/a/%2e.", "/a/.%2e/b",
)  # fmt: skip
TARGETS = (
    "*", "a", "?", "?a=b", "a/b", "http://a.com/a", "http://a.com", "http://a.com?q=1", "https://a.com/a/b",
    "HTTP://A.COM/a", "http://a.com:80/a", "http://a.com:/a", "http://[::1]:80/a", "http://u:p@a.com/a",
    "http://u@a.com:80/a", "http:///a", "http://", "ftp://a.com/a", "http:/a", "http://a.com/a#f", "http://a.com//a",
    "http://a_b/a", "http://a.com/%2e%2e/a", "http://a.com./a", "ws://a.com/a", "http://a.com\\a", "http://.a.com/",
    "//a.com/a", "/http://a.com/", "http://a.com:x/a",
)  # fmt: skip
QUERIES = (
    "q=a", "x=1&q=b", "q", "Q=A&q=a&q=b", "q+q=ab", "=a", "&q=1", "q=%61", "q=a%26b", "q=&q=a", "q==a", "q=a;x=b",
    "%71=a", "", "?", "q=a&", "x-y=1", "q[]=1", "a&q=a&&x=", "q=" + "v" * 200, "q=a#", "q=/../b", "q=%00", "q=%zz",
)  # fmt: skip
METHODS = ("GET",) * 14 + (
    "POST", "PUT", "DELETE", "HEAD", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "CONNECT", "QUERY", "FOO",
    "get", "M-SEARCH", "G@T", "PRI", "PROPFIND",
)  # fmt: skip
NAMES = (
    "x-a", "x-b", "X-C", "x-c", "accept", "cookie", "content-type", "user-agent", "via", "x-request-id", "x-host",
    "x-cluster", "x-hash", "x-pick", "x-tenant", "referer", "origin", "te", "x-forwarded-for", "x-forwarded-proto",
    "x_u", "authorization",
)  # fmt: skip
VALUES = (
    "a", "b", "ab", "A", "", "1", "-5", "12", "a,b", "a, b", "b,a", "GET", "/a", "a.com", "https",
    "application/grpc", "0", "7 ", " a", "a;b", '"a"', "\xfc", "\x80\xff", "a\tb", "%61", "null", "true", "0x10",
    "1e3", "+1", "007", "v" * 3000, "a=b", ",", ", ", ",,a", "9223372036854775808", "application/grpc+x",
    "text/plain; charset=utf-8",
)  # fmt: skip
COOKIES = (
    "sid=a; e", 'sid="1"', "a=b;sid=ab; sid=a", "sid=", "sid", "=a", "sid==a", " sid=a", "SID=a", "sid=a;", ";sid=a",
    "sid = a", "sid=a,b", "sid=a%3b", "",
)  # fmt: skip
