"""The same images and masks by other packages, where they are installed (extra ``peers``)."""

from sqtheory.bench.peers.listing import PACKAGES, absent, peers
from sqtheory.bench.peers.peer import Peer, first

__all__ = ["PACKAGES", "Peer", "absent", "first", "peers"]
