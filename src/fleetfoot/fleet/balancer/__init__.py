"""The embedded HTTP/1.1 balancer: least outstanding requests, bounded queue, shedding, draining."""

from .balancer import Balancer
from .settings import BalancerSettings

__all__ = ["Balancer", "BalancerSettings"]
