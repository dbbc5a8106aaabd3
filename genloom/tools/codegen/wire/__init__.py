"""The API's own shapes, typed, shared by the client and the server for tests.

Fields and statuses of an answer that the documents do not name are kept, never dropped. Source: the Codegen API's
OpenAPI document of 2025-10; `models`, `webhooks` and the fields named so are additions of an unconfirmed document of
2026-02.
"""

from typing import TYPE_CHECKING

from genloom.lazy import lazy_names

if TYPE_CHECKING:
    from genloom.tools.codegen.wire.errors import (
        AgentRunLimitReachedErrorResponse,
        AgentRunNotFoundErrorResponse,
        APIRateLimitErrorResponse,
        ErrorBody,
        HTTPValidationError,
        NoReposFoundInOrgErrorResponse,
        PermissionsErrorResponse,
        UserNotFoundErrorResponse,
        ValidationError,
    )
    from genloom.tools.codegen.wire.integrations import (
        GenerateTokenRequest,
        GenerateTokenResponse,
        IntegrationStatus,
        OAuthProviderResponse,
        OrganizationIntegrationsResponse,
    )
    from genloom.tools.codegen.wire.logs import AgentRunLogResponse, AgentRunWithLogsResponse
    from genloom.tools.codegen.wire.models import ModelOption, ModelsResponse, ProviderModels
    from genloom.tools.codegen.wire.organizations import OrganizationPage, OrganizationResponse, OrganizationSettings
    from genloom.tools.codegen.wire.page import MAX_PAGE, Page
    from genloom.tools.codegen.wire.pull_requests import (
        EditPRInput,
        EditPRResponse,
        PullRequestResponse,
        PullRequestState,
    )
    from genloom.tools.codegen.wire.repos import (
        CheckSuiteSettingsRequest,
        CheckSuiteSettingsResponse,
        RepoPage,
        RepoResponse,
    )
    from genloom.tools.codegen.wire.rules import CLIRulesResponse
    from genloom.tools.codegen.wire.runs import (
        IDEMPOTENCY_FIELD,
        SOURCE_TYPES,
        AgentRunPage,
        AgentRunResponse,
        CreateAgentRunInput,
        ResumeAgentRunInput,
        RunFields,
        StopAgentRunInput,
    )
    from genloom.tools.codegen.wire.setup_commands import (
        AnalyzeLogsResponse,
        GenerateSetupCommandsInput,
        SetupCommandsResponse,
    )
    from genloom.tools.codegen.wire.shape import WireInput, WireModel
    from genloom.tools.codegen.wire.users import UserPage, UserResponse
    from genloom.tools.codegen.wire.webhooks import (
        WebhookConfigRequest,
        WebhookConfigResponse,
        WebhookOverride,
        WebhookTestRequest,
    )
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "errors": (
                "AgentRunLimitReachedErrorResponse AgentRunNotFoundErrorResponse APIRateLimitErrorResponse "
                "ErrorBody HTTPValidationError NoReposFoundInOrgErrorResponse PermissionsErrorResponse "
                "UserNotFoundErrorResponse ValidationError"
            ),
            "integrations": (
                "GenerateTokenRequest GenerateTokenResponse IntegrationStatus OAuthProviderResponse "
                "OrganizationIntegrationsResponse"
            ),
            "logs": "AgentRunLogResponse AgentRunWithLogsResponse",
            "models": "ModelOption ModelsResponse ProviderModels",
            "organizations": "OrganizationPage OrganizationResponse OrganizationSettings",
            "page": "MAX_PAGE Page",
            "pull_requests": "EditPRInput EditPRResponse PullRequestResponse PullRequestState",
            "repos": "CheckSuiteSettingsRequest CheckSuiteSettingsResponse RepoPage RepoResponse",
            "rules": "CLIRulesResponse",
            "runs": (
                "IDEMPOTENCY_FIELD SOURCE_TYPES AgentRunPage AgentRunResponse CreateAgentRunInput "
                "ResumeAgentRunInput RunFields StopAgentRunInput"
            ),
            "setup_commands": "AnalyzeLogsResponse GenerateSetupCommandsInput SetupCommandsResponse",
            "shape": "WireInput WireModel",
            "users": "UserPage UserResponse",
            "webhooks": "WebhookConfigRequest WebhookConfigResponse WebhookOverride WebhookTestRequest",
        },
    )

__all__ = [
    "IDEMPOTENCY_FIELD",
    "MAX_PAGE",
    "SOURCE_TYPES",
    "APIRateLimitErrorResponse",
    "AgentRunLimitReachedErrorResponse",
    "AgentRunLogResponse",
    "AgentRunNotFoundErrorResponse",
    "AgentRunPage",
    "AgentRunResponse",
    "AgentRunWithLogsResponse",
    "AnalyzeLogsResponse",
    "CLIRulesResponse",
    "CheckSuiteSettingsRequest",
    "CheckSuiteSettingsResponse",
    "CreateAgentRunInput",
    "EditPRInput",
    "EditPRResponse",
    "ErrorBody",
    "GenerateSetupCommandsInput",
    "GenerateTokenRequest",
    "GenerateTokenResponse",
    "HTTPValidationError",
    "IntegrationStatus",
    "ModelOption",
    "ModelsResponse",
    "NoReposFoundInOrgErrorResponse",
    "OAuthProviderResponse",
    "OrganizationIntegrationsResponse",
    "OrganizationPage",
    "OrganizationResponse",
    "OrganizationSettings",
    "Page",
    "PermissionsErrorResponse",
    "ProviderModels",
    "PullRequestResponse",
    "PullRequestState",
    "RepoPage",
    "RepoResponse",
    "ResumeAgentRunInput",
    "RunFields",
    "SetupCommandsResponse",
    "StopAgentRunInput",
    "UserNotFoundErrorResponse",
    "UserPage",
    "UserResponse",
    "ValidationError",
    "WebhookConfigRequest",
    "WebhookConfigResponse",
    "WebhookOverride",
    "WebhookTestRequest",
    "WireInput",
    "WireModel",
]
