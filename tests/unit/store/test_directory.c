#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "scratch.h"
#include "store/directory.h"
#include "store/lock.h"

Test(directory, is_made_with_what_leads_to_it_for_the_owner_alone)
{
    char *root = scratch(), path[PATH_MAX];
    struct ord_directory directory;
    struct stat stat_;
    umask(0);
    snprintf(path, sizeof path, "%s/a/b//c/", root);
    cr_assert_eq(ord_directory_open(path, true, &directory, NULL), ORD_OK);
    static const char *const parts[] = {"a", "a/b", "a/b/c"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", root, parts[i]);
        cr_assert_eq(stat(path, &stat_), 0);
        cr_expect_eq(stat_.st_mode & 07777, 0700, "%s", path);
    }
    int fd;
    cr_assert_eq(ord_directory_file(&directory, "x", &fd, NULL), ORD_OK);
    cr_assert_eq(fstat(fd, &stat_), 0);
    cr_expect_eq(stat_.st_mode & 07777, 0600);
    close(fd);
    ord_directory_close(&directory);
    ord_directory_close(&directory);
    scratch_end(root);
}

Test(directory, relative_paths)
{
    char *root = scratch();
    struct ord_directory directory;
    cr_assert_eq(chdir(root), 0);
    cr_expect_eq(ord_directory_open("plain", true, &directory, NULL), ORD_OK);
    ord_directory_close(&directory);
    cr_expect_eq(ord_directory_open(".", true, &directory, NULL), ORD_OK);
    ord_directory_close(&directory);
    cr_expect_eq(ord_directory_open("x/y", true, &directory, NULL), ORD_OK);
    ord_directory_close(&directory);
    scratch_end(root);
}

Test(directory, what_cannot_be_one)
{
    char *root = scratch(), path[PATH_MAX], text[PATH_MAX + 64];
    struct ord_directory directory = {.fd = 77};
    struct ord_error error;
    snprintf(path, sizeof path, "%s/file", root);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    cr_expect_eq(ord_directory_open(path, true, &directory, &error), ORD_INTERNAL);
    snprintf(text, sizeof text, "state directory %s: Not a directory", path);
    cr_expect_str_eq(error.text, text);
    strcat(path, "/below");
    cr_expect_eq(ord_directory_open(path, true, &directory, &error), ORD_INTERNAL);
    snprintf(text, sizeof text, "state directory %s: Not a directory", path);
    cr_expect_str_eq(error.text, text);

    char longest[5000];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    cr_expect_eq(ord_directory_open(longest, true, &directory, &error), ORD_INTERNAL);
    cr_expect(strstr(error.text, "File name too long"), "%s", error.text);
    cr_expect_eq(directory.fd, 77);
    scratch_end(root);
}

Test(directory, files_are_written_whole_renamed_and_watched)
{
    char *root = scratch(), text[16] = "";
    struct ord_directory directory;
    bool has = true;
    int fd;
    cr_assert_eq(ord_directory_open(root, true, &directory, NULL), ORD_OK);
    cr_expect_eq(ord_directory_has(&directory, "note", &has, NULL), ORD_OK);
    cr_expect_not(has);
    cr_expect_eq(ord_directory_write(&directory, "note", "text\n", NULL), ORD_OK);
    cr_assert_eq(ord_directory_file(&directory, "note", &fd, NULL), ORD_OK);
    cr_expect_eq(read(fd, text, sizeof text), 5);
    cr_expect_str_eq(text, "text\n");
    cr_expect_eq(ord_directory_has(&directory, "note", &has, NULL), ORD_OK);
    cr_expect(has);

    cr_expect(ord_directory_still(&directory, "note", fd));
    cr_expect_eq(ord_directory_write(&directory, "note", "other\n", NULL), ORD_OK);
    cr_expect_not(ord_directory_still(&directory, "note", fd), "it was replaced");
    cr_expect_eq(ord_directory_rename(&directory, "note", "note.old", NULL), ORD_OK);
    cr_expect_not(ord_directory_still(&directory, "note", fd), "it is gone");

    cr_expect_eq(ord_directory_remove(&directory, "note.old", NULL), ORD_OK);
    cr_expect_eq(ord_directory_remove(&directory, "note.old", NULL), ORD_OK);
    struct ord_error error;
    cr_expect_eq(ord_directory_rename(&directory, "none", "some", &error), ORD_INTERNAL);
    cr_expect(strstr(error.text, "some: No such file or directory"), "%s", error.text);
    close(fd);
    ord_directory_close(&directory);
    scratch_end(root);
}

