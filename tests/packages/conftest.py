"""Tests with the mark `whole` run with --all only (./dev test packages --all). Otherwise they are left out, not
skipped."""

from made import WHOLE


def pytest_configure(config):
    config.addinivalue_line("markers", "whole: runs with ./dev test packages --all only")


def pytest_collection_modifyitems(config, items):
    left_out = [] if WHOLE else [item for item in items if item.get_closest_marker("whole")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
