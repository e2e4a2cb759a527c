// The contract of ordinald in the callback API of gRPC C++: grpc_callback PORT.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "expanded.grpc.pb.h"
#include "ordinal/v1/ids.grpc.pb.h"
#include "take.h"

using namespace ordinal;
using Context = grpc::CallbackServerContext;

template <typename Request, typename Reply>
static grpc::ServerUnaryReactor *reply_to(Context *context, const Request *request, Reply *reply)
{
    answer(*request, reply);
    grpc::ServerUnaryReactor *reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
}

// Reads a request, writes its reply, and again.
class Stream : public grpc::ServerBidiReactor<v1::StreamIdsRequest, v1::StreamIdsResponse>
{
  public:
    Stream()
    {
        StartRead(&request);
    }

    void OnReadDone(bool ok) override
    {
        if (!ok) {
            Finish(grpc::Status::OK);
            return;
        }
        answer(request, &reply);
        StartWrite(&reply);
    }

    void OnWriteDone(bool ok) override
    {
        if (ok)
            StartRead(&request);
        else
            Finish(grpc::Status::OK);
    }

    void OnDone() override
    {
        delete this;
    }

  private:
    v1::StreamIdsRequest request;
    v1::StreamIdsResponse reply;
};

class Ids : public v1::IdService::CallbackService
{
    grpc::ServerUnaryReactor *GetId(Context *context, const v1::GetIdRequest *request,
                                    v1::GetIdResponse *reply) override
    {
        return reply_to(context, request, reply);
    }

    grpc::ServerUnaryReactor *GetIds(Context *context, const v1::GetIdsRequest *request,
                                     v1::GetIdsResponse *reply) override
    {
        return reply_to(context, request, reply);
    }

    grpc::ServerBidiReactor<v1::StreamIdsRequest, v1::StreamIdsResponse> *StreamIds(Context *) override
    {
        return new Stream;
    }
};

class Expanded : public peers::Expanded::CallbackService
{
    grpc::ServerUnaryReactor *GetIds(Context *context, const v1::GetIdsRequest *request,
                                     peers::GetIdsResponse *reply) override
    {
        return reply_to(context, request, reply);
    }
};

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    Ids ids;
    Expanded expanded;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(std::string("127.0.0.1:") + argv[1], grpc::InsecureServerCredentials());
    builder.RegisterService(&ids);
    builder.RegisterService(&expanded);
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    if (!server)
        return 1;
    server->Wait();
}
