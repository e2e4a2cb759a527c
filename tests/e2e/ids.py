"""A gRPC client on Python's grpcio: calls by name, errors with their details."""
import grpc
from google.protobuf import descriptor_pb2

SERVICE = "ordinal.v1.IdService"
HEALTH = "grpc.health.v1.Health"
TIMEOUT = 20


def expand(runs):
    """The IDs of runs, in their order."""
    return [run.first + i * run.step for run in runs for i in range(run.count)]


class Client:
    """client.call("GetIds", count=3) waits for the reply; client.stream() opens StreamIds."""

    def __init__(self, address, types):
        self.types = types
        self.channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])

    def close(self):
        self.channel.close()

    def method(self, name, service=SERVICE):
        """A callable for one method, by the descriptor."""
        method = self.types.service(service).methods_by_name[name]
        kind = {
            (False, False): self.channel.unary_unary,
            (False, True): self.channel.unary_stream,
            (True, True): self.channel.stream_stream,
        }[method_streams(method)]
        return kind(
            f"/{service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.types[method.output_type.full_name].FromString,
        )

    def request(self, name, **fields):
        """The request message of one of IdService's methods."""
        return self.types[self.types.service(SERVICE).methods_by_name[name].input_type.full_name](**fields)

    def call(self, name, timeout=TIMEOUT, metadata=None, **fields):
        return self.method(name)(self.request(name, **fields), timeout=timeout, metadata=metadata)

    def fails(self, name, timeout=TIMEOUT, **fields):
        """The error of a call that has to fail, as a Failure."""
        try:
            reply = self.call(name, timeout=timeout, **fields)
        except grpc.RpcError as error:
            return Failure(error, self.types)
        raise AssertionError(f"{name} succeeded: {reply}")

    def check(self, service="", timeout=TIMEOUT):
        """The state that Check tells of a service."""
        request = self.types["grpc.health.v1.HealthCheckRequest"](service=service)
        return self.method("Check", HEALTH)(request, timeout=timeout).status

    def watch(self, service="", timeout=TIMEOUT):
        """Opens Watch of a service."""
        request = self.types["grpc.health.v1.HealthCheckRequest"](service=service)
        return self.method("Watch", HEALTH)(request, timeout=timeout)

    def raw(self, path, payload, timeout=TIMEOUT):
        """Sends bytes to any path; returns the reply's bytes, or the Failure."""
        try:
            return self.channel.unary_unary(path)(payload, timeout=timeout)
        except grpc.RpcError as error:
            return Failure(error, self.types)

    def ids(self, count, tag=0, **options):
        return expand(self.call("GetIds", count=count, tag=tag, **options).runs)

    def stream(self, requests, timeout=TIMEOUT):
        """Opens StreamIds on an iterator of (count, tag, max_wait_ms) or of counts; returns grpcio's call."""
        make = self.types["ordinal.v1.StreamIdsRequest"]

        def messages():
            for item in requests:
                count, tag, wait = item if isinstance(item, tuple) else (item, 0, 0)
                yield make(count=count, tag=tag, max_wait_ms=wait)

        return self.method("StreamIds")(messages(), timeout=timeout)


def method_streams(method):
    """Whether client and server stream; Python's descriptors of this version do not say, their protos do."""
    proto = descriptor_pb2.MethodDescriptorProto()
    method.CopyToProto(proto)
    return proto.client_streaming, proto.server_streaming


class Failure:
    """A gRPC error: status code, message, and what `grpc-status-details-bin` says."""

    def __init__(self, error, types):
        self.code = error.code()
        self.message = error.details()
        self.reason = self.domain = self.retry_seconds = None
        trailers = {item.key: item.value for item in error.trailing_metadata() or ()}
        self.status = types["ordinal.wire.Status"].FromString(trailers.get("grpc-status-details-bin", b""))
        for detail in self.status.details:
            if detail.type_url == "type.googleapis.com/google.rpc.ErrorInfo":
                info = types["ordinal.wire.ErrorInfo"].FromString(detail.value)
                self.reason, self.domain = info.reason, info.domain
            elif detail.type_url == "type.googleapis.com/google.rpc.RetryInfo":
                delay = types["ordinal.wire.RetryInfo"].FromString(detail.value).retry_delay
                self.retry_seconds = delay.seconds + delay.nanos / 1e9
            else:
                raise AssertionError(f"unknown detail {detail.type_url}")

    def __repr__(self):
        return f"Failure({self.code}, {self.message!r}, reason={self.reason}, retry={self.retry_seconds})"
