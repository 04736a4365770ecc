/* Runs a fuzz target over files, so that what a fuzzer once found stays found, with any compiler.
 *
 * Usage: fuzz_NAME [FILE_OR_FOLDER...]   (a missing folder is an empty one) */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay_file(const char *path)
{
    bool done = false;
    uint8_t *data = NULL;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        goto out;
    }
    const long size = ftell(file);
    if (size < 0 || fseek(file, 0, SEEK_SET) != 0) {
        goto out;
    }
    data = malloc((size_t)size + 1);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size) {
        goto out;
    }
    LLVMFuzzerTestOneInput(data, (size_t)size);
    done = true;
out:
    if (!done) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    }
    free(data);
    if (file != NULL) {
        fclose(file);
    }
    return done;
}

static bool replay_folder(const char *path, int *count)
{
    struct dirent **entries = NULL;
    const int found = scandir(path, &entries, NULL, alphasort);
    bool done = true;
    for (int i = 0; i < found; i++) {
        char child[4096];
        const int length = snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && length > 0 && (size_t)length < sizeof child) {
            done = replay_file(child) && done;
            (*count)++;
        }
        free(entries[i]);
    }
    free(entries);
    return done;
}

int main(int argc, char **argv)
{
    /* The empty input is in every corpus. */
    int count = 1;
    bool done = true;
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (stat(argv[i], &status) != 0) {
            if (errno != ENOENT) {
                done = false;
            }
        } else if (S_ISDIR(status.st_mode)) {
            done = replay_folder(argv[i], &count) && done;
        } else {
            done = replay_file(argv[i]) && done;
            count++;
        }
    }
    printf("%d inputs replayed\n", count);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
