"""The table of methods, the protos and openapi.yaml tell one story."""
import re
import subprocess

import pytest
import yaml

from daemon import ORDINAL, ROOT, finish, run_daemon
from ids import method_streams

PRESENTATION = {
    "Idempotency-Key",  # requestId as a header
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


def rest_rows(table):
    return [row for row in table if row["verb"]]


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
        assert bool(row["verb"]) != streams, row["name"]
        assert bool(row["verb"]) == bool(row["route"])


def test_openapi_has_the_methods_of_the_table(table):
    known = {
        name: (path, verb.upper()) for name, (path, verb, _) in operations().items() if path.startswith("/v1/")
    }
    assert known == {row["name"]: (row["route"], row["verb"]) for row in rest_rows(table)}


def test_parameters_are_the_fields_of_the_request(table, types):
    for row in rest_rows(table):
        operation = operations()[row["name"]][2]
        given = {parameter["name"]: parameter for parameter in map(resolve, operation.get("parameters", []))}
        fields = {field.json_name for field in types[row["request"]].DESCRIPTOR.fields}
        assert set(given) - PRESENTATION == fields, row["name"]
        in_path = set(re.findall(r"\{(\w+)\}", row["route"]))
        assert {name for name in fields if given[name]["in"] == "path"} == in_path


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
        content = operations()[row["name"]][2]["responses"]["200"]["content"]["application/json"]
        choices = properties(content["schema"])
        assert any(holds_message(schema, types[row["reply"]].DESCRIPTOR) for schema in choices), row["name"]


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
