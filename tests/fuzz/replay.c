/*
 * Runs a fuzzer's function over files and folders of files, without a fuzzer. So its corpus is an ordinary test.
 * Without arguments it takes CORPUS_DIR.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Gives the number of files that were run. Every trouble is fatal. */
static unsigned path_run(const char *path);

static void fail(const char *path)
{
    perror(path);
    exit(EXIT_FAILURE);
}

static void file_run(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail(path);
    /* Exactly this size: a sanitizer notices a read beyond the end. */
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size)
        fail(path);
    fclose(file);
    /* After a crash this is the file that caused it. */
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static unsigned folder_run(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        fail(path);
    unsigned count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char child[4096];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(child, sizeof child, "%s/%s", path, entry->d_name) >= (int)sizeof child)
            fail(path);
        count += path_run(child);
    }
    closedir(folder);
    return count;
}

static unsigned path_run(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        fail(path);
    if (S_ISDIR(info.st_mode))
        return folder_run(path);
    file_run(path, (size_t)info.st_size);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned count = argc < 2 ? path_run(CORPUS_DIR) : 0;
    for (int i = 1; i < argc; i++)
        count += path_run(argv[i]);
    printf("%u files\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
