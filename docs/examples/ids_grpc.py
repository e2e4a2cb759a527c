"""IDs over gRPC, in batches, with stubs made from the protos. On Debian, with protobuf-compiler-grpc and python3-grpcio:

    protoc -I proto --python_out=. --grpc_python_out=. \\
        --plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin ordinal/v1/ids.proto
    python3 ids_grpc.py 127.0.0.1:50051 10
"""
import sys

import grpc

from ordinal.v1 import ids_pb2, ids_pb2_grpc


def ids(stub, count):
    """A call with a timeout waits for room if more is asked for than the server can give at once."""
    for run in stub.GetIds(ids_pb2.GetIdsRequest(count=count), timeout=5).runs:
        yield from range(run.first, run.first + run.count * run.step, run.step)


def main(target="127.0.0.1:50051", count="10"):
    with grpc.insecure_channel(target) as channel:
        for each in ids(ids_pb2_grpc.IdServiceStub(channel), int(count)):
            print(each)


if __name__ == "__main__":
    main(*sys.argv[1:])
