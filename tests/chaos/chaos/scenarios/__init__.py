"""All scenarios by name."""

from chaos.scenarios.nodes import KillNode, RollingRestart, RollingUpgrade
from chaos.scenarios.partition import CutFromClients, CutFromPostgres, KillOneOfThree, StandStill, ThreeNodes
from chaos.scenarios.postgres import DiskFull, DiskFullOwn, FaultyLine, KillOwnPostgres, KillPostgres
from chaos.scenarios.process import HeldSnapshot, KillCued, MemoryCap, OrderlyStop
from chaos.scenarios.surroundings import HostileReceiver, RedisAway, SteppedClock

SCENARIOS = {
    one.name: one
    for one in (
        KillCued, HeldSnapshot, OrderlyStop, MemoryCap, KillPostgres, KillOwnPostgres, FaultyLine, DiskFull,
        DiskFullOwn, RedisAway, HostileReceiver, SteppedClock, KillNode, RollingRestart, RollingUpgrade, ThreeNodes,
        KillOneOfThree, CutFromPostgres, StandStill, CutFromClients,
    )
}  # fmt: skip
