"""What the README tells people to type works, and answers as it says."""

import json
import os
import subprocess

import pytest

from harness.clients import CLI, COMMAND_SECONDS, SDK_PYTHON, WorkerDaemon, environment
from harness.readme import ADDRESS, blocks, shape
from harness.waiting import eventually

END_OF_BLOCK = "--- end of block ---"


def here(text, server):
    """The README's address is that of a default start."""
    return text.replace(ADDRESS, server.url)


def run(command, text, home, **settings):
    ended = subprocess.run(
        [*map(str, command)], input=text, env=environment(home, **settings), cwd=home, capture_output=True, text=True,
        timeout=COMMAND_SECONDS,
    )  # fmt: skip
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def shell(text, home, **settings):
    return run(["bash", "-euo", "pipefail", "-s"], text, home, **settings)


def test_the_first_cue_goes_as_shown(server, tmp_path):
    steps = blocks("first-cue")
    script = "".join(f"{step.text}\necho; echo '{END_OF_BLOCK}'\n" for step in steps)
    outputs = shell(here(script, server), tmp_path).split(END_OF_BLOCK)
    for step, output in zip(steps, outputs, strict=False):
        if step.output.language == "json":
            assert shape(json.loads(output)) == shape(json.loads(step.output.text)), output
        else:
            assert len(output.strip()) == len(step.output.text.strip()), output

    [execution] = json.loads(outputs[2])["executions"]
    assert (execution["status"], execution["attempts"]) == ("success", 1)
    assert json.loads(outputs[3])["payload"]["payload"] == {"hello": "world"}


@pytest.fixture
def worker_cue(user):
    """The execution of a cue such as the README's SDK and command line blocks make."""

    def fire(task_format):
        [cue] = [
            cue
            for cue in user.api.get("/v1/cues").expect(200)["cues"]
            if cue["payload"] == {"task": "report", "format": task_format}
        ]
        return user.api.fire(cue["id"])

    return fire


def test_the_sdk_the_command_line_and_the_worker_go_together_as_shown(server, user, tmp_path, worker_cue):
    [sdk] = blocks("sdk")
    printed = run([SDK_PYTHON, "-"], here(sdk.text, server), tmp_path, CUEAPI_API_KEY=user.key)
    assert printed.startswith("cue_")

    [cli] = blocks("cli")
    path = f"{CLI.parent}:{os.environ['PATH']}"
    listed = shell(here(cli.text, server), tmp_path, CUEAPI_API_KEY=user.key, PATH=path)
    assert "nightly" in listed and "daily-report" in listed and "2 cues (2 active)" in listed

    [worker] = blocks("worker")
    with WorkerDaemon(tmp_path, here(worker.text, server), CUEAPI_API_KEY=user.key):
        for task_format in ("pdf", "txt"):
            execution_id = worker_cue(task_format)
            outcome = eventually(lambda: user.api.execution(execution_id)["outcome"], "an outcome", 60)
            assert (outcome["success"], outcome["result"]) == (True, f"made a {task_format} report\n")


def test_the_verification_recipe_tells_right_from_wrong(user, receiver):
    [recipe] = blocks("verify")
    defined = {}
    exec(recipe.text, defined)
    verify = defined["verify"]
    schedule = {"type": "once", "at": "2099-01-01T00:00:00Z"}
    cue = user.api.create_cue("signed", schedule, receiver.url("/hook"), payload={"größe": 1.0})
    user.api.fire(cue["id"])
    [request] = receiver.wait_for("/hook")
    secret = user.api.get("/v1/auth/webhook-secret").expect(200)["webhook_secret"]
    assert verify(request.body, request.headers, secret)
    assert not verify(request.body + b" ", request.headers, secret)
    assert not verify(request.body, request.headers, secret[6:])
    old = dict(request.headers.items()) | {"X-CueAPI-Timestamp": "1700000000"}
    assert not verify(request.body, old, secret)
