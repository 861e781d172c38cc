"""Whether a request comes from this very machine, and from which address it came first.

A reverse proxy on the same machine connects from a loopback address too. So nothing that carries a trace of
having been passed on is taken for local: a header of a proxy, another host name, HTTP/1.0 as proxies speak
it, or a page under another name that it was asked by.
"""

import ipaddress

from starlette.datastructures import Headers
from starlette.types import Scope

from facekeep.api.safety import host_name, is_loopback

PASSED_ON = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-server",
    "x-forwarded-prefix",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-ray",
    "fly-client-ip",
    "x-envoy-external-address",
)
"""What proxies add. None of them is sent by a browser or a program that asks directly."""


def is_local(scope: Scope) -> bool:
    """Whether somebody at this machine asks, by everything that can be seen."""
    headers = Headers(scope=scope)
    if not _is_this_machine(_peer(scope)) or scope.get("http_version") == "1.0":
        return False
    if any(name in headers for name in PASSED_ON):
        return False
    return is_loopback(host_name(headers.get("host", ""))) and all(
        is_loopback(host_name(headers[name].partition("://")[2].partition("/")[0]))
        for name in ("origin", "referer")
        if name in headers
    )


def address_of(scope: Scope) -> str:
    """Where the request came from, to count wrong passwords by.

    What a proxy on this machine says is believed: it is the last that it added.
    """
    peer = _peer(scope)
    told = Headers(scope=scope).get("x-forwarded-for", "").rpartition(",")[2].strip()
    return told[:100] if told and _is_this_machine(peer) else peer


def is_secure(scope: Scope) -> bool:
    """Whether the browser speaks HTTPS, with us or with a proxy before us."""
    headers = Headers(scope=scope)
    told = headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    origin = headers.get("origin", "")
    return scope.get("scheme") == "https" or told == "https" or origin.startswith("https://")


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_this_machine(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((address if mapped is None else mapped).is_loopback)