Test(directory, a_name_that_cannot_be_looked_at_is_not_missing)
{
    char *root = scratch(), name[300];
    struct ord_directory directory;
    struct ord_error error;
    bool has = true;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    cr_assert_eq(ord_directory_open(root, true, &directory, NULL), ORD_OK);
    cr_expect_eq(ord_directory_has(&directory, name, &has, &error), ORD_INTERNAL);
    cr_expect(strstr(error.text, "File name too long"), "%s", error.text);
    cr_expect(has, "untouched");
    ord_directory_close(&directory);
    scratch_end(root);
}

Test(directory, an_unsafe_file_system_is_refused_unless_accepted)
{
    struct ord_directory directory = {.fd = 77};
    struct ord_error error;
    struct statfs system;
    cr_assert_eq(statfs("/dev/shm", &system), 0);
    if (!ord_unsafe_file_system((long)system.f_type))
        cr_skip_test("/dev/shm is not in memory here");
    cr_expect_eq(ord_directory_open("/dev/shm", false, &directory, &error), ORD_UNAVAILABLE);
    cr_expect(strstr(error.text, "state directory /dev/shm: tmpfs is lost"), "%s", error.text);
    cr_expect_eq(directory.fd, 77);
    cr_assert_eq(ord_directory_open("/dev/shm", true, &directory, &error), ORD_OK);
    cr_expect_not_null(directory.unsafe);
    ord_directory_close(&directory);
}

Test(directory, file_systems)
{
    static const struct {
        long magic;
        const char *word;
    } rows[] = {
        {TMPFS_MAGIC, "tmpfs"},   {RAMFS_MAGIC, "ramfs"},        {OVERLAYFS_SUPER_MAGIC, "overlay"},
        {NFS_SUPER_MAGIC, "NFS"}, {(int32_t)0xFF534D42, "CIFS"}, {V9FS_MAGIC, "9p"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *why = ord_unsafe_file_system(rows[i].magic);
        cr_assert_not_null(why, "%s", rows[i].word);
        cr_expect(strstr(why, rows[i].word), "%s", why);
    }
    static const long good[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
                                0x2fc12fc1};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_null(ord_unsafe_file_system(good[i]), "%lx", good[i]);
}

Test(lock, keeps_another_open_file_out)
{
    char *root = scratch(), path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", root);
    int one = open(path, O_RDWR | O_CREAT, 0600), two = open(path, O_RDWR);
    cr_assert_eq(ord_lock_check(one, 50), 0);
    cr_assert_eq(ord_lock_try(one, 3, 1), 0);
    cr_expect_eq(ord_lock_try(two, 3, 1), EAGAIN);
    cr_expect_eq(ord_lock_try(two, 0, 10), EAGAIN);
    cr_expect_eq(ord_lock_conflict(two, 0, 10), 3);
    cr_expect_eq(ord_lock_try(two, 2, 1), 0);
    cr_expect_eq(ord_lock_conflict(one, 0, 10), 2);
    cr_expect_eq(ord_lock_conflict(one, 4, 10), -1);
    cr_expect_eq(ord_lock_try(one, 0, 10), EAGAIN);
    cr_expect_eq(ord_lock_release(two, 2, 1), 0);
    cr_expect_eq(ord_lock_try(one, 0, 10), 0, "it is widened");
    cr_expect_eq(ord_lock_release(one, 4, 6), 0);
    cr_expect_eq(ord_lock_try(two, 4, 1), 0, "it was narrowed");
    cr_expect_eq(ord_lock_check(two, 1), 0, "another holds the probe: locks work");
    close(one);
    cr_expect_eq(ord_lock_try(two, 0, 10), 0, "the end of the file gives it up");
    close(two);
    cr_expect_eq(ord_lock_try(-1, 0, 1), EBADF);
    scratch_end(root);
}
