"""The count that deploy/test ends with cannot say that all is well when it is not."""
import subprocess

import pytest

from floors import ROOT

GOOD = '<testsuites><testsuite><testcase name="a"/><testcase name="b"/></testsuite></testsuites>'
MIXED = """<testsuite><testcase name="a"><failure/></testcase><testcase name="b"><skipped/></testcase>
<testcase name="c"><error/></testcase><testcase name="d"/></testsuite>"""


@pytest.mark.parametrize(
    "suites, reports, last, status",
    [
        ("unit\t0\n", {"unit": GOOD}, "2 passed, 0 failed", 0),
        ("unit\t0\ne2e\t0\n", {"unit": GOOD, "e2e": GOOD}, "4 passed, 0 failed", 0),
        ("unit\t1\n", {"unit": MIXED}, "1 passed, 2 failed, 1 skipped", 1),
        ("unit\t139\n", {"unit": GOOD}, "2 passed, 1 failed", 1),
        ("unit\t0\n", {}, "0 passed, 1 failed", 1),
        ("unit\t0\n", {"unit": "<testsuite/>"}, "0 passed, 1 failed", 1),
        ("unit\t0\n", {"unit": GOOD[:40]}, "0 passed, 1 failed", 1),
        (
            "unit\t0\n",
            {"unit": "<testsuite><testcase><skipped/></testcase></testsuite>"},
            "0 passed, 1 failed, 1 skipped",
            1,
        ),
        ("unit\t0\nbuild-asan\t1\n", {"unit": GOOD}, "2 passed, 1 failed", 1),
        ("", {}, "0 passed, 1 failed", 1),
    ],
)
def test_count(tmp_path, suites, reports, last, status):
    (tmp_path / "suites").write_text(suites)
    for name, text in reports.items():
        (tmp_path / f"{name}.xml").write_text(text)
    done = subprocess.run([ROOT / "tests/count", tmp_path], capture_output=True, text=True)
    assert (done.stdout.splitlines()[-1], done.returncode, done.stderr) == (last, status, "")
