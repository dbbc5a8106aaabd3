"""SIGKILL under load: nothing accepted is lost, nothing is doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from serve_storm import WEBHOOKS, ModelServer, Receiver, Storm, findings, storm_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
async def test_a_server_killed_under_load_loses_and_doubles_nothing(database_url: str, tmp_path: Path) -> None:
    """Server, server with workers, and workers alone are killed in turn while clients create and poll: each accepted run
    ends once as completed, no key has two runs, no log has holes, the model is asked again only for what was in its
    hands, and each webhook comes with one id however often."""
    (tmp_path / "server").mkdir(mode=0o700)  # where the database of SQLite comes to lie
    with ModelServer() as model, Receiver() as receiver:
        with storm_server(tmp_path / "serve", model, database=database_url) as server:
            with server.client() as client:
                told = {"url": f"{receiver.base_url}/hook", "secret": "hook-secret-of-thirty-two-letters"}
                assert client.post(WEBHOOKS, json=told).status_code == 200
            storm = Storm(server, clients=16, runs=48)
            await storm.rage(kills=4, apart=(1.5, 4.0))
            assert await findings(storm, model, receiver, database_url) == []
        assert storm.kills == 4
        assert storm.lost_answers > 0
