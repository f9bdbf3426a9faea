/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <host/elf_file.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A shared object has some ten program headers. */
#define HEADERS_MAX 256

static bool is_native(const ElfW(Ehdr) * header)
{
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
           header->e_phentsize == sizeof(ElfW(Phdr)) && header->e_phnum <= HEADERS_MAX;
}

static bool ends_within(const ElfW(Phdr) * segment, size_t size)
{
    return segment->p_offset <= size && segment->p_filesz <= size - segment->p_offset;
}

static bool segments_are_cut(FILE *file, const ElfW(Ehdr) * header, size_t size)
{
    if (fseek(file, (long)header->e_phoff, SEEK_SET) != 0)
        return true;
    for (unsigned i = 0; i < header->e_phnum; i++) {
        ElfW(Phdr) segment;
        if (fread(&segment, sizeof(segment), 1, file) != 1)
            return true;
        if (segment.p_type == PT_LOAD && !ends_within(&segment, size))
            return true;
    }
    return false;
}

bool elf_file_is_cut(const char *path)
{
    ElfW(Ehdr) header;
    struct stat status;
    bool cut = false;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    if (fstat(fileno(file), &status) == 0 && fread(&header, sizeof(header), 1, file) == 1 &&
        is_native(&header))
        cut = segments_are_cut(file, &header, (size_t)status.st_size);
    fclose(file);
    return cut;
}
