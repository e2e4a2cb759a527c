#include "sim/disk.h"

#include <string.h>

static struct sim_stored store(const struct ord_record *record)
{
    struct sim_stored stored = {.exists = true, .limit = record->limit};
    ord_record_encode(record, stored.bytes);
    return stored;
}

void sim_disk_write_durably(struct sim_disk *disk, const struct ord_record *record)
{
    disk->durable = disk->cache = disk->sound = store(record);
    disk->pending_count = 0;
}

void sim_disk_write_uncertainly(struct sim_disk *disk, const struct ord_record *record)
{
    disk->cache = store(record);
    if (disk->pending_count == SIM_PENDING_MAX) {
        memmove(disk->pending, disk->pending + 1, (SIM_PENDING_MAX - 1) * sizeof *disk->pending);
        disk->pending_count--;
    }
    disk->pending[disk->pending_count++] = disk->cache;
}

static bool have_same_bytes(const struct sim_stored *a, const struct sim_stored *b)
{
    return memcmp(a->bytes, b->bytes, ORD_RECORD_SIZE) == 0;
}

/* The first bytes are the new record's, the others the old one's. */
static void tear(struct sim_stored *durable, const struct sim_stored *written, struct sim_random *random)
{
    memcpy(durable->bytes, written->bytes, 1 + sim_random_below(random, ORD_RECORD_SIZE - 1));
    durable->exists = durable->damaged = true;
}

/* Bytes that were torn or flipped may happen to be those of a record that was written. */
static void recognize(struct sim_disk *disk)
{
    if (have_same_bytes(&disk->durable, &disk->sound))
        disk->durable = disk->sound;
    for (int i = 0; i < disk->pending_count; i++)
        if (have_same_bytes(&disk->durable, &disk->pending[i]))
            disk->durable = disk->pending[i];
    if (!disk->durable.damaged)
        disk->sound = disk->durable;
}

static int shuffle(int *order, int count, struct sim_random *random)
{
    int moved = 0;
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        int j = (int)sim_random_below(random, (uint64_t)i + 1), swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
        moved += i != j;
    }
    return moved;
}

void sim_disk_lose_power(struct sim_disk *disk, struct sim_random *random, struct sim_trace *trace,
                         int64_t now_ns, unsigned seat)
{
    int order[SIM_PENDING_MAX];
    if (shuffle(order, disk->pending_count, random) > 0)
        sim_trace(trace, now_ns, seat, SIM_REORDERED, (uint64_t)disk->pending_count, 0);
    for (int i = 0; i < disk->pending_count; i++) {
        const struct sim_stored *written = &disk->pending[order[i]];
        if (sim_random_one_in(random, 4)) {
            tear(&disk->durable, written, random);
            sim_trace(trace, now_ns, seat, SIM_TORN, written->limit, 0);
        } else if (sim_random_one_in(random, 2)) {
            disk->durable = *written;
            sim_trace(trace, now_ns, seat, SIM_LANDED, written->limit, 0);
        }
    }
    recognize(disk);
    disk->pending_count = 0;
    disk->cache = disk->durable;
    disk->owner = NULL;
}

void sim_disk_rot(struct sim_disk *disk, struct sim_random *random)
{
    uint64_t bit = sim_random_below(random, ORD_RECORD_SIZE * 8);
    if (!disk->durable.exists || disk->durable.damaged)
        return;
    disk->durable.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    disk->durable.damaged = true;
    if (disk->pending_count == 0)
        disk->cache = disk->durable;
}

static uint64_t limit_of(const struct sim_stored *stored, uint64_t least)
{
    if (stored->damaged)
        return least;
    uint64_t limit = stored->exists ? stored->limit : 0;
    return limit < least ? limit : least;
}

uint64_t sim_disk_least_limit(const struct sim_disk *disk)
{
    uint64_t least = limit_of(&disk->durable, UINT64_MAX);
    for (int i = 0; i < disk->pending_count; i++)
        least = limit_of(&disk->pending[i], least);
    return least;
}
