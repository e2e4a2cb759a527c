// IDs for the servers in C++: an atomic counter that begins at the time of the start, and replies out of it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "expanded.pb.h"
#include "ordinal/v1/ids.pb.h"

// The first of count IDs.
inline int64_t take(uint32_t count)
{
    using namespace std::chrono;
    static std::atomic<int64_t> next{duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()
                                     << 22};
    return next.fetch_add(count, std::memory_order_relaxed);
}

inline void answer(const ordinal::v1::GetIdRequest &, ordinal::v1::GetIdResponse *reply)
{
    reply->set_id(take(1));
}

// GetIds and StreamIds.
template <typename Request, typename Reply> void answer(const Request &request, Reply *reply)
{
    reply->Clear();
    ordinal::v1::Run *run = reply->add_runs();
    run->set_first(take(request.count()));
    run->set_count(request.count());
    run->set_step(1);
}

inline void answer(const ordinal::v1::GetIdsRequest &request, ordinal::peers::GetIdsResponse *reply)
{
    int64_t first = take(request.count());
    reply->mutable_ids()->Reserve(static_cast<int>(request.count()));
    for (uint32_t i = 0; i < request.count(); i++)
        reply->add_ids(first + i);
}
