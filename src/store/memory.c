#include "store/memory.h"

static enum ord_code claim(void *context, const struct ord_place *place, struct ord_claim *ret_claim,
                           struct ord_error *error)
{
    struct ord_memory_store *store = context;
    store->place = *place;
    *ret_claim = (struct ord_claim){.node = place->node, .limit = store->limit};
    return ORD_OK;
}

static enum ord_code extend(void *context, uint64_t limit, struct ord_error *error)
{
    struct ord_memory_store *store = context;
    store->limit = limit;
    return ORD_OK;
}

static enum ord_code release(void *context, uint64_t next, struct ord_error *error)
{
    struct ord_memory_store *store = context;
    store->limit = next;
    return ORD_OK;
}

struct ord_reservation_port ord_memory_store_port(struct ord_memory_store *store)
{
    return (struct ord_reservation_port){
        .context = store, .claim = claim, .extend = extend, .release = release};
}
