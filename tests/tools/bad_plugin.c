/* SPDX-License-Identifier: Apache-2.0 */

/* A plugin that is bad in one way, said by a definition; tests/system/bad_plugins.sh builds it. */

#include <gnomon/plugin.h>
#include <stdio.h>

#ifndef MAGIC
#define MAGIC GN_PLUGIN_MAGIC
#endif
#ifndef MAJOR
#define MAJOR GN_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR GN_ABI_MINOR
#endif
#ifndef SIZE
#define SIZE sizeof(struct gn_plugin)
#endif
#ifndef OWN_NAME
#define OWN_NAME NAME
#endif
#ifndef SYMBOL
#define SYMBOL gn_plugin
#endif

#ifdef UNDEFINED
int there_is_no_such_function(void);
#endif

static int output_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    (void)host;
    (void)shared;
    (void)config;
    fprintf(stderr, "the bad plugin runs\n");
    *instance = NULL;
#ifdef UNDEFINED
    return there_is_no_such_function();
#else
    return 0;
#endif
}

static int output_start(void *instance)
{
    (void)instance;
    return 0;
}

static void output_close(void *instance)
{
    (void)instance;
}

static const struct gn_role roles[] = {
    {
        .kind = GN_OUTPUT,
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(int),
        .open = output_open,
        .start = output_start,
        .close = output_close,
    },
};

extern const struct gn_plugin SYMBOL;
__attribute__((visibility("default"))) const struct gn_plugin SYMBOL = {
    .magic = MAGIC,
    .abi_major = MAJOR,
    .abi_minor = MINOR,
    .size = SIZE,
    .name = OWN_NAME,
    .version = "1",
    .summary = "A plugin of the tests",
    .roles = roles,
    .role_count = 1,
    .role_size = sizeof(struct gn_role),
};
