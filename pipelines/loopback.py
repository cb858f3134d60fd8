"""Traffic to this machine itself never goes through a proxy."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

_HOSTS = ("localhost", "127.0.0.1", "::1")
# Both spellings count, and which of them a library prefers differs.
_NAMES = ("no_proxy", "NO_PROXY")


def around_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Say what an environment needs so that HTTP clients reach loopback directly, whatever HTTP_PROXY says.

    Args:
        environment: What is there; hosts that it already exempts stay exempt.
    Returns:
        Both spellings of NO_PROXY.
    """
    given = [host.strip() for name in _NAMES for host in environment.get(name, "").split(",")]
    # A lone star exempts everything, and only alone.
    hosts = ["*"] if "*" in given else list(dict.fromkeys(filter(None, [*given, *_HOSTS])))
    return dict.fromkeys(_NAMES, ",".join(hosts))


def bypass_proxy_for_loopback(environment: MutableMapping[str, str] = os.environ) -> None:
    """Make the clients of this process, and of its children, reach loopback directly."""
    environment.update(around_proxies(environment))


def has_proxy(environment: Mapping[str, str]) -> bool:
    """Say whether HTTP clients that honour the environment would go through a proxy."""
    return any(environment.get(name) for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"))
