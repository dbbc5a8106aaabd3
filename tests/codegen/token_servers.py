"""Servers on loopback that give out tokens (imitations of Vault's key-value store and of an OAuth token endpoint), and one
that asks for them."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs

from genloom.testing.loopback import Answer, FaultSource, LoopbackServer, RecordedRequest
from genloom.tools.codegen import AsyncCodegen
from genloom.tools.codegen.credentials import TokenProvider

VAULT_TOKEN, CLIENT_ID, CLIENT_SECRET = "hvs.vault-token", "client one", "sec:ret/%"


class VaultServer(LoopbackServer):
    """`secrets` are the data at their paths; only `hvs.vault-token` may read them."""

    def __init__(self, secrets: dict[str, Any], faults: FaultSource = ()) -> None:
        super().__init__(faults=faults)
        self.secrets = secrets

    def answer(self, request: RecordedRequest) -> Answer:
        if request.headers.get("x-vault-token") != VAULT_TOKEN:
            return Answer.of_json({"errors": ["permission denied"]}, 403)
        data = self.secrets.get(request.path.removeprefix("/v1/"))
        if data is None:
            return Answer.of_json({"errors": []}, 404)
        return Answer.of_json({"request_id": "r", "data": {"data": data, "metadata": {"version": 1}}})


class TokenEndpoint(LoopbackServer):
    """Gives out `token-1`, `token-2` … to the one client it knows, each for `seconds`."""

    def __init__(self, *, seconds: object = 3600, faults: FaultSource = ()) -> None:
        super().__init__(faults=faults)
        self.seconds = seconds
        self.given = 0
        self.forms: list[dict[str, list[str]]] = []

    def answer(self, request: RecordedRequest) -> Answer:
        form = parse_qs(request.body.decode())
        self.forms.append(form)
        pair = base64.b64encode(b"client+one:sec%3Aret%2F%25").decode()
        in_form = (form.get("client_id"), form.get("client_secret")) == ([CLIENT_ID], [CLIENT_SECRET])
        if form["grant_type"] != ["client_credentials"] or not (request.authorization == f"Basic {pair}" or in_form):
            return Answer.of_json({"error": "invalid_client"}, 401)
        self.given += 1
        told = {"access_token": f"token-{self.given}", "token_type": "Bearer", "expires_in": self.seconds}
        return Answer.of_json(told)


class ChangingServer(LoopbackServer):
    """An API whose good token changes; it has one run for whoever knows the token."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token
        self.created = 0

    def answer(self, request: RecordedRequest) -> Answer:
        if request.authorization != f"Bearer {self.token}":
            return Answer.of_json({"detail": f"bad token {request.authorization}"}, 401)
        self.created += request.method == "POST"
        return Answer.of_json({"id": 1, "organization_id": 1})


def client_at(server: LoopbackServer, token: TokenProvider | str | None) -> AsyncCodegen:
    """Return a client of that server and token."""
    return AsyncCodegen(token=token, org_id=1, base_url=server.base_url)
