/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key file of any bytes: findings in printable words about lines that are there, and keys in
 * order that are ready for use. The same keys, written anew, are read without an error.
 */
#include <plugins/proto-ntp/keyring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    size_t errors;
    unsigned lines; /* of the file */
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void hear(void *arg, enum gn_level level, unsigned line, const char *text)
{
    struct heard *heard = arg;
    require(level == GN_ERROR || level == GN_WARNING);
    require(line >= 1 && line <= heard->lines && text[0] != '\0');
    for (const char *c = text; *c != '\0'; c++)
        require(*c >= ' ' && *c <= '~');
    heard->errors += level == GN_ERROR;
}

static void check_keys(const struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->items[i];
        require(key->id > 0 && key->size > 0 && key->type < MAC_TYPES);
        require(i == 0 || key->line > keys->items[i - 1].line);
        require(i == 0 || keys->items[keys->order[i]].id > keys->items[keys->order[i - 1]].id);
    }
}

static void check_keyring(const struct keys *keys)
{
    struct keyring keyring;
    unsigned line;
    if (keyring_init(&keyring, keys, &line) != 0) /* built without OpenSSL */
        return;
    for (size_t i = 0; i < keys->count; i++) {
        struct authenticator *key = keyring_find(&keyring, keys->items[i].id);
        struct wire_packet packet = {.size = WIRE_HEADER_SIZE, .bytes = {0x23}};
        authenticator_protect(key, &packet, 100);
        struct extension_part last = extension_last(packet.bytes, packet.size, 4, NULL);
        require(last.kind == EXTENSION_MAC && last.key_id == keys->items[i].id);
        require(authenticator_verify(key, packet.bytes, packet.size, &last) == PROOF_GOOD);
    }
    keyring_finish(&keyring);
}

static void write_keys(const struct keys *keys, FILE *file)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->items[i];
        fprintf(file, "%u %s HEX:", (unsigned)key->id, keys_type_name(key->type));
        for (size_t k = 0; k < key->size; k++)
            fprintf(file, "%02x", key->bytes[k]);
        fputc('\n', file);
    }
}

/* Longer lines than chrony's are refused, and hexadecimal digits are twice as long. */
static bool can_be_written(const struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].size > 1000)
            return false;
    return true;
}

static void check_written(const struct keys *keys)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    require(file != NULL);
    write_keys(keys, file);
    fclose(file);
    struct heard heard = {.lines = (unsigned)keys->count};
    struct keys again;
    require(keys_parse(&again, text, size, hear, &heard) == 0 && again.count == keys->count);
    for (size_t i = 0; i < keys->count; i++) {
        require(again.items[i].id == keys->items[i].id);
        require(again.items[i].size == keys->items[i].size);
        require(memcmp(again.items[i].bytes, keys->items[i].bytes, keys->items[i].size) == 0);
    }
    keys_finish(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct heard heard = {.lines = 1};
    struct keys keys;
    for (size_t i = 0; i < size; i++)
        heard.lines += data[i] == '\n';
    int error = keys_parse(&keys, (const char *)data, size, hear, &heard);
    require(error == (heard.errors > 0 ? -22 : 0) && keys.errors == heard.errors);
    check_keys(&keys);
    check_keyring(&keys);
    if (can_be_written(&keys))
        check_written(&keys);
    keys_finish(&keys);
    return 0;
}
