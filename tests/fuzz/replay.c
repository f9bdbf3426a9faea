/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main() of a fuzz harness in a build without libFuzzer: runs it once over each file named, and
 * over each file of the folders named. Options of libFuzzer are ignored. No file at all is an
 * error, so that a lost corpus is seen.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How many inputs were run: 1, or 0 when the file cannot be read. */
static size_t replay_file(const char *path)
{
    enum { LIMIT = 1 << 22 };
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(LIMIT);
    size_t done = 0;

    if (file != NULL && data != NULL) {
        size_t size = fread(data, 1, LIMIT, file);

        if (!ferror(file)) {
            uint8_t *exact = malloc(size > 0 ? size : 1); /* so that reading beyond it is seen */

            for (size_t i = 0; exact != NULL && i < size; i++)
                exact[i] = data[i];
            if (exact != NULL) {
                LLVMFuzzerTestOneInput(exact, size);
                done = 1;
            }
            free(exact);
        }
    }
    if (file != NULL)
        fclose(file);
    free(data);
    return done;
}

static size_t replay_folder(const char *path, DIR *folder)
{
    char name[4096];
    size_t done = 0;
    const struct dirent *entry;

    while ((entry = readdir(folder)) != NULL) {
        int length = snprintf(name, sizeof name, "%s/%s", path, entry->d_name);

        if (entry->d_name[0] != '.' && length > 0 && (size_t)length < sizeof name)
            done += replay_file(name);
    }
    return done;
}

int main(int argc, char **argv)
{
    size_t done = 0;

    for (int i = 1; i < argc; i++) {
        DIR *folder;

        if (argv[i][0] == '-')
            continue;
        folder = opendir(argv[i]);
        if (folder != NULL) {
            done += replay_folder(argv[i], folder);
            closedir(folder);
        } else {
            done += replay_file(argv[i]);
        }
    }
    printf("%zu inputs\n", done);
    return done > 0 ? 0 : 1;
}
