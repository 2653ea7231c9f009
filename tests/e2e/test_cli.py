"""The published command line, unchanged (spec/clients.md §4)."""

import json
import re

import pytest

from harness.clients import CommandLine
from harness.waiting import eventually

ONCE = ("--at", "2099-01-01T00:00:00Z")
NIGHTLY = ("--cron", "0 3 * * *")
COLORS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def cli(server, user, tmp_path):
    return CommandLine(server, user, tmp_path)


def shown(output, label):
    """The value behind a label such as `Status:`."""
    found = re.search(rf"^{re.escape(label)}\s+(.+)$", COLORS.sub("", output), re.MULTILINE)
    assert found, output
    return found[1].strip()


def create(cli, name, *options):
    return shown(cli.done("create", "--name", name, *options), "Created:")


def fire(cli, cue_id, *options):
    return shown(cli.done("fire", cue_id, *options), "Execution:")


def test_quickstart_delivers_to_the_servers_own_echo(cli):
    output = cli.done("quickstart")
    assert "Callback delivered!" in output
    assert "CueAPI is working!" in output
    assert "        Deleted." in output
    payload = output[output.index("{") : output.rindex("}") + 1]
    received = json.loads(payload)
    assert received["payload"] == {"message": "Your first cue! CueAPI is working."}
    assert received["name"] == "quickstart-test"


def test_whoami_and_usage(cli, user):
    me = cli.done("whoami")
    assert (shown(me, "Email:"), shown(me, "Plan:")) == (user.email, "Free")
    assert shown(me, "Active cues:") == "0 / 10000"
    assert shown(me, "Executions:") == "0 / 1000000 this month"
    create(cli, "one", *NIGHTLY, "--worker")
    usage = cli.done("usage")
    assert shown(usage, "Plan:") == "Free"
    assert shown(usage, "Active cues:") == "1 / 10000"
    assert shown(usage, "Executions:") == "0 / 1,000,000 (0.0%)"
    assert shown(usage, "Rate limit:") == "100000 req/min"


def test_a_cue_is_created_listed_shown_updated_paused_resumed_and_deleted(cli):
    assert "No cues yet" in cli.done("list")
    created = cli.done(
        "create", "--name", "report", *NIGHTLY, "--timezone", "Europe/Berlin", "--url", "http://127.0.0.1:9/hook",
        "--method", "PUT", "--payload", '{"task": "report"}', "--description", "every night",
        "--on-failure", '{"email": false, "pause": true}',
    )  # fmt: skip
    cue_id = shown(created, "Created:")
    assert shown(created, "Status:") == "active" and shown(created, "Next run:")

    listed = COLORS.sub("", cli.done("list"))
    assert re.search(rf"{cue_id}\s+report\s+active\s*\d{{4}}-\d\d-\d\d \d\d:\d\d UTC", listed)
    assert "1 cues (1 active)" in listed

    got = cli.done("get", cue_id)
    assert (shown(got, "Name:"), shown(got, "Status:")) == ("report", "active")
    assert shown(got, "Schedule:") == "0 3 * * * (Europe/Berlin)"
    assert shown(got, "Callback:") == "PUT http://127.0.0.1:9/hook"
    assert (shown(got, "Run count:"), shown(got, "Description:")) == ("0", "every night")

    assert "Updated:" in cli.done("update", cue_id, "--name", "summary", "--cron", "0 4 * * *")
    assert f"Paused: {cue_id} (summary)" in cli.done("pause", cue_id)
    assert "1 cues (1 paused)" in cli.done("list", "--status", "paused")
    resumed = cli.done("resume", cue_id)
    assert f"Resumed: {cue_id} (summary)" in resumed and shown(resumed, "Next run:")
    assert shown(cli.done("get", cue_id), "Schedule:") == "0 4 * * * (UTC)"

    assert "Deleted." in cli.done("delete", cue_id, "-y")
    assert f"Cue not found: {cue_id}" in cli.refused("get", cue_id)
    assert f"Cue not found: {cue_id}" in cli.refused("delete", cue_id)


def test_a_fired_cue_is_delivered_and_shown(cli, user, receiver):
    cue_id = create(cli, "hook", *NIGHTLY, "--url", receiver.url("/hook"), "--payload", '{"n": 1, "keep": true}')
    execution_id = fire(cli, cue_id)
    [request] = receiver.wait_for("/hook")
    assert request.json()["execution_id"] == execution_id
    eventually(lambda: user.api.execution(execution_id)["status"] == "success", "success")
    assert "(200, 1 attempt)" in cli.done("get", cue_id)
    got = cli.done("executions", "get", execution_id)
    assert (shown(got, "ID:"), shown(got, "Cue:"), shown(got, "Status:")) == (execution_id, cue_id, "success")
    assert (shown(got, "Attempts:"), shown(got, "HTTP status:")) == ("1", "200")
    assert execution_id in cli.done("executions", "list", "--cue-id", cue_id, "--status", "success")


