"""Whether an address is this machine's own: what is there reaches no real people."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, judged by its name alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local_url(url: str | None) -> bool:
    """Whether ``url`` leads to this machine; None, a provider's own address, does not."""
    return url is not None and is_loopback(urlsplit(url).hostname or "")
