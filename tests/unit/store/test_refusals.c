#include <fcntl.h>
#include <lmdb.h>
#include <sys/wait.h>
#include <unistd.h>

#include "places.h"
#include "store/record.h"

static const struct ord_embedded_options plain, init = {.init = true}, accept = {.accept_layout_change = true};

static uint64_t limit_with(const char *root, const struct ord_place *place, struct ord_embedded_options options)
{
    struct ord_embedded *store = store_in(root, options);
    uint64_t limit = claimed(store, place);
    ord_embedded_close(store);
    return limit;
}

static char *database_in(const char *root, char ret[PATH_MAX])
{
    snprintf(ret, PATH_MAX, "%s/node-7.mdb", root);
    return ret;
}

Test(refusals, lost_state)
{
    char *root = scratch(), path[PATH_MAX];
    struct ord_place place = place_of("default", 7, 0, 1);
    leave(root, &place, 1000, false);
    cr_assert_eq(unlink(database_in(root, path)), 0);
    expect_refusal(root, &place, plain,
                   WORDS("node-7.mdb is missing, but was there", "--adopt-above ID", "--init"));
    expect_refusal(root, &place, accept, WORDS("is missing"));
    cr_expect_neq(access(path, F_OK), 0, "a refusal makes nothing");
    cr_expect_eq(limit_with(root, &place, init), 0);
    cr_expect_eq(limit_with(root, &place, plain), 0, "that resolved it");
    scratch_end(root);
}

Test(refusals, options_that_have_nothing_to_do_change_nothing)
{
    char *root = scratch();
    struct ord_place place = place_of("default", 7, 0, 1);
    leave(root, &place, 1000, true);
    cr_expect_eq(limit_with(root, &place, init), 1000);
    cr_expect_eq(limit_with(root, &place, accept), 1000);
    cr_expect_eq(count_names(root, ""), 3, "nothing was replaced");
    scratch_end(root);
}

