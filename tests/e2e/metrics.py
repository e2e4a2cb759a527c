"""Reads /metrics."""
import re
import time

import rest

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")


def parse(text):
    """{(name, labels): value}, labels as they are written ("" if there are none)."""
    samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            samples[name, labels or ""] = float(value)
    return samples


def read(target):
    reply = rest.get(target, "/metrics")
    assert reply.status == 200, reply
    return parse(reply.text)


def wait(target, condition, patience=20):
    """The samples once the condition holds of them, or the last ones: a call is counted after its reply has left."""
    until = time.monotonic() + patience
    while not condition(samples := read(target)) and time.monotonic() < until:
        pass
    return samples


def calls(samples, protocol, method, code="ok"):
    key = f'protocol="{protocol}",method="{method}",code="{code}"'
    return samples.get(("ordinal_calls_total", key), 0)
