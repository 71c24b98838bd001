"""What a workflow of GitHub tells through the environment, read once."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.errors import SettingsError
from graph.settings import wrong_variables


class GithubSettings(BaseSettings):
    """Where to write; each field is the variable of the same name in capitals, all set by GitHub but one."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    github_step_summary: Path | None = None
    """A file whose Markdown is shown with the step."""
    github_api_url: str = "https://api.github.com"
    github_server_url: str = "https://github.com"
    github_repository: str | None = None
    """OWNER/NAME."""
    github_run_id: str | None = None
    github_token: SecretStr | None = None
    """Set by the workflow: GitHub does not put it there by itself."""

    @property
    def run_link(self) -> str | None:
        """Where the run and its artifacts are."""
        if not self.github_repository or not self.github_run_id:
            return None
        return f"{self.github_server_url}/{self.github_repository}/actions/runs/{self.github_run_id}"

    def access(self) -> tuple[str, str]:
        """Return token and repository; raises SettingsError where they are not set."""
        if not self.github_token or not self.github_repository:
            raise SettingsError(
                "GITHUB_TOKEN and GITHUB_REPOSITORY must be set to write on GitHub; in a workflow:"
                " env: GITHUB_TOKEN: ${{ github.token }}"
            )
        return self.github_token.get_secret_value(), self.github_repository


def github_settings() -> GithubSettings:
    """Read the environment; raises SettingsError naming the variables that are wrong."""
    try:
        return GithubSettings()
    except ValidationError as error:
        raise SettingsError(wrong_variables(error)) from None
