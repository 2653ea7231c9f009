"""The published worker daemon, unchanged: real YAML, real shell commands (spec/clients.md §6, workers.md §8)."""

import json

import pytest

from harness.clients import WorkerDaemon
from harness.server import seconds_from_now
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}

CONFIGURATION = """
api_key: {key}
api_base: {url}
worker_id: test-box
poll_interval: 1
heartbeat_interval: 2
max_concurrent: 4
handler_timeout: 30
handlers:
  greet: 'echo "Hello {{{{ payload.person.name }}}} from $CUEAPI_CUE_NAME"'
  talk: "head -c 3000 /dev/zero | tr '\\\\0' o; head -c 3000 /dev/zero | tr '\\\\0' e >&2"
  fail: 'echo "no more paper" >&2; exit 3'
  stuck:
    cmd: 'exec tail -f /dev/null'
    timeout: 1
  prove:
    cmd: 'cp "$EVIDENCE" "$CUEAPI_OUTCOME_FILE"; echo done'
    cwd: {home}
    env: {{EVIDENCE: "{{{{ payload.evidence }}}}"}}
  describe: 'printf "%s" "$CUEAPI_PAYLOAD"; test -n "$CUEAPI_EXECUTION_ID" -a "$CUEAPI_WORKER_ID" = test-box'
"""


@pytest.fixture
def daemon(server, user, tmp_path):
    with WorkerDaemon(tmp_path, CONFIGURATION.format(key=user.key, url=server.url, home=tmp_path)) as running:
        yield running
        assert running.process.poll() is None, running.log()
    assert running.process.returncode == 0, running.log()


def outcome_of(user, execution_id, daemon):
    """The execution, once the daemon has reported."""

    def look():
        execution = user.api.execution(execution_id)
        return execution if execution["outcome"] else None

    return eventually(look, lambda: f"an outcome; the worker wrote\n{daemon.log()}", 60)


def run(user, task, daemon, **payload):
    """Fires a cue for this task; returns its execution once it is done."""
    cue = user.api.create_cue(task, FAR_AWAY, payload={"task": task, **payload}, on_failure={"email": False})
    return outcome_of(user, user.api.fire(cue["id"]), daemon)


def evidence_of(server, execution_id):
    rows = server.psql(
        "SELECT evidence_external_id, evidence_result_url, evidence_result_ref, evidence_result_type,"
        f" evidence_summary, evidence_artifacts, evidence_validation_state FROM executions WHERE id = '{execution_id}'"
    )
    return rows[0]


def test_a_due_cue_runs_a_command_and_its_output_is_the_outcome(user, daemon):
    at, _ = seconds_from_now(2)
    payload = {"task": "greet", "person": {"name": "Zoë"}}
    cue = user.api.create_cue("morning", {"type": "once", "at": at}, payload=payload)
    [execution] = eventually(lambda: user.api.cue(cue["id"])["executions"], "an execution")
    execution = outcome_of(user, execution["id"], daemon)
    assert (execution["status"], execution["attempts"]) == ("success", 1)
    assert execution["outcome"]["success"] is True
    assert execution["outcome"]["result"] == "Hello Zoë from morning\n"
    done = user.api.cue(cue["id"])
    assert (done["status"], done["run_count"], done["fired_count"]) == ("completed", 1, 1)


def test_the_worker_is_listed_with_its_handlers(user, daemon):
    [worker] = eventually(lambda: user.api.get("/v1/workers").expect(200)["workers"], "the worker")
    assert (worker["worker_id"], worker["heartbeat_status"]) == ("test-box", "active")
    assert worker["handlers"] == ["greet", "talk", "fail", "stuck", "prove", "describe"]
    cue = user.api.create_cue("served", FAR_AWAY)
    assert cue["warning"] is None


def test_4096_characters_of_output_are_recorded(user, daemon):
    execution = run(user, "talk", daemon)
    assert execution["status"] == "success"
    full = ("o" * 3000 + "\n--- stderr ---\n" + "e" * 3000)[:4096]
    stored = execution["outcome"]["result"]
    assert len(stored) >= 2000 and full.startswith(stored)


