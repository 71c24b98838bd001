"""What a test does with the stand-in: people who write, press and react, and a look at what they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from evals.sim.slack.blocks import elements_of
from evals.sim.slack.calls import Call
from evals.sim.slack.delivery import Deliveries
from evals.sim.slack.events import block_actions, home_actions, message_action, view_submission
from evals.sim.slack.faults import Faults
from evals.sim.slack.limits import Limits
from evals.sim.slack.settings import SlackSettings
from evals.sim.slack.shapes import Message, Payload, SentFile
from evals.sim.slack.streams import settle, stop_by_user
from evals.sim.slack.workspace import Workspace


class Actions:
    """The parts of one stand-in, and everything that people do in it."""

    def __init__(
        self,
        settings: SlackSettings,
        workspace: Workspace,
        deliveries: Deliveries,
        limits: Limits,
    ) -> None:
        self.settings = settings
        self.workspace = workspace
        self.deliveries = deliveries
        self.limits = limits
        self.faults = Faults(settings.seed)
        self.calls: list[Call] = []
        """What the app asked for, in the order of arrival; numbers go on where older ones are forgotten."""

    def configure(self, **changes: Any) -> None:
        """Change settings while it runs; raises TypeError for one that there is not."""
        self.settings = replace(self.settings, **changes)
        self.workspace.settings = self.limits.settings = self.deliveries.settings = self.settings

    def say(
        self,
        user: str,
        channel: str,
        text: str,
        thread_ts: str | None = None,
        files: Sequence[SentFile] = (),
        *,
        broadcast: bool = False,
        bot_id: str | None = None,
    ) -> str:
        """Post as a person, or with `bot_id` as another bot, and return the message's ts."""
        return self.workspace.say(user, channel, text, thread_ts, files, broadcast=broadcast, bot_id=bot_id)

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Change the words of a message."""
        self.workspace.edit(user, channel, ts, text)

    def delete(self, channel: str, ts: str) -> None:
        """Delete a message."""
        self.workspace.delete(channel, ts)

    def react(self, user: str, channel: str, ts: str, name: str) -> None:
        """Add a reaction, by its name without colons."""
        self.workspace.react(self.workspace.person(user).id, channel, ts, name)

    def unreact(self, user: str, channel: str, ts: str, name: str) -> None:
        """Take a reaction away."""
        self.workspace.unreact(user, channel, ts, name)

    def press(self, user: str, channel: str, ts: str, action_id: str, value: str | None = None) -> str:
        """Press a button of a message and return the time of it.

        `value` chooses among buttons of one action. Raises KeyError where the message shows no such button.
        """
        where = self.workspace.channels[channel]
        message = where.messages[ts]
        for element in elements_of(message.blocks):
            if element["action_id"] != action_id:
                continue
            for offered in _values(element):
                if value in (None, offered):
                    at = self.workspace.tick()
                    self._send_press(user, message, element, offered, at)
                    return at
        raise KeyError(f"message {ts} of {channel} has no button with action {action_id} and value {value}")

    def shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> str:
        """Use a message shortcut on a message and return the time of it."""
        where = self.workspace.channels[channel]
        told, at = where.told(where.messages[ts], metadata=True), self.workspace.tick()
        self.deliveries.interact(
            message_action(
                self.settings, user=user, channel=channel, message=told, callback_id=callback_id, ts=at
            )
        )
        return at

    def _send_press(self, user: str, message: Message, element: Payload, value: str, at: str) -> None:
        told = self.workspace.channels[message.channel].told(message, metadata=True)
        self._interact(
            block_actions(
                self.settings,
                user=user,
                user_team=self.workspace.person(user).team,
                channel=message.channel,
                message=told,
                element=element,
                value=value,
                ts=at,
            )
        )

    def press_home(self, user: str, action_id: str, value: str | None = None) -> None:
        """Press a button of the home tab that somebody sees; raises KeyError where there is none."""
        view = self.workspace.surfaces.homes[user]
        for element in elements_of(view["blocks"]):
            if element["action_id"] == action_id and value in (None, element.get("value")):
                at = self.workspace.tick()
                self._interact(home_actions(self.settings, user=user, view=view, element=element, ts=at))
                return
        raise KeyError(f"the home tab of {user} has no button with action {action_id} and value {value}")

    def submit(self, user: str, texts: dict[str, str] | None = None, number: int = -1) -> None:
        """Send a dialogue off, by default the one opened last, with other texts in these fields' blocks."""
        view = self.workspace.surfaces.modals[number]
        at = self.workspace.tick()
        self._interact(view_submission(self.settings, user=user, view=view, texts=texts or {}, ts=at))

    def _interact(self, payload: Payload) -> None:
        self.workspace.surfaces.triggers[payload["trigger_id"]] = self.workspace.clock()
        self.deliveries.interact(payload)

    def stop(self, user: str, channel: str, thread_ts: str) -> list[str]:
        """Press the native stop button; returns the messages that stopped, LookupError without one."""
        return stop_by_user(self.workspace, user, channel, thread_ts)

    def open_home(self, user: str, tab: str = "home") -> None:
        """Open a tab of the app: `home` or `messages`."""
        self.workspace.open_home(user, tab)

    def archive(self, channel: str) -> None:
        """Archive a channel."""
        self.workspace.archive(channel)

    def kick_bot(self, channel: str) -> None:
        """Take the bot out of a channel."""
        self.workspace.kick_bot(channel)

    def join(self, user: str, channel: str) -> None:
        """Have somebody join a channel."""
        self.workspace.join(user, channel)

    def leave(self, user: str, channel: str) -> None:
        """Have somebody leave a channel."""
        self.workspace.leave(user, channel)

    def group(self, name: str, users: Sequence[str]) -> None:
        """Say who is in a user group."""
        self.workspace.groups[name] = [self.workspace.person(user).id for user in users]

    def share(self, channel: str) -> None:
        """Share a channel with another company."""
        self.workspace.channel(channel).shared = True

    def unshare(self, channel: str) -> None:
        """Take a channel back from another company."""
        self.workspace.channel(channel).shared = False

    def invite_bot(self, channel: str) -> None:
        """Bring the bot into a channel."""
        self.workspace.invite_bot(channel)

    def person(self, user: str, **known: Any) -> None:
        """Say who somebody is: `name`, `locale`, `team` of another workspace, or a `guest`."""
        self.workspace.person(user, **known)

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Payload]:
        """Return a channel's messages, or one thread's with its root, oldest first, with their metadata."""
        where = self.workspace.channels.get(channel)
        if where is None:
            return []
        chosen = [*where.messages] if thread_ts is None else [thread_ts, *where.threads.get(thread_ts, ())]
        found = [where.messages[ts] for ts in chosen if ts in where.messages]
        for message in found:
            settle(self.workspace, message)
        return [where.told(message, metadata=True) for message in found]

    def status(self, channel: str, thread_ts: str) -> str:
        """Return the status that a thread shows."""
        return self.workspace.status(channel, thread_ts)

    def session(self, channel: str, thread_ts: str) -> str:
        """Return the status of a thread's agent session, empty where none was set."""
        return self.workspace.surfaces.sessions.get((channel, thread_ts), "")

    def calls_of(self, method: str) -> list[Call]:
        """Return the calls of one method."""
        return [call for call in self.calls if call.method == method]


def _values(element: Payload) -> list[str]:
    """Return what a press of an element can send: of feedback buttons one of two."""
    if element["type"] == "feedback_buttons":
        return [str(element[name]["value"]) for name in ("positive_button", "negative_button")]
    return [str(element.get("value", ""))]
