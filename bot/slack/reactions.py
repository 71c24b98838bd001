"""What an emoji under an answer says about it, and whose it is."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from graph.errors import StateError
from graph.turn import Thumb, Who

UP = ("+1", "heart", "tada", "clap", "raised_hands", "ok_hand", "pray", "100", "white_check_mark")
DOWN = ("-1", "x", "disappointed", "confused", "angry", "rage", "face_with_rolling_eyes")

_ALIASES = {
    "thumbsup": "+1",
    "thumbs_up": "+1",
    "thumbsdown": "-1",
    "thumbs_down": "-1",
    "red_heart": "heart",
    "heavy_check_mark": "white_check_mark",
    "pout": "rage",
    "hooray": "tada",
    "cross_mark": "x",
}


def canonical(name: str) -> str:
    """Return an emoji's one name: without colons and skin tone, and not by an alias."""
    bare = name.strip().strip(":").partition("::")[0].casefold()
    return _ALIASES.get(bare, bare)


def ratings_of(up: Collection[str], down: Collection[str]) -> dict[str, Thumb]:
    """Return what each emoji stands for."""
    thumbs: dict[str, Thumb] = {canonical(name): "up" for name in up}
    return thumbs | {canonical(name): "down" for name in down}


RATINGS = ratings_of(UP, DOWN)
"""What stands for what where channels.toml does not say."""


def rating_of(name: str, ratings: Mapping[str, Thumb] = RATINGS) -> Thumb | None:
    """Return the rating that an emoji stands for; None for one that is no rating."""
    return ratings.get(canonical(name))


def who(user: str, asker: str, staff: Collection[str] = ()) -> Who:
    """Tell whose a rating is; `staff` are those who took over conversations or wrote where that is done.

    A colleague who asked the question is its asker.
    """
    if user == asker:
        return "asker"
    return "staff" if user in staff else "bystander"


@dataclass(frozen=True, slots=True)
class Reactions:
    """One person's emoji under one message: the one added last counts, and those still there stay counted.

    Whichever order the events come in, the same is left.
    """

    seen: Mapping[str, tuple[float, bool]] = field(default_factory=dict)
    """Emoji with its skin tone -> when it last changed, and whether it is there."""
    ratings: Mapping[str, Thumb] = field(default_factory=lambda: RATINGS)

    def add(self, name: str, at: float) -> Reactions:
        """Return what is left after an emoji was added; `at` is Slack's time of the event."""
        return self._changed(name, at, there=True)

    def remove(self, name: str, at: float) -> Reactions:
        """Return what is left after an emoji was taken away."""
        return self._changed(name, at, there=False)

    @property
    def thumb(self) -> Thumb | None:
        """The rating; None where no emoji that is a rating is there."""
        there = [(at, name) for name, (at, is_there) in self.seen.items() if is_there]
        rated = [thumb for _, name in sorted(there) if (thumb := rating_of(name, self.ratings))]
        return rated[-1] if rated else None

    def to_json(self) -> str:
        """Return the state as a text to be kept."""
        return json.dumps([[name, at, is_there] for name, (at, is_there) in self.seen.items()])

    @classmethod
    def from_json(cls, text: str, ratings: Mapping[str, Thumb] = RATINGS) -> Reactions:
        """Read what `to_json` wrote; raises StateError for anything else."""
        try:
            seen = {str(name): (float(at), bool(is_there)) for name, at, is_there in json.loads(text)}
        except (ValueError, TypeError) as error:
            raise StateError(f"Kept reactions cannot be read ({error}); delete them.") from None
        return cls(seen, ratings)

    def _changed(self, name: str, at: float, *, there: bool) -> Reactions:
        bare, separator, tone = name.partition("::")
        key = f"{canonical(bare)}{separator}{tone}"
        # What is no rating is not kept: a message may have any number of emoji.
        if rating_of(name, self.ratings) is None or self.seen.get(key, (0.0, False)) >= (at, there):
            return self
        return Reactions({**self.seen, key: (at, there)}, self.ratings)
