"""Runs the tests, and writes how many passed, failed and were skipped to the given file."""

from __future__ import annotations

import pathlib
import sys
import unittest

if __name__ == "__main__":
    package = pathlib.Path(__file__).resolve().parents[1]
    sys.path.insert(0, str(package))
    suite = unittest.defaultTestLoader.discover(str(package / "tests"), top_level_dir=str(package))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    passed = max(result.testsRun - failed - len(result.skipped), 0)
    pathlib.Path(sys.argv[1]).write_text(f"{passed} {failed} {len(result.skipped)}\n")
    sys.exit(0 if result.wasSuccessful() else 1)
