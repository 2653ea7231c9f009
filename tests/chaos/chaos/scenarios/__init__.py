"""All scenarios by name."""

from chaos.scenarios.nodes import KillNode, RollingRestart
from chaos.scenarios.postgres import DiskFull, FaultyLine, KillOwnPostgres, KillPostgres
from chaos.scenarios.process import HeldSnapshot, KillCued, MemoryCap, OrderlyStop
from chaos.scenarios.surroundings import HostileReceiver, RedisAway, SteppedClock

SCENARIOS = {
    one.name: one
    for one in (
        KillCued, HeldSnapshot, OrderlyStop, MemoryCap, KillPostgres, KillOwnPostgres, FaultyLine, DiskFull, RedisAway,
        HostileReceiver, SteppedClock, KillNode, RollingRestart,
    )
}  # fmt: skip
