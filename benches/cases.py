"""What is measured, and for how long: tables.

Placement says which cores the client and the server get: one each (`apart`: no client gains by computing on
the server's core), the same one (`together`: no wake-up crosses cores), or what the system gives (`free`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

KB, MB = 1024, 1024 * 1024


@dataclass(frozen=True)
class Case:
    mode: str  # "sync": threads; "async": tasks on one loop
    in_flight: int
    size: int  # bytes of the body
    scheme: str
    placement: str = "apart"

    @property
    def key(self) -> str:
        """Short and unique: `async-64-1KB-http`."""
        place = "" if self.placement == "apart" else f"-{self.placement}"
        return f"{self.mode}-{self.in_flight}-{self.size_name}-{self.scheme}{place}"

    @property
    def size_name(self) -> str:
        return f"{self.size // MB}MB" if self.size >= MB else f"{self.size // KB}KB"

    @property
    def title(self) -> str:
        unit = "thread" if self.mode == "sync" else "in flight"
        unit += "s" if self.mode == "sync" and self.in_flight > 1 else ""
        place = {"apart": "", "together": ", client and server on one core", "free": ", no cores assigned"}
        return (
            f"{self.mode}, {self.in_flight:,} {unit}, {self.size_name[:-2]} {self.size_name[-2:]}, "
            f"{self.scheme.upper()}{place[self.placement]}"
        )


IN_FLIGHT = (("sync", 1), ("sync", 16), ("async", 1), ("async", 64), ("async", 1000))

ONE_CORE = Case("sync", 1, KB, "http", "together")
FREE = Case("sync", 1, KB, "http", "free")
THREADS = Case("sync", 16, KB, "http")
STANDARD = Case("async", 64, KB, "http")
SECURE = Case("async", 64, KB, "https")
LARGE = Case("async", 16, MB, "http")

FULL = (
    ONE_CORE,
    FREE,
    *(Case(*kind, size, scheme) for scheme, size, kind in product(("http", "https"), (KB, MB), IN_FLIGHT)),
    LARGE,
)
QUICK = (
    ONE_CORE,
    FREE,
    *(Case(*kind, KB, "http") for kind in IN_FLIGHT),
    SECURE,
    LARGE,
)


@dataclass(frozen=True)
class Effort:
    cases: tuple[Case, ...]
    rounds: int
    seconds: float  # of each of a child's stretches: two when asynchronous, one when not


EFFORTS = {"full": Effort(FULL, rounds=5, seconds=1.0), "quick": Effort(QUICK, rounds=3, seconds=0.4)}

# A child that is not done after this is killed, and its measurement reported as failed.
CHILD_SECONDS = 60