def test_a_failing_command_fails_the_execution(user, daemon):
    execution = run(user, "fail", daemon)
    assert (execution["status"], execution["error_message"]) == ("failed", "no more paper\n")
    assert (execution["outcome"]["success"], execution["outcome"]["error"]) == (False, "no more paper\n")


def test_a_command_that_takes_too_long_is_reported(user, daemon):
    execution = run(user, "stuck", daemon)
    assert execution["status"] == "failed"
    assert execution["outcome"]["error"] == "Handler timeout exceeded (1s)"


def test_the_outcome_file_carries_evidence(server, user, daemon, tmp_path):
    evidence = tmp_path / "evidence.json"
    evidence.write_text(
        json.dumps(
            {
                "success": True,
                "result": "sent",
                "external_id": "x" * 500,
                "result_url": "https://example.com/mail/17",
                "result_ref": "r" * 500,
                "result_type": "t" * 100,
                "summary": "s" * 500,
                "artifacts": [{"name": "a.txt"}],
                "metadata": {"people": 5},
                "unknown": 1,
            }
        )
    )
    cue = user.api.create_cue(
        "proof",
        FAR_AWAY,
        payload={"task": "prove", "evidence": str(evidence)},
        verification={"mode": "require_external_id"},
    )
    execution = outcome_of(user, user.api.fire(cue["id"]), daemon)
    assert execution["status"] == "success"
    assert execution["outcome"]["result"] == "sent"
    assert execution["outcome"]["metadata"] == {
        "people": 5,
        "_cueapi_worker": {"outcome_file_dropped_fields": ["unknown"]},
    }
    assert evidence_of(server, execution["id"]) == [
        "x" * 500, "https://example.com/mail/17", "r" * 500, "t" * 100, "s" * 500, '[{"name": "a.txt"}]', "valid",
    ]  # fmt: skip
    [listed] = user.api.get("/v1/executions?outcome_state=verified_success").expect(200)["executions"]
    assert listed["id"] == execution["id"]


def test_a_file_that_says_failure_wins_over_exit_code_0(user, daemon, tmp_path):
    evidence = tmp_path / "evidence.json"
    evidence.write_text(json.dumps({"success": False, "error": "three of five mails bounced"}))
    execution = run(user, "prove", daemon, evidence=str(evidence))
    assert (execution["status"], execution["outcome"]["error"]) == ("failed", "three of five mails bounced")


def test_the_handler_sees_the_payload_in_its_environment(user, daemon):
    execution = run(user, "describe", daemon, text="ß 😀", list=[1, 2.5, None])
    assert execution["status"] == "success", execution["outcome"]
    assert json.loads(execution["outcome"]["result"]) == {"task": "describe", "text": "ß 😀", "list": [1, 2.5, None]}


def test_a_task_without_handler_stays_for_others(user, daemon):
    cue = user.api.create_cue("foreign", FAR_AWAY, payload={"task": "foreign"})
    foreign = user.api.fire(cue["id"])
    # Executed after it was offered together with the foreign one, so the daemon has seen and skipped that.
    assert run(user, "greet", daemon)["status"] == "success"
    execution = user.api.execution(foreign)
    assert (execution["status"], execution["attempts"]) == ("pending", 0)


def test_a_revoked_key_stops_the_daemon(server, user, tmp_path):
    with WorkerDaemon(tmp_path, CONFIGURATION.format(key=user.key, url=server.url, home=tmp_path)) as daemon:
        eventually(lambda: user.api.get("/v1/workers").expect(200)["workers"], "the worker")
        confirm = {"X-Confirm-Destructive": "true"}
        user.api.post("/v1/auth/key/regenerate", headers=confirm).expect(200)
        assert daemon.process.wait(60) == 1
    assert "API key invalid and no email configured" in daemon.log()
