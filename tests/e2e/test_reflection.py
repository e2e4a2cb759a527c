"""Server reflection by hand, in both versions."""
import grpc
import pytest
from google.protobuf import descriptor_pb2

SERVICES = {
    "ordinal.v1.IdService",
    "ordinal.v1.ClockService",
    "ordinal.v1.RankService",
    "ordinal.v1.SequenceService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}
NOT_FOUND = grpc.StatusCode.NOT_FOUND.value[0]


@pytest.fixture(params=["v1", "v1alpha"])
def ask(request, client, shared):
    """ask(field=value, …), …: sends requests on one stream and returns the replies."""
    calls = client(shared)
    package = f"grpc.reflection.{request.param}"
    make = calls.types[f"{package}.ServerReflectionRequest"]

    def send(*requests):
        info = calls.method("ServerReflectionInfo", f"{package}.ServerReflection")
        return list(info(iter([make(**fields) for fields in requests]), timeout=20))

    return send


def files(reply):
    assert reply.WhichOneof("message_response") == "file_descriptor_response", reply
    found = reply.file_descriptor_response.file_descriptor_proto
    return {file.name: file for file in map(descriptor_pb2.FileDescriptorProto.FromString, found)}


def test_list_services(ask):
    (reply,) = ask({"list_services": "*", "host": "h"})
    assert {service.name for service in reply.list_services_response.service} == SERVICES
    assert reply.valid_host == "h" and reply.original_request.list_services == "*"


@pytest.mark.parametrize(
    "symbol",
    [
        "ordinal.v1.IdService",
        "ordinal.v1.IdService.GetId",
        "ordinal.v1.Run",
        "ordinal.v1.Run.step",
        "ordinal.v1.Layout",
    ],
)
def test_symbols(ask, symbol):
    (reply,) = ask({"file_containing_symbol": symbol})
    assert list(files(reply)) == ["ordinal/v1/ids.proto"]


def test_descriptors_are_those_of_protoc(ask, types):
    for service in SERVICES:
        (reply,) = ask({"file_containing_symbol": service})
        for name, file in files(reply).items():
            (expected,) = [known for known in types.files.file if known.name == name]
            file.ClearField("source_code_info")
            assert file == expected
    time_ms = [
        field
        for message in files(ask({"file_containing_symbol": "ordinal.v1.IdService"})[0])[
            "ordinal/v1/ids.proto"
        ].message_type
        for field in message.field
        if field.name == "time_ms"
    ]
    assert [field.json_name for field in time_ms] == ["timeMs"]


def test_files_by_name(ask):
    (reply,) = ask({"file_by_filename": "grpc/health/v1/health.proto"})
    assert files(reply)["grpc/health/v1/health.proto"].package == "grpc.health.v1"


@pytest.mark.parametrize(
    "request_",
    [
        {"file_containing_symbol": "no.Such"},
        {"file_by_filename": "no/such.proto"},
        {"file_containing_symbol": ""},
    ],
)
def test_what_is_not_there(ask, request_):
    (reply,) = ask(request_)
    assert reply.error_response.error_code == NOT_FOUND and reply.error_response.error_message


def test_many_questions_on_one_stream(ask):
    replies = ask(
        {"list_services": ""},
        {"file_containing_symbol": "no.Such"},
        {"file_containing_symbol": "ordinal.v1.Run"},
    )
    kinds = [reply.WhichOneof("message_response") for reply in replies]
    assert kinds == ["list_services_response", "error_response", "file_descriptor_response"]
