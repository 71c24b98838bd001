"""How many hostile inputs the tests of this folder hold: a number that may grow and never shrinks."""

from __future__ import annotations

from tests.security import (
    test_forged_requests,
    test_hostile_files,
    test_injection,
    test_log_paths,
    test_output,
    test_tenants,
)

EACH = {
    "texts that give orders": len(test_injection.HOSTILE),
    "arguments of tools that name others": len(test_injection.ARGUMENTS) * 4,
    "mark-up that calls somebody or hides where it leads": len(test_output.ATTACKS),
    "requests that Slack did not sign": len(test_forged_requests.FORGED) + len(test_forged_requests.BENT),
    "addresses of files": len(test_hostile_files.ADDRESSES),
    "bytes that are no text": len(test_hostile_files.BEGINNINGS) + len(test_hostile_files.PAGES),
    "ways of a secret into the log": len(test_log_paths.CASES),
    "names that look like another conversation's": len(test_tenants.OTHERS),
}
"""Each input counted once."""
TRIED = {
    "orders, at each place": len(test_injection.HOSTILE) * len(test_injection.PLACES) * 2,
    "mark-up, in each wrapping": len(test_output.ATTACKS) * len(test_output.AROUND),
}
"""The same again at other places."""


def test_there_are_at_least_three_hundred_hostile_inputs() -> None:
    assert min(EACH.values()) >= 10
    assert sum(EACH.values()) >= 300
    assert sum(TRIED.values()) >= 800


def test_no_input_is_there_twice() -> None:
    for inputs in (
        test_injection.HOSTILE,
        test_output.ATTACKS,
        test_hostile_files.ADDRESSES,
        test_tenants.OTHERS,
    ):
        assert len(set(inputs.values())) == len(inputs)
