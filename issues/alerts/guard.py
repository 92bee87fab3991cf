"""No message goes to a private address, unless the setting says so.

Names are resolved by whoever connects, and may resolve otherwise a moment later; a redirect may lead anywhere. So the address is looked at
where it is final: Python raises the audit event `socket.connect` for each connection of each library, before it is made. The hook lets pass
whatever does not run within `guarded()`.
"""

import contextlib
import ipaddress
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from django.conf import settings

EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
# Addresses that carry an IPv4 address: what that one may not, they may not.
NAT64 = ipaddress.ip_network("64:ff9b::/96")

_guarded: ContextVar[bool] = ContextVar("guarded", default=False)
_installed = False


class PrivateAddress(PermissionError):
    """The address is not one of the public internet. The message is meant for people."""


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Connections that this thread makes inside go to public addresses alone; the others raise PrivateAddress. Nothing of the database may
    happen inside."""
    _install()
    token = _guarded.set(not settings.ALERT_PRIVATE_ADDRESSES)
    try:
        yield
    finally:
        _guarded.reset(token)


def is_public(host: str) -> bool:
    """Whether it is an address (not a name) of the public internet."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            address = inner
    return address.is_global and not address.is_multicast


def _install() -> None:
    """A hook cannot be taken away again: one for the whole life of the process."""
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_look)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in EVENTS or not _guarded.get():
        return
    address = arguments[1]
    if address is None:  # on a connection, which was looked at when it was made
        return
    host = address[0] if isinstance(address, tuple) and address else ""
    if not is_public(str(host)):
        raise PrivateAddress(
            f"{str(host)[:60] or 'This'} is a private address. RAINDROP_ALERT_PRIVATE_ADDRESSES allows these."
        )