/* Puts `record` in place of worker 0's, as it is. */
static void plant(const char *path, const void *bytes, size_t size)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val key = {.mv_size = 13, .mv_data = (char *)"reservation/0"},
            value = {.mv_size = size, .mv_data = (void *)bytes};
    cr_assert_eq(mdb_env_create(&env), 0);
    cr_assert_eq(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
    cr_assert_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    cr_assert_eq(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    cr_assert_eq(bytes ? mdb_put(txn, dbi, &key, &value, 0) : mdb_del(txn, dbi, &key, NULL), 0);
    uint64_t number = mdb_txn_id(txn);
    MDB_val seal = {.mv_size = 4, .mv_data = (char *)"seal"}, sealed = {.mv_size = 8, .mv_data = &number};
    cr_assert_eq(mdb_put(txn, dbi, &seal, &sealed, 0), 0);
    cr_assert_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void expect_damage(const char *root, const struct ord_place *place, const char *cause)
{
    expect_refusal(root, place, plain, WORDS("node-7.mdb is damaged", cause, "--init", "--adopt-above ID"));
    expect_refusal(root, place, accept, WORDS("node-7.mdb is damaged"));
    cr_expect_eq(limit_with(root, place, init), 0);
    cr_expect_eq(count_names(root, "node-7.mdb.replaced-20"), 1, "what was there is kept");
    cr_expect_eq(limit_with(root, place, plain), 0);
    cr_expect_eq(count_names(root, "node-7.mdb.replaced-20"), 1);
}

Test(refusals, damaged_values)
{
    struct ord_place place = place_of("default", 7, 0, 1);
    struct ord_record record = {.place = place, .generation = 3, .limit = 1000};
    static const struct {
        size_t at, size;
        uint8_t xor ;
        const char *cause;
    } rows[] = {
        {20, ORD_RECORD_SIZE, 1, "reservation/0: its checksum is wrong"},
        {0, ORD_RECORD_SIZE, 1, "reservation/0: it does not begin as a reservation does"},
        {8, ORD_RECORD_SIZE, 3, "reservation/0: it is of version 2; this ordinald reads 1"},
        {0, 100, 0, "reservation/0: it has 100 bytes in place of 148"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *root = scratch(), path[PATH_MAX];
        uint8_t bytes[ORD_RECORD_SIZE];
        leave(root, &place, 1000, false);
        ord_record_encode(&record, bytes);
        bytes[rows[i].at] ^= rows[i].xor ;
        plant(database_in(root, path), bytes, rows[i].size);
        expect_damage(root, &place, rows[i].cause);
        scratch_end(root);
    }
}

Test(refusals, an_emptied_database)
{
    char *root = scratch(), path[PATH_MAX];
    struct ord_place place = place_of("default", 7, 0, 1);
    leave(root, &place, 1000, false);
    plant(database_in(root, path), NULL, 0);
    expect_damage(root, &place, "it holds no reservation");
    scratch_end(root);
}

Test(refusals, a_file_that_is_no_database)
{
    static const off_t sizes[] = {0, 1, 100, 4096, 8192, 12288, 16384};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *root = scratch(), path[PATH_MAX];
        struct ord_place place = place_of("default", 7, 0, 1);
        leave(root, &place, 1000, false);
        leave(root, &place, 2000, false);
        cr_assert_eq(truncate(database_in(root, path), 0), 0);
        cr_assert_eq(truncate(path, sizes[i]), 0);
        expect_damage(root, &place, "");
        scratch_end(root);
    }
}

/* Cut short anywhere it is either as it was, or damaged: never read past its end, never taken for older. */
Test(refusals, a_database_that_is_cut_short)
{
    struct ord_place place = place_of("default", 7, 0, 1);
    for (off_t size = 0; size < 6 * 4096; size += 2048) {
        char *root = scratch(), path[PATH_MAX];
        struct stat stat_;
        leave(root, &place, 1000, false);
        cr_assert_eq(stat(database_in(root, path), &stat_), 0);
        if (size < stat_.st_size) {
            cr_assert_eq(truncate(path, size), 0);
            expect_damage(root, &place, "");
        }
        scratch_end(root);
    }
}

Test(refusals, another_nodes_file)
{
    char *root = scratch(), path[PATH_MAX], copy[PATH_MAX];
    struct ord_place three = place_of("default", 3, 0, 1), seven = place_of("default", 7, 0, 1);
    leave(root, &three, 1000, false);
    snprintf(path, sizeof path, "%s/node-3.mdb", root);
    cr_assert_eq(rename(path, database_in(root, copy)), 0);
    expect_refusal(root, &seven, plain, WORDS("holds the state of node 3, not of node 7", "--init"));
    expect_refusal(root, &seven, accept, WORDS("node 3"));
    cr_expect_eq(limit_with(root, &seven, init), 0);
    cr_expect_eq(count_names(root, "node-7.mdb.replaced-20"), 1);
    scratch_end(root);
}

Test(refusals, another_layout)
{
    char *root = scratch();
    struct ord_place before = place_of("default", 7, 0, 1), now = place_of("sonyflake", 7, 0, 1);
    uint64_t tick;
    int64_t used_us = INT64_C(1790000000005000);
    cr_assert_eq(ord_layout_tick_at(&before.layout, used_us, &tick, NULL), ORD_OK);
    leave(root, &before, tick * before.slots_per_tick, false);
    expect_refusal(
        root, &now, plain,
        WORDS("tick:41,node:10,sequence:12 of 1ms from 2026", " of 10ms from 2014", "--accept-layout-change"));
    expect_refusal(root, &now, init, WORDS("--accept-layout-change"));

    uint64_t limit = limit_with(root, &now, accept);
    int64_t start_us = ord_layout_time_of(&now.layout, limit / now.slots_per_tick);
    cr_expect(start_us >= used_us && start_us < used_us + 10000, "%ld", (long)(start_us - used_us));
    cr_expect_eq(limit_with(root, &now, plain), limit, "it is the layout now");
    expect_refusal(root, &before, plain, WORDS("--accept-layout-change"));

    limit = limit_with(root, &before, accept);
    int64_t back_us = ord_layout_time_of(&before.layout, limit / before.slots_per_tick);
    cr_expect_geq(back_us, start_us);
    scratch_end(root);
}

Test(refusals, another_split)
{
    char *root = scratch();
    struct ord_place workers[4], whole = place_of("default", 7, 0, 1);
    for (uint32_t i = 0; i < 4; i++) {
        workers[i] = place_of("default", 7, i, 4);
        leave(root, &workers[i], (1000 + i) * (uint64_t)workers[i].slots_per_tick + 1, i % 2);
    }
    expect_refusal(root, &whole, plain, WORDS("in 4 parts", "--accept-layout-change"));
    cr_expect_eq(limit_with(root, &whole, accept), 1004 * (uint64_t)whole.slots_per_tick,
                 "above the time of the highest");
    struct ord_place half = place_of("default", 7, 1, 2);
    expect_refusal(root, &half, plain, WORDS("in 2 parts"));
    cr_expect_eq(limit_with(root, &half, accept), 1004 * (uint64_t)half.slots_per_tick);
    struct ord_place other = place_of("default", 7, 0, 2);
    cr_expect_eq(limit_with(root, &other, plain), 1004 * (uint64_t)other.slots_per_tick,
                 "workers that come later start above it too");
    scratch_end(root);
}

Test(refusals, no_change_under_a_running_worker)
{
    char *root = scratch(), holder[64];
    struct ord_place one = place_of("default", 7, 1, 4), whole = place_of("default", 7, 0, 1);
    struct ord_embedded *store = store_in(root, plain);
    claimed(store, &one);
    snprintf(holder, sizeof holder, "worker 1 of node 7 is in use by process %d", (int)getpid());
    expect_refusal(root, &whole, accept, WORDS(holder, "stop all workers of the node first"));
    expect_refusal(root, &whole, plain, WORDS("in 4 parts"));
    cr_expect_eq(extend(store, 10, NULL), ORD_OK);
    ord_embedded_close(store);
    cr_expect_gt(limit_with(root, &whole, accept), 0);
    scratch_end(root);
}

Test(refusals, workers_can_start_while_one_changed_the_split)
{
    char *root = scratch();
    struct ord_place whole = place_of("default", 7, 0, 1), parts[2];
    leave(root, &whole, 5000, true);
    struct ord_embedded *stores[2];
    for (uint32_t i = 0; i < 2; i++) {
        parts[i] = place_of("default", 7, i, 2);
        stores[i] = store_in(root, i == 0 ? accept : plain);
        cr_expect_gt(claimed(stores[i], &parts[i]), 0);
    }
    cr_expect(ord_embedded_facts(stores[0])->layout_changed);
    cr_expect_not(ord_embedded_facts(stores[1])->layout_changed);
    ord_embedded_close(stores[0]);
    ord_embedded_close(stores[1]);
    scratch_end(root);
}

Test(refusals, a_marker_that_is_missing_is_made_again)
{
    char *root = scratch(), path[PATH_MAX];
    struct ord_place place = place_of("default", 7, 0, 1);
    leave(root, &place, 1000, false);
    snprintf(path, sizeof path, "%s/.node-7.marker", root);
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(limit_with(root, &place, plain), 1000);
    cr_expect_eq(access(path, F_OK), 0);
    scratch_end(root);
}

Test(refusals, what_an_interrupted_first_start_left_is_no_hindrance)
{
    char *root = scratch(), path[PATH_MAX];
    struct ord_place place = place_of("default", 7, 0, 1);
    snprintf(path, sizeof path, "%s/node-7.mdb.new", root);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    cr_assert_eq(write(fd, "half", 4), 4);
    close(fd);
    cr_expect_eq(limit_with(root, &place, plain), 0);
    cr_expect_eq(count_names(root, ""), 3);
    scratch_end(root);
}

/* What a claim comes to in a process of its own: the limit, REFUSED, or the signal that ended it. */
#define REFUSED UINT64_MAX

static uint64_t limit_elsewhere(const char *root, const struct ord_place *place, int *ret_signal)
{
    int answer[2], status = 0;
    uint64_t limit = REFUSED;
    cr_assert_eq(pipe(answer), 0);
    pid_t child = fork();
    if (child == 0) {
        struct ord_embedded *store = store_in(root, plain);
        claim(store, place, &limit, NULL);
        _exit(write(answer[1], &limit, sizeof limit) != sizeof limit);
    }
    close(answer[1]);
    if (read(answer[0], &limit, sizeof limit) != sizeof limit)
        limit = REFUSED;
    close(answer[0]);
    waitpid(child, &status, 0);
    *ret_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return limit;
}

/* A byte that rots anywhere in the file is found, or does no harm. */
Test(refusals, rot_anywhere)
{
    char *root = scratch(), path[PATH_MAX];
    static unsigned char sound[16 * 4096];
    struct ord_place place = place_of("default", 7, 0, 1);
    leave(root, &place, 500, false);
    leave(root, &place, 1000, false);
    FILE *file = fopen(database_in(root, path), "r");
    size_t size = fread(sound, 1, sizeof sound, file);
    fclose(file);
    cr_assert(size > 8192 && size < sizeof sound, "%zu", size);
    /* The roots, and where pages have their headers. */
    for (size_t at = 0; at < size; at += at % 4096 < (at < 8192 ? 152 : 40) || at % 4096 > 3900 ? 3 : 512) {
        int ended_by = 0;
        static const unsigned char patterns[] = {0xff, 0x01};
        for (size_t i = 0; i < sizeof patterns; i++) {
            sound[at] ^= patterns[i];
            file = fopen(path, "w");
            cr_assert_eq(fwrite(sound, 1, size, file), size);
            fclose(file);
            sound[at] ^= patterns[i];
            uint64_t limit = limit_elsewhere(root, &place, &ended_by);
            cr_expect_eq(ended_by, 0, "byte %zu ^ %x: signal %d", at, patterns[i], ended_by);
            cr_expect(limit == 1000 || limit == REFUSED, "byte %zu ^ %x: limit %lu", at, patterns[i],
                      (unsigned long)limit);
        }
    }
    scratch_end(root);
}
