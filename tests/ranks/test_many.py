"""A group of many members: everyone is in, and everyone gets every command. many.py tells how long it takes."""
import json

import pytest

import many


def test_a_thousand_members(record_property):
    report = many.measure(1000, commands=3)
    record_property("report", json.dumps(report))
    assert report["connections"] >= 10


@pytest.mark.long
def test_ten_thousand_members(record_property):
    report = many.measure(10_000)
    record_property("report", json.dumps(report))
    print(json.dumps(report))
