"""Where phones and browsers find this machine, told without asking anything of the network."""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from dataclasses import replace

from server.config import Settings

# linux/sockios.h: the IPv4 address of an interface.
_SIOCGIFADDR = 0x8915
# In the data folder: host and port of the last start.
_SERVED = "served-at"
# Nobody lives there (RFC 5737); connecting a UDP socket only asks the routing table.
_NOWHERE = ("192.0.2.1", 9)
# Bridges of container engines and virtual machines lead to no phone.
_INNER = ("lo", "docker", "br-", "veth", "virbr", "cni", "flannel")


def site_addresses(settings: Settings) -> list[str]:
    """Return the site's http addresses, the likeliest for phones first; never empty."""
    hosts = [settings.host]
    if settings.host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        hosts = _machine_hosts() or ["127.0.0.1"]
    return [f"http://{_in_url(host)}:{settings.port}" for host in hosts]


def main_address(settings: Settings) -> str:
    """Return the address to give to people: where the site was last served, unless told."""
    return site_addresses(_as_served(settings))[0]


def remember(settings: Settings) -> None:
    """Keep where the site is served, for commands that are not told: they print it into codes."""
    (settings.folder / _SERVED).write_text(f"{settings.host} {settings.port}\n", encoding="utf-8")


def _as_served(settings: Settings) -> Settings:
    served = settings.folder / _SERVED
    is_told = (settings.host, settings.port) != (Settings.host, Settings.port)
    if is_told or not served.exists():
        return settings
    host, _, port = served.read_text(encoding="utf-8").strip().rpartition(" ")
    return replace(settings, host=host, port=int(port))


def _machine_hosts() -> list[str]:
    hosts = [_routed_host(), *_interface_hosts()]
    return list(dict.fromkeys(host for host in hosts if host and _is_outer(host)))


def _routed_host() -> str | None:
    """Return the address with which this machine would go out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(_NOWHERE)
        except OSError:
            return None  # No route at all: a machine without a network.
        return str(asked.getsockname()[0])


def _interface_hosts() -> list[str]:
    hosts = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            if name.startswith(_INNER):
                continue
            try:
                answer = fcntl.ioctl(asked, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue  # An interface without an IPv4 address, or another system than Linux.
            hosts.append(socket.inet_ntoa(answer[20:24]))
    return hosts


def _is_outer(host: str) -> bool:
    told = ipaddress.ip_address(host)
    return not told.is_loopback and not told.is_unspecified


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
