"""A name that leads somewhere else when it is called than when it was checked leads nowhere.

The cases are in cases_rebinding.py. They run in a network of their own, with a name server of their own, so that the
real binary looks real names up and every packet can be counted.
"""

import cases_rebinding
import pytest
from harness.namespaces import run_cases

CASES = [name for name in vars(cases_rebinding) if name.startswith("test_")]


@pytest.fixture(scope="module")
def outcomes():
    return run_cases("cases_rebinding.py")


@pytest.mark.parametrize("case", CASES)
def test_in_a_network_of_its_own(outcomes, case):
    assert case in outcomes, f"it did not run: {outcomes}"
    assert not outcomes[case], "\n".join(outcomes[case])
