"""The contract of ordinald in python3-grpcio (asyncio). IDs come from a counter that begins at the time of the start."""
import asyncio
import sys
import time

import grpc

import expanded_pb2
from ordinal.v1 import ids_pb2

next_id = int(time.time() * 1000) << 22


def take(count):
    """The first of count IDs; there is one thread."""
    global next_id
    first = next_id
    next_id += count
    return first


def runs(count):
    return [ids_pb2.Run(first=take(count), count=count, step=1)]


async def get_id(request, context):
    return ids_pb2.GetIdResponse(id=take(1))


async def get_ids(request, context):
    return ids_pb2.GetIdsResponse(runs=runs(request.count))


async def stream_ids(requests, context):
    async for request in requests:
        yield ids_pb2.StreamIdsResponse(runs=runs(request.count))


async def get_expanded(request, context):
    first = take(request.count)
    return expanded_pb2.GetIdsResponse(ids=range(first, first + request.count))


def unary(function, request, reply):
    return grpc.unary_unary_rpc_method_handler(function, request.FromString, reply.SerializeToString)


SERVICES = {
    "ordinal.v1.IdService": {
        "GetId": unary(get_id, ids_pb2.GetIdRequest, ids_pb2.GetIdResponse),
        "GetIds": unary(get_ids, ids_pb2.GetIdsRequest, ids_pb2.GetIdsResponse),
        "StreamIds": grpc.stream_stream_rpc_method_handler(
            stream_ids, ids_pb2.StreamIdsRequest.FromString, ids_pb2.StreamIdsResponse.SerializeToString
        ),
    },
    "ordinal.peers.Expanded": {
        "GetIds": unary(get_expanded, ids_pb2.GetIdsRequest, expanded_pb2.GetIdsResponse),
    },
}


async def serve(port):
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, methods) for name, methods in SERVICES.items()]
    )
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


asyncio.run(serve(sys.argv[1]))
