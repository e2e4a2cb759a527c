/*
 * What the thread sanitizer must be told: a tag that goes into the C core comes out in another thread, and the
 * core, which is not instrumented, is what orders the two. Empty in other builds.
 */
#pragma once

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ORD_TSAN 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define ORD_TSAN 1
#endif

#ifdef ORD_TSAN

#include <sanitizer/tsan_interface.h>

/* Before the tag is given to the core. */
static inline void ord_tag_give(void *tag)
{
    __tsan_release(tag);
}

/* Once the tag came back from the queue. */
static inline void ord_tag_take(void *tag)
{
    __tsan_acquire(tag);
}

#else

static inline void ord_tag_give(void *tag)
{
    (void)tag;
}

static inline void ord_tag_take(void *tag)
{
    (void)tag;
}

#endif
