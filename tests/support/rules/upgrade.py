"""Upgrades, CONNECT and filters: HC-60 … HC-70."""

from __future__ import annotations

from support.rules.managers import ANY, CONNECT_TABLE, UPGRADE
from support.rules.rows import Refused, Row, get, route, table

ROWS = (
    Row(
        "HC-60 HC-61",
        "an upgrade that nobody allows is a 403 where a route matched, else a 404",
        table(route("r", "/a"), route("direct", "/b", direct_response={"status": 200})),
        [
            (get("/a", headers=UPGRADE), "403"),
            (get("/b", headers=UPGRADE), "403"),
            (get("/c", headers=UPGRADE), "404"),
            (get("/a", headers={"upgrade": "websocket"}), "r"),
            (get("/a", headers={**UPGRADE, "upgrade": ""}), "403"),
            (get("/a", headers={**UPGRADE, "upgrade": "h2c"}), "r"),
        ],
    ),
    Row(
        "HC-61 HC-66",
        "the manager allows a type as a whole, whatever its case",
        ANY,
        [
            (get(headers=UPGRADE), "any"),
            (get(headers={**UPGRADE, "upgrade": "WebSocket"}), "any"),
            (get(headers={**UPGRADE, "upgrade": "websocket, foo"}), "403"),
            (get(), "any"),
        ],
        {"upgrade_configs": [{"upgrade_type": "websocket"}]},
    ),
    Row(
        "HC-62",
        "a route enables what the manager lacks, or disables what it has",
        table(
            route("on", "/on", route={"cluster": "c0", "upgrade_configs": [{"upgrade_type": "foo"}]}),
            route(
                "off",
                "/off",
                route={"cluster": "c0", "upgrade_configs": [{"upgrade_type": "websocket", "enabled": False}]},
            ),
        ),
        [
            (get("/on", headers={**UPGRADE, "upgrade": "foo"}), "on"),
            (get("/off", headers=UPGRADE), "403"),
        ],
        {"upgrade_configs": [{"upgrade_type": "websocket"}]},
    ),
    Row(
        "HC-63",
        "CONNECT that nobody allows is a 403",
        CONNECT_TABLE,
        [
            (get(None, "a:80", "CONNECT"), "403"),
            (get("/x", method="CONNECT"), "400"),
        ],
    ),
    Row(
        "HC-61 VH-11",
        "an upgrade comes before the redirect to TLS",
        table(route("r"), require_tls="ALL"),
        [(get(headers=UPGRADE), "403"), (get(), "301 https://h.test/")],
    ),
)

REFUSED: tuple[Refused, ...] = (
    Refused(
        "HC-64",
        "the same upgrade type twice",
        "multiple upgrade configs with the same name",
        options={"upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "WebSocket"}]},
    ),
    Refused(
        "HC-64",
        "the same upgrade type twice in a route",
        "Duplicate upgrade",
        table=table(
            route("r", route={"cluster": "c0", "upgrade_configs": [{"upgrade_type": "a"}, {"upgrade_type": "A"}]})
        ),
    ),
    Refused(
        "HC-64",
        "connect_config without CONNECT",
        "Non-CONNECT upgrade type",
        table=table(
            route("r", route={"cluster": "c0", "upgrade_configs": [{"upgrade_type": "a", "connect_config": {}}]})
        ),
    ),
    Refused(
        "HC-70",
        "a filter after the router",
        "terminal filter",
        options={
            "http_filters": [
                {
                    "name": "a",
                    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
                },
                {
                    "name": "b",
                    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
                },
            ]
        },
    ),
)
