"""Runs all tests of the console in headless Chromium; words choose among them, as `console_test.py ToolsTest` does."""

import unittest

from console_access_test import AccessTest
from console_pages_test import PagesTest
from console_running_test import AccountsTest, ApplicationsTest, ChannelsTest
from console_tools_test import ToolsTest
from console_watching_test import MonitorTest, WebhooksTest

__all__ = [
    "AccessTest", "AccountsTest", "ApplicationsTest", "ChannelsTest", "MonitorTest", "PagesTest", "ToolsTest", "WebhooksTest",
]

if __name__ == "__main__":
    unittest.main(verbosity=2)
