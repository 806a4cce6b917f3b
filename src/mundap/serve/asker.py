"""Who asks: the holder of a key, or a visitor without one; what they may do, and whose their conversations are."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Literal

from mundap.access import composed
from mundap.serve.keys import LENT, Key

Role = Literal["ask", "read", "write", "admin"]  # keys.ROLES
_SUBSCRIBER_BITS = 64
LOCAL_ROLES = frozenset(("ask", "read", "write"))  # of this machine's own user, who could write the files as well

# By the first part of the path, then by method; whatever is not here may be used by all who may ask.
_NEEDS: dict[str, dict[str, tuple[Role, ...]]] = {
    "documents": {"GET": ("read",)},
    "reports": {"GET": ("read",)},
    "models": {"GET": ("read",)},
    "activity": {"GET": ("read",)},
    "sources": {"GET": ("read",)},
    "questions": {"GET": ("write",)},  # what visitors asked
    "synonyms": {"GET": ("write",)},
    "config": {"GET": ("write",)},
    "audit": {"GET": ("write",)},
    "erase": {},
    "metrics": {"GET": ("read",)},
    "mcp": dict.fromkeys(("GET", "POST", "DELETE"), ("ask", "read")),  # agents answer from what they list and read
}
_ALTERING: tuple[Role, ...] = ("write",)  # other methods on those paths


@dataclass(frozen=True)
class Asker:
    """`name` is that of the key, "" without one. What is kept of an asker stands under `owner`, which no two share.

    `access` are the tags of the documents that they may see besides those without tags; None is all documents. `login` is
    "token" or "cookie" for someone who has logged in, by what they brought.
    """

    name: str
    address: str
    owner: str
    roles: frozenset[str]
    access: frozenset[str] | None = frozenset()
    key: Key | None = None
    login: str = ""

    @property
    def operates(self) -> bool:
        """Whether they run the server, and may hear what is wrong inside it."""
        return "admin" in self.roles or self.owner == LENT or (self.key is None and "write" in self.roles)

    def may(self, role: Role) -> bool:
        """Whether they have this role; an admin has all."""
        return role in self.roles or "admin" in self.roles


ASKER: ContextVar[Asker | None] = ContextVar(
    "asker", default=None
)  # of the request that is served; None sees the least


def subscriber(address: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits, all of whose addresses one subscriber has."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    return str(found.ipv4_mapped or IPv6Network((int(found), _SUBSCRIBER_BITS), strict=False).network_address)


def holder(key: Key, address: str, visitors: frozenset[str]) -> Asker:
    """The asker who brought `key`. The page's visitors see what all `visitors` may see."""
    if key.name == LENT:
        return Asker(LENT, address, LENT, LOCAL_ROLES, visitors, key)
    access = None if "admin" in key.roles else frozenset(composed(tag) for tag in key.access)
    return Asker(key.name, address, key.digest[:16], frozenset(key.roles), access, key)  # a name may be given anew


def visitor(address: str, own: bool, visitors: frozenset[str]) -> Asker:
    """Someone without a key, of whom only the address is known; `own` says that it is this machine's."""
    return Asker("", address, f"@{address}", LOCAL_ROLES if own else frozenset(("ask",)), visitors)


def needed(method: str, path: str) -> tuple[Role, ...]:
    """The roles that a request needs, all of them."""
    first = path.partition("/")[2].partition("/")[0]
    of_path = _NEEDS.get(first)
    if of_path is None or method == "OPTIONS":
        return ("ask",)
    return of_path.get("GET" if method == "HEAD" else method, _ALTERING)
