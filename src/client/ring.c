#include "client/ring.h"

#include <stddef.h>
#include <sys/mman.h>

#define COUNT_BITS 24
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define COUNT_HIGH (UINT64_C(2) * ORD_RING_RUN_MAX) /* beyond this a used up run is counted down again */
#define FILLING UINT64_MAX                          /* the turn of a slot that is being written */

/*
 * Why each load of a slot is an acquire and each store a release, and not the turn's alone: a reader's last
 * load of the turn may then not move above a load of a field, nor may the store of FILLING move below a store
 * of one. If a reader sees any field of the next run, it sees that the turn is no longer its own. (Fences would
 * do, but the thread sanitizer does not know them. On x86 these are plain moves.)
 */
#define READ(field) atomic_load_explicit(&(field), memory_order_acquire)
#define WRITE(field, value) atomic_store_explicit(&(field), (value), memory_order_release)

static uint64_t turn_of(uint64_t cursor)
{
    return cursor >> COUNT_BITS;
}

static uint64_t place_of(uint64_t cursor)
{
    return cursor & COUNT_MASK;
}

static uint64_t cursor_at(uint64_t turn, uint64_t place)
{
    return turn << COUNT_BITS | place;
}

static struct ord_ring_slot *slot_of(struct ord_ring *ring, uint64_t turn)
{
    return &ring->slots[turn % ORD_RING_SLOTS];
}

struct ord_ring *ord_ring_open(void)
{
    struct ord_ring *ring =
        mmap(NULL, sizeof *ring, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ring == MAP_FAILED)
        return NULL;
    if (madvise(ring, sizeof *ring, MADV_WIPEONFORK) != 0) {
        munmap(ring, sizeof *ring);
        return NULL;
    }
    /* The cursor is at turn 0, an empty run that ends when turn 1 is there. */
    ring->alive = true;
    return ring;
}

struct ord_ring *ord_ring_close(struct ord_ring *ring)
{
    if (ring)
        munmap(ring, sizeof *ring);
    return NULL;
}

uint32_t ord_ring_room(const struct ord_ring *ring)
{
    uint64_t used = READ(ring->newest) - turn_of(READ(ring->cursor)) + 1;
    return used < ORD_RING_SLOTS ? (uint32_t)(ORD_RING_SLOTS - used) : 0;
}

bool ord_ring_add(struct ord_ring *ring, const struct ord_ring_run *run)
{
    if (ord_ring_room(ring) == 0)
        return false;
    uint64_t turn = READ(ring->newest) + 1;
    struct ord_ring_slot *slot = slot_of(ring, turn);
    WRITE(slot->turn, FILLING);
    WRITE(slot->first, run->first);
    WRITE(slot->step, run->step);
    WRITE(slot->steady_ns, run->until.steady_ns);
    WRITE(slot->wall_ns, run->until.wall_ns);
    WRITE(slot->count, run->count);
    WRITE(slot->low, run->low);
    atomic_fetch_add_explicit(&ring->added, run->count, memory_order_relaxed);
    WRITE(slot->turn, turn);
    WRITE(ring->newest, turn);
    return true;
}

/* Moves the cursor from a turn that is used up to the next, if it is still there. False if there is no next
 * one. */
static bool leave(struct ord_ring *ring, uint64_t turn)
{
    bool there = READ(slot_of(ring, turn + 1)->turn) == turn + 1;
    uint64_t at = READ(ring->cursor);
    if (!there && turn_of(at) != turn)
        return true; /* the ring went on, and so shall we */
    if (!there && place_of(at) < COUNT_HIGH)
        return false;
    uint64_t to = there ? cursor_at(turn + 1, 0) : cursor_at(turn, ORD_RING_RUN_MAX);
    while (turn_of(at) == turn && place_of(at) >= (there ? 0 : COUNT_HIGH))
        if (atomic_compare_exchange_weak(&ring->cursor, &at, to))
            break;
    return there;
}

/* Makes a claim out of a place in a slot. False if it is past the run's end, or if the slot is another turn's
 * by now. */
static bool look(const struct ord_ring_slot *slot, uint64_t place, uint32_t count, struct ord_ring_claim *ret)
{
    int64_t first = READ(slot->first), step = READ(slot->step);
    struct ord_ring_time until = {READ(slot->steady_ns), READ(slot->wall_ns)};
    uint32_t all = READ(slot->count), low = READ(slot->low);
    if (READ(slot->turn) != ret->turn || place >= all)
        return false;
    ret->first = first + (int64_t)place * step;
    ret->step = step;
    ret->count = all - place < count ? all - (uint32_t)place : count;
    ret->low = low - place < ret->count; /* unsigned: also false if `low` lies before */
    ret->until = until;
    return true;
}

bool ord_ring_claim(struct ord_ring *ring, uint32_t count, struct ord_ring_claim *ret)
{
    for (;;) {
        uint64_t at = atomic_fetch_add(&ring->cursor, count);
        ret->turn = turn_of(at);
        if (look(slot_of(ring, ret->turn), place_of(at), count, ret))
            return true;
        if (!leave(ring, ret->turn))
            return false;
    }
}

void ord_ring_throw(struct ord_ring *ring, const struct ord_ring_claim *claim)
{
    uint64_t thrown = claim->count;
    uint64_t at = READ(ring->cursor);
    while (turn_of(at) == claim->turn) {
        /* As long as the cursor is there, the slot is the claim's. */
        uint64_t count = READ(slot_of(ring, claim->turn)->count);
        if (place_of(at) >= count)
            break;
        if (atomic_compare_exchange_weak(&ring->cursor, &at, cursor_at(claim->turn, count))) {
            thrown += count - place_of(at);
            break;
        }
    }
    atomic_fetch_add_explicit(&ring->thrown, thrown, memory_order_relaxed);
}

uint64_t ord_ring_position(const struct ord_ring *ring)
{
    return READ(ring->cursor);
}

uint64_t ord_ring_stock(const struct ord_ring *ring)
{
    uint64_t newest = READ(ring->newest), at = READ(ring->cursor), stock = 0;
    uint64_t place = place_of(at);
    for (uint64_t turn = turn_of(at); turn <= newest; turn++, place = 0) {
        uint64_t count = READ(ring->slots[turn % ORD_RING_SLOTS].count);
        stock += count > place ? count - place : 0;
    }
    return stock;
}
