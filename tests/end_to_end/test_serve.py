"""The orchestrator's page as the operator finds it: one command, a real server, stopped at once."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from filelock import FileLock

from pipelines.defs.automation import JOB
from pipelines.defs.unwatched import DAY
from pipelines.settings import DEPARTMENTS, PROJECT, Home
from tests.commands import run_wendu

LONGEST_START_SECONDS = 120
LONGEST_END_SECONDS = 20
ASKED = """{
  assetNodes {
    assetKey { path } description
    assetChecksOrError { ... on AssetChecks { checks { name } } }
    owners { ... on TeamAssetOwner { team } }
    internalFreshnessPolicy { __typename }
  }
  repositoriesOrError { ... on RepositoryConnection { nodes {
    schedules { name scheduleState { status } }
    sensors { name sensorState { status } }
  } } }
  instance { daemonHealth { allDaemonStatuses { daemonType required } } }
}"""
LAUNCH = """mutation($run: ExecutionParams!) { launchPipelineExecution(executionParams: $run) {
  ... on LaunchRunSuccess { run { runId } }
} }"""
STATE = "query($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
ONE_STEP = {
    "selector": {
        "repositoryLocationName": "pipelines.definitions", "repositoryName": "__repository__",
        "pipelineName": JOB, "solidSelection": ["receive_agriculture"],
    },
    "mode": "default",
    "executionMetadata": {"tags": [{"key": DAY, "value": "2024-05-02"}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server over an empty home, its port, what its page is made of, and the home."""
    home = tmp_path_factory.mktemp("served") / "home"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pipelines", "--home", str(home), "serve", "--port", str(port)]
    told = (home.parent / "told.txt").open("w")
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=told, stderr=told, env=os.environ | {"WENDU_HOME": str(home)}
    ) as server:
        try:
            yield port, _answer(server, port), Home(home)
        finally:
            server.send_signal(signal.SIGTERM)
    told.close()
    assert server.returncode == 0
    assert not [line for line in _commands() if str(home) in line]
    with socket.socket() as asked:
        assert asked.connect_ex(("127.0.0.1", port)) != 0


def _answer(server, port):
    end = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            return _ask(port, ASKED)
        except httpx.TransportError:
            time.sleep(0.5)
    raise AssertionError("the server did not come up")


def _ask(port, query, **variables):
    asked = {"query": query, "variables": variables}
    answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json=asked, timeout=60)
    return json.loads(answer.text)["data"]


def _commands():
    """The command lines of all processes of this machine."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield place.read_bytes().replace(b"\0", b" ").decode(errors="replace")


def test_every_asset_has_its_owner_and_says_what_it_is(served):
    _, page, _ = served
    assert len(page["assetNodes"]) > 150
    assert [
        node["assetKey"]["path"] for node in page["assetNodes"]
        if not (node["owners"] and node["description"])
    ] == []  # fmt: skip


def test_deliveries_have_their_check_and_when_they_are_late(served):
    _, page, _ = served
    lake = [
        node for node in page["assetNodes"]
        if node["assetKey"]["path"][0] == "lake" and node["assetKey"]["path"][-1] != "people"
    ]  # fmt: skip
    assert len(lake) == 19
    assert all(node["internalFreshnessPolicy"] for node in lake)
    assert {check["name"] for node in lake for check in node["assetChecksOrError"]["checks"]} == {
        "gate_1",
        "in_time",
    }
    assert {node["owners"][0]["team"] for node in lake} == set(DEPARTMENTS)


def test_the_schedule_and_the_landing_sensor_are_on_from_the_start(served):
    _, page, _ = served
    (repository,) = page["repositoriesOrError"]["nodes"]
    running = {
        part["name"]: (part.get("scheduleState") or part.get("sensorState"))["status"]
        for part in repository["schedules"] + repository["sensors"]
    }
    assert running == dict.fromkeys(
        ("every_morning", "landing", "tell_failure", "tell_success"), "RUNNING"
    )
    daemons = {told["daemonType"] for told in page["instance"]["daemonHealth"]["allDaemonStatuses"]}
    assert {"SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR"} <= daemons


def test_a_run_that_has_ended_holds_the_home_no_more(served):
    port, _, home = served
    run = _ask(port, LAUNCH, run=ONE_STEP)["launchPipelineExecution"]["run"]["runId"]
    end, status = time.monotonic() + LONGEST_START_SECONDS, ""
    while status != "SUCCESS" and time.monotonic() < end:
        status = _ask(port, STATE, run=run)["runOrError"]["status"]
        time.sleep(0.5)
    assert status == "SUCCESS"
    with FileLock(home.lock, timeout=LONGEST_END_SECONDS):
        assert not home.lock.with_suffix(".holder.json").exists()


def test_a_port_in_use_is_told_in_one_sentence(served, tmp_path):
    port, _, _ = served
    ran = run_wendu("serve", "--port", str(port), home=tmp_path)
    assert (ran.code, ran.err.count("\n")) == (4, 1)
    assert f"Port {port} is in use" in ran.err
