// The contract of ordinald in the asynchronous API of gRPC C++: grpc_async PORT QUEUES, a thread for each
// completion queue.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "expanded.grpc.pb.h"
#include "ordinal/v1/ids.grpc.pb.h"
#include "take.h"

using Ids = ordinal::v1::IdService::AsyncService;
using Expanded = ordinal::peers::Expanded::AsyncService;
using Queue = grpc::ServerCompletionQueue;

// What a tag of a completion queue points at.
struct Step {
    virtual ~Step() = default;
    virtual void proceed(bool ok) = 0;
};

// A unary call: waits for one, answers it, and is replaced when it is done.
template <typename Service, typename Request, typename Reply> class Unary : public Step
{
  public:
    using Method = void (Service::*)(grpc::ServerContext *, Request *, grpc::ServerAsyncResponseWriter<Reply> *,
                                     grpc::CompletionQueue *, Queue *, void *);

    Unary(Service *service, Method method, Queue *queue)
        : service(service), method(method), queue(queue), writer(&context)
    {
        (service->*method)(&context, &request, &writer, queue, queue, this);
    }

    void proceed(bool ok) override
    {
        if (!ok || answered) {
            delete this;
            return;
        }
        new Unary(service, method, queue);
        answered = true;
        if constexpr (std::is_same_v<Request, ordinal::v1::DescribeIdRequest>) {
            writer.FinishWithError(grpc::Status(grpc::UNIMPLEMENTED, "not here"), this);
        } else {
            answer(request, &reply);
            writer.Finish(reply, grpc::Status::OK, this);
        }
    }

  private:
    Service *service;
    Method method;
    Queue *queue;
    grpc::ServerContext context;
    grpc::ServerAsyncResponseWriter<Reply> writer;
    Request request;
    Reply reply;
    bool answered = false;
};

// A stream: reads a request, writes its reply, and again.
class Stream : public Step
{
  public:
    Stream(Ids *service, Queue *queue) : service(service), queue(queue), stream(&context)
    {
        service->RequestStreamIds(&context, &stream, queue, queue, this);
    }

    void proceed(bool ok) override
    {
        switch (state) {
        case WAITING:
            if (!ok)
                return end();
            new Stream(service, queue);
            return read();
        case READING:
            if (!ok)
                return finish();
            answer(request, &reply);
            state = WRITING;
            return stream.Write(reply, this);
        case WRITING:
            return ok ? read() : finish();
        case FINISHED:
            return end();
        }
    }

  private:
    void read()
    {
        state = READING;
        stream.Read(&request, this);
    }

    void finish()
    {
        state = FINISHED;
        stream.Finish(grpc::Status::OK, this);
    }

    void end()
    {
        delete this;
    }

    enum {
        WAITING,
        READING,
        WRITING,
        FINISHED
    } state = WAITING;
    Ids *service;
    Queue *queue;
    grpc::ServerContext context;
    grpc::ServerAsyncReaderWriter<ordinal::v1::StreamIdsResponse, ordinal::v1::StreamIdsRequest> stream;
    ordinal::v1::StreamIdsRequest request;
    ordinal::v1::StreamIdsResponse reply;
};

static void serve(Queue *queue)
{
    void *tag;
    bool ok;
    while (queue->Next(&tag, &ok))
        static_cast<Step *>(tag)->proceed(ok);
}

// How many calls of each method a queue waits for at a time.
static const int waiting = 64;

static void wait_for_calls(Ids *ids, Expanded *expanded, Queue *queue)
{
    using namespace ordinal;
    for (int i = 0; i < waiting; i++) {
        new Unary<Ids, v1::GetIdRequest, v1::GetIdResponse>(ids, &Ids::RequestGetId, queue);
        new Unary<Ids, v1::GetIdsRequest, v1::GetIdsResponse>(ids, &Ids::RequestGetIds, queue);
        new Unary<Expanded, v1::GetIdsRequest, peers::GetIdsResponse>(expanded, &Expanded::RequestGetIds,
                                                                      queue);
    }
    // Nobody answers a call of a known method that is not waited for, and clients ask for the layout.
    new Unary<Ids, v1::DescribeIdRequest, v1::DescribeIdResponse>(ids, &Ids::RequestDescribeId, queue);
    new Stream(ids, queue);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    Ids ids;
    Expanded expanded;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(std::string("127.0.0.1:") + argv[1], grpc::InsecureServerCredentials());
    builder.RegisterService(&ids);
    builder.RegisterService(&expanded);
    std::vector<std::unique_ptr<Queue>> queues;
    for (int i = 0; i < std::stoi(argv[2]); i++)
        queues.push_back(builder.AddCompletionQueue());
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    if (!server)
        return 1;

    std::vector<std::thread> threads;
    for (auto &queue : queues) {
        wait_for_calls(&ids, &expanded, queue.get());
        threads.emplace_back(serve, queue.get());
    }
    for (auto &thread : threads)
        thread.join();
}
