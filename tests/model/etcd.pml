/*
 * Owners of one node ID through etcd, as DESIGN plans it: claim, extend and release are transactions that compare
 * the owner key's create revision, and extend that the stored limit is lower. The lease only frees the node ID: it
 * may be lost at any moment, and the owner, paused, learns of it late or never. A request may be applied at any
 * time after it was sent, also after its sender gave it up, died, or claimed anew; its reply may be late or lost.
 */
#define OWNERS 2
#ifndef CLAIMS
#define CLAIMS 2 /* of all owners together */
#endif
#ifndef END
#define END 2
#endif
#define CLOCK 1

#include "common.inc"

/* What etcd holds. */
byte stored;    /* the limit */
byte claims;
byte revision;  /* of the last claim */
byte owner;     /* create revision of the owner key; 0: it is absent */
byte owner_pid; /* its value; mutants only go by it */

/* Requests on their way. An owner that gave one up may send a second. */
#define REQUESTS 2
typedef request {
    byte revision;   /* the sender's claim; 0: none is on its way */
    byte value;      /* the new limit */
    bool is_release; /* else an extend */
    bool is_orphan;  /* nobody waits for a reply */
    byte reply;      /* the limit that is acknowledged; 0: no reply is on its way */
};
request requests[OWNERS * REQUESTS]; /* of owner p: those from p * REQUESTS on */

#ifdef MUTANT_NO_REVISION
#define IS_OWNER(i) (owner != 0)
#else
#define IS_OWNER(i) (owner == requests[i].revision)
#endif

#ifdef MUTANT_RELEASE_BY_NAME
#define MAY_RELEASE(i) (owner != 0 && owner_pid == (i) / REQUESTS) /* an earlier life's release passes */
#else
#define MAY_RELEASE(i) IS_OWNER(i)
#endif

#ifdef MUTANT_NO_COMPARE_OF_LIMIT
#define IS_LOWER(i) true
#else
#define IS_LOWER(i) (stored < requests[i].value)
#endif

#ifdef MUTANT_CLAIM_READS_APART
#define READ_LIMIT_BEFORE seen = stored
#define USED seen
#else
#define READ_LIMIT_BEFORE skip
#define USED stored
#endif

inline send(slot, limit_to, release)
{
    requests[slot].revision = mine;
    requests[slot].value = limit_to;
    requests[slot].is_release = release
}

#ifdef MUTANT_LATE_ACKNOWLEDGEMENT_LOWERS
#define ACCEPTS(acknowledged) true
#else
#define ACCEPTS(acknowledged) ((acknowledged) > limit)
#endif

inline take_reply(slot)
{
    lowered = requests[slot].reply < limit && ACCEPTS(requests[slot].reply);
    assert(!lowered);
    if
    :: ACCEPTS(requests[slot].reply) -> limit = requests[slot].reply
    :: else
    fi;
    requests[slot].reply = 0
}

#define FIRST         (_pid * REQUESTS) /* process p is the p-th to start */
#define SECOND        (_pid * REQUESTS + 1)
#define IS_FREE(slot) (requests[slot].revision == 0 && requests[slot].reply == 0)

active [OWNERS] proctype process()
{
    byte seen, mine, next, limit, to, slot;
end:
    do
    :: claims < CLAIMS ->
        READ_LIMIT_BEFORE;
        if
        :: atomic { /* claim: one transaction */
                owner == 0 && claims < CLAIMS ->
                claims++;
                revision++;
                owner = revision;
                owner_pid = _pid;
                mine = revision;
                if /* the clock */
                :: next = USED
                :: next = MAX(CLOCK, USED)
                fi;
                seen = 0
            }
        :: atomic { claims == CLAIMS -> seen = 0; goto end }
        fi;
        do
        :: atomic { limit < END && (IS_FREE(FIRST) || IS_FREE(SECOND)) ->
                slot = (IS_FREE(FIRST) -> FIRST : SECOND);
                select (to : limit + 1 .. END);
                send(slot, to, false);
                to = 0;
                slot = 0
            }
        :: atomic { requests[FIRST].reply != 0 -> take_reply(FIRST) }
        :: atomic { requests[SECOND].reply != 0 -> take_reply(SECOND) }
        :: atomic { next < limit -> leave(next, 1, stored); next++ } /* ord_generator_take */
        :: atomic { IS_FREE(FIRST) || IS_FREE(SECOND) ->              /* ord_generator_stop; release */
                slot = (IS_FREE(FIRST) -> FIRST : SECOND);
                send(slot, next, true);
                break
            }
        :: break /* crash */
        od;
        atomic { /* the process is gone; its requests are still on their way */
            requests[FIRST].is_orphan = requests[FIRST].revision != 0;
            requests[SECOND].is_orphan = requests[SECOND].revision != 0;
            requests[FIRST].reply = 0;
            requests[SECOND].reply = 0;
            mine = 0;
            next = 0;
            limit = 0;
            slot = 0
        }
    od
}

/* The server applies a request, or refuses it. */
inline apply(i)
{
    if
    :: requests[i].is_release && MAY_RELEASE(i) ->
        stored = requests[i].value;
        owner = 0
    :: !requests[i].is_release && IS_OWNER(i) && IS_LOWER(i) ->
        stored = requests[i].value;
        if
        :: !requests[i].is_orphan -> requests[i].reply = requests[i].value
        :: true /* the reply is lost */
        fi
    :: else
    fi;
    still_covers(stored);
    requests[i].revision = 0;
    requests[i].value = 0;
    requests[i].is_release = false;
    requests[i].is_orphan = false
}

active proctype etcd()
{
end:
    do
    :: atomic { requests[0].revision != 0 -> apply(0) }
    :: atomic { requests[1].revision != 0 -> apply(1) }
    :: atomic { requests[2].revision != 0 -> apply(2) }
    :: atomic { requests[3].revision != 0 -> apply(3) }
    :: atomic { owner != 0 -> owner = 0 } /* the lease ran out */
    od
}
