"""The table of methods, the protos and openapi.yaml tell one story."""
import re
import subprocess

import pytest
import yaml

from daemon import ORDINAL, ROOT, finish, run_daemon
from ids import method_streams

PRESENTATION = {
    "Idempotency-Key",  # requestId as a header
    "Last-Event-ID",  # afterEventId as a header
    "format",
    "form",
    "Prefer",
}  # parameters of REST that choose the form of a reply, not what it says
OPENAPI = (
    yaml.safe_load((ROOT / "openapi.yaml").read_text()) if (ROOT / "openapi.yaml").exists() else {"paths": {}}
)


@pytest.fixture(scope="module")
def table():
    done = run_daemon("--generate", "methods")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    names = ("service", "name", "path", "verb", "route", "request", "reply")
    return [dict(zip(names, row, strict=True)) for row in rows]


def resolve(node):
    while "$ref" in node:
        target = OPENAPI
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def operations():
    return {
        operation["operationId"]: (path, verb, operation)
        for path, item in OPENAPI["paths"].items()
        for verb, operation in item.items()
    }


def camel(name):
    return re.sub(r"_(\w)", lambda found: found.group(1).upper(), name)


def rest_rows(table):
    """The rows that REST has, one for each of their verbs; the first goes by the name of the method, a second one
    by that and the verb: Next, NextByGet."""
    rows = []
    for row in table:
        for i, verb in enumerate(filter(None, row["verb"].split(","))):
            name = row["name"] + (f"By{verb.title()}" if i else "")
            rows.append({**row, "operation": name, "verb": verb, "route": camel(row["route"])})
    return rows


def is_pushed(row, types):
    return method_streams(types.service(row["service"]).methods_by_name[row["name"]]) == (False, True)


def test_every_method_of_the_protos_is_in_the_table(table, types):
    services = {row["service"] for row in table}
    assert services == {
        f"ordinal.v1.{name}Service" for name in ("Id", "Clock", "Rank", "Sequence")
    }
    described = [method for service in services for method in types.service(service).methods]
    assert [row["name"] for row in table] and {row["name"] for row in table} == {
        method.name for method in described
    }
    by_name = {row["name"]: row for row in table}
    for method in described:
        row = by_name[method.name]
        assert row["path"] == f"/{method.containing_service.full_name}/{method.name}"
        assert row["request"] == method.input_type.full_name
        assert row["reply"] == method.output_type.full_name


def test_unary_methods_are_all_on_rest(table, types):
    for row in table:
        streams = any(method_streams(types.service(row["service"]).methods_by_name[row["name"]]))
        assert bool(row["verb"]) or streams, row["name"]
        assert bool(row["verb"]) == bool(row["route"])


def test_openapi_has_the_methods_of_the_table(table):
    known = {
        name: (path, verb.upper()) for name, (path, verb, _) in operations().items() if path.startswith("/v1/")
    }
    assert known == {row["operation"]: (row["route"], row["verb"]) for row in rest_rows(table)}


def test_parameters_are_the_fields_of_the_request(table, types):
    for row in rest_rows(table):
        operation = operations()[row["operation"]][2]
        given = {parameter["name"]: parameter for parameter in map(resolve, operation.get("parameters", []))}
        body = resolve(
            operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        )
        fields = {field.json_name for field in types[row["request"]].DESCRIPTOR.fields}
        parameters, members = set(given) - PRESENTATION, set(body.get("properties", ()))
        assert parameters | members == fields and not parameters & members, row["operation"]
        assert not members or row["verb"] == "POST"
        in_path = set(re.findall(r"\{(\w+)\}", row["route"]))
        assert {name for name in parameters if given[name]["in"] == "path"} == in_path
        assert ("Idempotency-Key" in given) == ("requestId" in fields), row["operation"]


def properties(schema):
    schema = resolve(schema)
    if "oneOf" in schema:
        return [names for choice in schema["oneOf"] for names in properties(choice)]
    return [schema]


def holds_message(schema, descriptor):
    """Whether a schema has just the fields of a message, all of them required, down to the messages within."""
    schema = resolve(schema)
    names = {field.json_name for field in descriptor.fields}
    if set(schema.get("properties", ())) != names or set(schema.get("required", ())) != names:
        return False
    for field in descriptor.fields:
        inner = resolve(schema["properties"][field.json_name])
        if field.label == field.LABEL_REPEATED:
            if inner["type"] != "array":
                return False
            inner = resolve(inner["items"])
        if field.message_type and not holds_message(inner, field.message_type):
            return False
        is_long = field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64)
        if is_long and inner["type"] != "string":
            return False
    return True


def test_replies_are_the_messages(table, types):
    for row in rest_rows(table):
        content = operations()[row["operation"]][2]["responses"]["200"]["content"]
        if is_pushed(row, types):
            continue
        choices = properties(content["application/json"]["schema"])
        assert any(holds_message(schema, types[row["reply"]].DESCRIPTOR) for schema in choices), row["name"]


def test_events_are_the_members_of_the_oneof(table, types):
    for row in rest_rows(table):
        if not is_pushed(row, types):
            continue
        content = operations()[row["operation"]][2]["responses"]["200"]["content"]
        events = content["text/event-stream"]["schema"]["x-events"]
        (oneof,) = types[row["reply"]].DESCRIPTOR.oneofs
        assert set(events) == {field.json_name for field in oneof.fields} | {"problem"}
        for field in oneof.fields:
            assert holds_message(events[field.json_name], field.message_type), field.name


def test_problem_codes_are_those_of_the_table_of_errors():
    source = (ROOT / "src/base/error.c").read_text()
    known = set(re.findall(r'\[ORD_[A-Z_]+\] = \{"([a-z-]+)"', source))
    listed = set(OPENAPI["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    assert listed and listed < known
    page = (ROOT / "src/http/web/docs.html").read_text()
    assert set(re.findall(r'<dt id="([a-z-]+)"><code>\1</code>', page)) == listed


def test_generated_code_is_what_the_protos_give(tmp_path):
    subprocess.run([ROOT / "gen/generate", tmp_path], check=True)
    fresh = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    kept = {
        path.relative_to(ROOT / "gen"): path.read_bytes()
        for path in (ROOT / "gen").rglob("*")
        if path.is_file() and path.name not in ("generate", "meson.build")
    }
    assert set(fresh) == set(kept)
    assert [str(name) for name in fresh if fresh[name] != kept[name]] == []


@pytest.mark.parametrize("program, name", [("ordinald", "options"), ("ordinal", "client options")])
def test_readme_has_the_options(program, name):
    """The README's tables stand between <!-- options --> and <!-- /options --> (and `client options`)."""
    text = (ROOT / "README.md").read_text()
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.S)
    if name != "options" and not found:
        pytest.skip("the README does not list the client's options")
    assert found, "README.md has no table of options"
    done = (
        run_daemon("--generate", "markdown")
        if program == "ordinald"
        else finish([ORDINAL, "--generate", "markdown"])
    )
    assert found.group(1).strip() == done.stdout.strip()
