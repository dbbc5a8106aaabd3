"""The traffic with a server: documented limits kept on this side, back-off after refusals, a circuit breaker."""

from genloom.tools.codegen.traffic.breaker import Breaker
from genloom.tools.codegen.traffic.limits import DOCUMENTED, UNLIMITED, Limits, Rate, RequestClass, request_class
from genloom.tools.codegen.traffic.traffic import GuardedServer, Traffic
from genloom.tools.codegen.traffic.windows import SlidingWindow

__all__ = [
    "DOCUMENTED",
    "UNLIMITED",
    "Breaker",
    "GuardedServer",
    "Limits",
    "Rate",
    "RequestClass",
    "SlidingWindow",
    "Traffic",
    "request_class",
]
