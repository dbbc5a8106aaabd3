"""What the server for tests knows beside runs: organisations with their users, repositories, settings and models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genloom.testing.codegen.call import Call, refusal, shown
from genloom.testing.exchange import Answer
from genloom.tools.codegen.wire import (
    CheckSuiteSettingsRequest,
    CheckSuiteSettingsResponse,
    CLIRulesResponse,
    EditPRInput,
    EditPRResponse,
    GenerateTokenRequest,
    GenerateTokenResponse,
    IntegrationStatus,
    ModelOption,
    ModelsResponse,
    OAuthProviderResponse,
    OrganizationIntegrationsResponse,
    OrganizationResponse,
    ProviderModels,
    RepoResponse,
    UserNotFoundErrorResponse,
    UserResponse,
)

__all__ = ["Directory"]

NO_SETTINGS = CheckSuiteSettingsResponse(
    check_retry_count=3,
    ignored_checks=(),
    check_retry_counts={},
    custom_prompts={},
    high_priority_apps=(),
    available_check_suite_names=("tests", "lint"),
)


class Directory:
    """Small made-up data, the same for each organisation; `users` and `repos` can be replaced by a test."""

    def __init__(self, organizations: Mapping[int, str]) -> None:
        self.organizations = dict(organizations)
        self.users = [
            UserResponse(id=1, github_user_id="101", github_username="ada", email="ada@example.org", role="ADMIN"),
            UserResponse(id=2, github_user_id="102", github_username="grace"),
        ]
        self.repos = [
            RepoResponse(
                id=number,
                name=name,
                full_name=f"example/{name}",
                description=None,
                github_id=str(1000 + number),
                organization_id=min(self.organizations, default=1),
                visibility="private",
                archived=False,
                setup_status="NOT_SETUP",
                language="PYTHON",
            )
            for number, name in enumerate(("api", "web"), 1)
        ]
        self.settings: dict[int, CheckSuiteSettingsResponse] = {}
        """Check-suite settings by repository, where they were set."""
        self.pull_requests: dict[int, str] = {}
        """The state of each pull request that was edited."""

    def organizations_of(self, call: Call, allowed: frozenset[int]) -> Answer:
        """GET /v1/organizations, of those that the token may use"""
        return call.page([OrganizationResponse(id=n, name=self.organizations[n]) for n in sorted(allowed)])

    def list_users(self, call: Call) -> Answer:
        """GET …/users"""
        return call.page(self.users)

    def user(self, call: Call) -> Answer:
        """GET …/users/{user_id}"""
        found = [user for user in self.users if user.id == call.numbers["number"]]
        if not found:
            raise refusal(404, UserNotFoundErrorResponse())
        return shown(found[0])

    def me(self, call: Call) -> Answer:
        """GET /v1/users/me"""
        return shown(self.users[0])

    def list_repos(self, call: Call) -> Answer:
        """GET …/repos"""
        return call.page([repo.model_copy(update={"organization_id": call.org_id}) for repo in self.repos])

    def check_suite_settings(self, call: Call) -> Answer:
        """GET …/repos/check-suite-settings"""
        return shown(self.settings.get(self._repo(call), NO_SETTINGS))

    def set_check_suite_settings(self, call: Call) -> Answer:
        """PUT …/repos/check-suite-settings: what is `null` stays."""
        asked, repo = call.body(CheckSuiteSettingsRequest), self._repo(call)
        before = self.settings.get(repo, NO_SETTINGS)
        self.settings[repo] = before.model_copy(update=asked.model_dump(exclude_none=True))
        return Answer.of_json({})

    def edit_pull_request(self, call: Call) -> Answer:
        """PATCH …/prs/{pr_id} and …/repos/{repo_id}/prs/{pr_id}"""
        number, state = call.numbers["number"], call.body(EditPRInput).state
        self.pull_requests[number] = state
        url = f"https://github.com/example/api/pull/{number}"
        return shown(EditPRResponse(success=True, url=url, number=number, title="A change", state=state))

    def integrations(self, call: Call) -> Answer:
        """GET …/integrations"""
        return shown(
            OrganizationIntegrationsResponse(
                organization_id=call.org_id,
                organization_name=self.organizations[call.org_id],
                integrations=(
                    IntegrationStatus(integration_type="github", active=True, installation_id=7),
                    IntegrationStatus(integration_type="slack", active=False),
                ),
                total_active_integrations=1,
            )
        )

    def rules(self, call: Call) -> Answer:
        """GET …/cli/rules"""
        return shown(CLIRulesResponse(organization_rules="Write tests.", user_custom_prompt=None))

    def models(self, call: Call) -> Answer:
        """GET …/models"""
        options = (ModelOption(label="Model A", value="model-a"), ModelOption(label="Model B", value="model-b"))
        return shown(
            ModelsResponse(providers=(ProviderModels(name="Example", models=options),), default_model="model-a")
        )

    def mcp_providers(self, call: Call) -> Answer:
        """GET /v1/mcp-providers"""
        provider = OAuthProviderResponse(
            id=1,
            name="example",
            issuer="https://issuer.example",
            authorization_endpoint="https://issuer.example/authorize",
            token_endpoint="https://issuer.example/token",  # noqa: S106  # an address
            default_scopes=("read",),
            is_mcp=True,
        )
        return Answer.of_json([provider.model_dump(mode="json")])

    def oauth_status(self, call: Call) -> Answer:
        """GET /v1/oauth/tokens/status: the documents promise no shape."""
        return Answer.of_json([])

    def oauth_revoke(self, call: Call) -> Answer:
        """POST /v1/oauth/tokens/revoke: the documents promise no shape."""
        return Answer.of_json({})

    def slack_token(self, call: Call) -> Answer:
        """POST /v1/slack-connect/generate-token"""
        call.body(GenerateTokenRequest)
        told: dict[str, Any] = {"token": "slack-connect-example", "message": "Send it to the bot."}
        return shown(GenerateTokenResponse(**told, expires_in_minutes=10))

    def _repo(self, call: Call) -> int:
        repo = call.number("repo_id", 0, 1, 2**62)
        if repo == 0:
            raise refusal(422, "repo_id: Field required")
        return repo
