"""Each fault for a few seconds under load; no invariant may break (docs/chaos.md). The seed is printed, and is taken
from CUED_CHAOS_SEED if that is set."""

import os
import random

import pytest

from chaos.scenario import CannotRun, header, run
from chaos.scenarios import SCENARIOS
from harness.server import ROOT

FAULTS_SHOWN = 20


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name, capsys):
    seed = int(os.environ.get("CUED_CHAOS_SEED") or random.randrange(1_000_000))
    with capsys.disabled():
        print(f"\n{name}, seed {seed}", flush=True)
    try:
        scenario = SCENARIOS[name]()
    except CannotRun as why:
        pytest.skip(str(why))
    row = run(scenario, seed, keep=ROOT / "build/chaos-findings")
    with capsys.disabled():
        print(f"{header()}\n{row}", flush=True)
    shown = "\n".join(f"{fault.kind}: {fault.what}" for fault in row.faults[:FAULTS_SHOWN])
    assert not row.faults, f"{len(row.faults)} faults, CUED_CHAOS_SEED={seed}\n{shown}"
