"""The pages in headless Chromium: they work, complain of nothing, and ask nobody but ordinald."""
import json
from urllib.parse import urlsplit

import pytest

import rest
from daemon import RESULTS

pytestmark = pytest.mark.slow_client
VIEWS = ("landing", "dark", "narrow")


@pytest.fixture(scope="module")
def seen(shared, node):
    RESULTS.mkdir(parents=True, exist_ok=True)
    return json.loads(node("browser.js", shared.url, RESULTS, timeout=240))


def test_docs_show_every_operation(seen):
    operations = {"GetId", "GetIds", "DescribeId", "GetIdBounds", "JoinByLease", "SendCommand", "Watch"}
    assert operations <= set(seen["docs"]["operations"])


def test_try_it_out_gives_an_id(seen):
    got = seen["docs"]["id"]
    assert got["status"].split()[0] == "200"
    assert json.loads(got["body"])["id"].isdigit()


def test_try_it_out_sends_a_body_and_deletes(seen):
    """What is proposed is taken, from the page of this server's own."""
    joined, left = seen["docs"]["join"], seen["docs"]["leave"]
    assert joined["status"].split()[0] == left["status"].split()[0] == "200", (joined, left)
    assert json.loads(joined["body"])["welcome"]["group"] == "default"


@pytest.mark.parametrize("view", VIEWS)
def test_landing_page_gives_ids(seen, view):
    page = seen[view]
    assert 0 < int(page["first"]) < int(page["second"])


@pytest.mark.parametrize("view", VIEWS)
def test_landing_page_explains_an_id(seen, shared, view):
    page = seen[view]
    told = rest.get(shared, f"/v1/ids/{page['first']}").json()
    assert page["time"] == told["time"]
    assert page["bits"] == f"{int(page['first']):064b}"
    assert "7" in page["parts"] and told["tick"] in page["parts"]
    for text, form in zip(page["forms"], ("hex", "base32", "base62"), strict=True):
        assert rest.get(shared, f"/v1/ids/{text}?format={form}").json()["tick"] == told["tick"]


@pytest.mark.parametrize("view", VIEWS)
def test_landing_page_shows_problems(seen, view):
    assert "cannot be read" in seen[view]["problem"]


@pytest.mark.parametrize("view", VIEWS)
def test_landing_page_fits_its_window(seen, view):
    assert not seen[view]["wide"]


@pytest.mark.parametrize("page", ("docs", *VIEWS))
def test_no_request_leaves_the_host(seen, shared, page):
    hosts = {urlsplit(url).netloc for url in seen[page]["requests"] if not url.startswith(("data:", "blob:"))}
    assert hosts == {shared.http}


@pytest.mark.parametrize("page", ("docs", *VIEWS))
def test_nothing_fails_and_nothing_complains(seen, page):
    assert (seen[page]["failed"], seen[page]["complaints"]) == ([], [])


def test_pictures_are_kept(seen):
    for name in ("docs", "docs-try-it-out", "docs-try-it-out-body", "landing", "landing-dark", "landing-narrow"):
        assert (RESULTS / f"{name}.png").stat().st_size > 5000
