"""What the process takes from the environment, read once; graph/settings.py has the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from graph.errors import SettingsError
from graph.settings import GraphSettings, wrong_variables

Transport: TypeAlias = Literal["socket", "http"]

LEASE_MARGIN_S = 2.0
"""What a lease has beyond two Slack calls: time for Redis to answer, and for a busy process."""


class BotSettings(GraphSettings):
    """Slack, ports, leases, where things are kept; each field is the variable of its name in capitals."""

    model_config = SettingsConfigDict(validate_by_name=True, validate_by_alias=True)

    bot_data: Path = Path(".firstline")
    """Where the ledger is kept without REDIS_URL."""
    bot_keep_turns_days: int = Field(default=90, ge=0)

    # `slack run` gives the tokens under the second names.
    slack_bot_token: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("slack_bot_token", "slack_cli_xoxb")
    )
    slack_app_token: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("slack_app_token", "slack_cli_xapp")
    )
    """With it the bot listens by socket."""
    slack_signing_secret: SecretStr | None = None
    """Without it nothing is taken over HTTP."""
    slack_client_id: str | None = None
    """With the secret, other workspaces may install the app by themselves."""
    slack_client_secret: SecretStr | None = None
    slack_redirect_uri: str | None = None
    """Where Slack sends browsers back to; None: the first one of the app's settings."""
    bot_token_keys: SecretStr | None = None
    """Keys that workspaces' tokens are sealed with, separated by commas, the newest first."""
    slack_api_url: str | None = None
    """None is Slack's own address."""
    bot_handoff_channel: str | None = None
    """Id of the channel in which people take over; None: no phrase promises a person."""
    bot_handoff_group: str | None = None
    """Id of a user group whose members may take over, beside those of the channel."""
    bot_handoff_webhook: SecretStr | None = None
    """Address of a help desk that is told of handoffs, by https unless it is on this machine."""
    bot_handoff_webhook_secret: SecretStr | None = None
    """What is signed with, both ways: `whsec_` and random bytes in base64."""
    bot_staff_fresh_s: float = Field(default=60.0, gt=0)
    """How long a list of who may take over is gone by: so long may take over who has left the channel."""
    bot_people_look_s: float = Field(default=10.0, gt=0)
    """How often is looked for who left, who is silent, and whether the team's channel is there."""
    bot_return_after_minutes: float = Field(default=0.0, ge=0)
    """How long a customer waits for who has the conversation, before the bot answers; 0: for ever."""

    bot_limit_customer_minute: int = Field(default=20, ge=0)
    """Messages of one customer that are answered in a minute, below in an hour and a day; 0: no limit."""
    bot_limit_customer_hour: int = Field(default=120, ge=0)
    bot_limit_customer_day: int = Field(default=500, ge=0)
    bot_limit_workspace_minute: int = Field(default=300, ge=0)
    """Of all customers of a workspace together."""
    bot_limit_workspace_hour: int = Field(default=6000, ge=0)
    bot_limit_workspace_day: int = Field(default=0, ge=0)
    bot_daily_budget_usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Dollars that models may cost in a day (UTC), all processes together; None is without a budget."""

    port: int = Field(default=8080, ge=0, le=65_535)
    """Of the health checks, and of Slack's events over HTTP; 0 takes a free one."""
    metrics_port: int = Field(default=9091, ge=0, le=65_535)
    """0 serves no metrics."""

    slack_timeout_s: float = Field(default=10.0, gt=0)
    """How long one Slack call may take: Slack's own pauses last seconds, and customers wait meanwhile."""
    bot_lease_s: float = Field(default=30.0, gt=0)
    """How long a thread stays with a process that is silent: so long waits the customer of one that died."""
    slack_limits: Literal["documented", "off"] = "documented"
    """`off` is for a workspace whose limits are known not to matter; a 429 is heeded all the same."""
    slack_burst: float = Field(default=1.0, gt=0)
    """Minutes' worth of calls that may be made at once; Slack documents a rate a minute and no burst."""
    bot_drain_s: float = Field(default=40.0, ge=0)
    """How long turns under way may take after SIGTERM: almost every answer ends within it."""
    bot_turns_at_once: int = Field(default=100, ge=1)
    """Each turn takes memory and a connection to the vendor; the rest waits in the inbox."""

    @field_validator("bot_lease_s")
    @classmethod
    def _outlasts_a_call(cls, lease: float, info: ValidationInfo) -> float:
        # A call in flight at a process's death lands before another process takes the thread over.
        timeout = info.data.get("slack_timeout_s")
        if timeout is not None and lease < (least := 2 * timeout + LEASE_MARGIN_S):
            raise ValueError(
                f"must be at least {least:g}, twice SLACK_TIMEOUT_S ({timeout:g}) and {LEASE_MARGIN_S:g} s:"
                " a process that died may still have a Slack call under way"
            )
        return lease

    @property
    def installable(self) -> bool:
        """Whether other workspaces may install the app by themselves."""
        return bool(self.slack_client_id and self.slack_client_secret)

    @property
    def transport(self) -> Transport | None:
        """How Slack reaches the bot: by socket where there is an app token; None where nothing is set."""
        if self.slack_app_token:
            return "socket"
        return "http" if self.slack_signing_secret else None


def bot_settings() -> BotSettings:
    """Read the environment and `.env`; raises SettingsError naming the variables that are wrong."""
    try:
        return BotSettings()
    except ValidationError as error:
        raise SettingsError(wrong_variables(error)) from None