@pytest.mark.parametrize(
    "options, payload",
    [((), {"n": 2, "keep": True}), (("--merge-strategy", "replace"), {"n": 2})],
    ids=["merge", "replace"],
)
def test_a_payload_override_holds_for_one_fire(cli, receiver, options, payload):
    cue_id = create(cli, "hook", *NIGHTLY, "--url", receiver.url("/hook"), "--payload", '{"n": 1, "keep": true}')
    fire(cli, cue_id, "--payload-override", '{"n": 2}', *options)
    [request] = receiver.wait_for("/hook")
    assert request.json()["payload"] == payload
    fire(cli, cue_id)
    assert receiver.wait_for("/hook", 2)[1].json()["payload"] == {"n": 1, "keep": True}


def test_a_worker_execution_is_claimed_kept_alive_and_reported(cli, user):
    cue_id = create(cli, "resize", *ONCE, "--worker", "--payload", '{"task": "resize"}')
    assert "No claimable executions" in cli.done("executions", "list-claimable")
    assert "No executions available" in cli.done("executions", "claim-next", "--worker-id", "w1")
    execution_id = fire(cli, cue_id)
    listed = cli.done("executions", "list-claimable", "--task", "resize")
    assert execution_id in listed and "resize" in listed
    assert "No claimable executions" in cli.done("executions", "list-claimable", "--task", "other")

    claimed = cli.done("executions", "claim-next", "--worker-id", "w1")
    assert (shown(claimed, "Claimed:"), shown(claimed, "Lease:")) == (execution_id, "900s")
    assert "Not claimable" in cli.refused("executions", "claim", execution_id, "--worker-id", "w2")
    assert shown(cli.done("executions", "get", execution_id), "Claimed by:") == "w1"

    assert shown(cli.done("executions", "heartbeat", execution_id, "--worker-id", "w1"), "Lease until:")
    assert "does not match" in cli.refused("executions", "heartbeat", execution_id, "--worker-id", "w2")

    report = ("executions", "report-outcome", execution_id, "--success", "--external-id", "42", "--summary", "done")
    assert f"Outcome recorded: {execution_id}" in cli.done(*report)
    assert "Outcome already recorded" in cli.refused(*report)
    assert "no longer in 'delivering'" in cli.refused("executions", "heartbeat", execution_id, "--worker-id", "w1")
    assert user.api.execution(execution_id)["status"] == "success"


def test_claim_next_takes_the_wanted_task(cli):
    create_and_fire = {
        task: fire(cli, create(cli, task, *ONCE, "--worker", "--payload", json.dumps({"task": task})))
        for task in ("first", "second")
    }
    claimed = cli.done("executions", "claim-next", "--worker-id", "w1", "--task", "second")
    assert shown(claimed, "Claimed:") == create_and_fire["second"]
    failed = ("executions", "report-outcome", create_and_fire["second"], "--failure")
    assert shown(cli.done(*failed), "Marked:") == "failure"


def test_the_servers_message_is_shown(cli):
    """The command line reads it under `detail.error` (spec/clients.md §1.1)."""
    create(cli, "taken", *NIGHTLY, "--worker")
    refusals = {
        ("--name", "taken", *NIGHTLY, "--worker"): "HTTP 409",
        ("--name", "bad", "--cron", "61 * * * *", "--worker"): "HTTP 400",
        ("--name", "bad", *NIGHTLY, "--worker", "--timezone", "Mars/Olympus"): "HTTP 422",
        ("--name", "bad", *NIGHTLY, "--url", "http://10.0.0.1/"): "HTTP 400",
    }
    for options, without_message in refusals.items():
        said = cli.refused("create", *options)
        assert said.startswith("Error: ") and len(said.strip()) > len("Error: "), said
        assert without_message not in said
    assert "Execution not found" in cli.refused("executions", "get", "no-uuid-at-all")


def test_billing_is_not_part_of_this_server(cli):
    said = cli.refused("manage")
    assert "HTTP 404" not in said


def test_a_regenerated_key_replaces_the_old_one(cli, server, user):
    new_key = shown(cli.done("key", "regenerate", "-y"), "New API key:")
    assert re.fullmatch(r"cue_sk_[0-9a-f]{32}", new_key)
    refused = user.api.get("/v1/auth/me")
    assert (refused.status, refused.code) == (401, "key_rotated")
    assert server.api(new_key).get("/v1/auth/me").expect(200)["email"] == user.email
