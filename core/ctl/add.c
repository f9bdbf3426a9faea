/* SPDX-License-Identifier: Apache-2.0 */
#include <ctl/add.h>

#include <ctl/human.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As a configuration file has it: digits, and nothing else, are a whole number. */
static json_t *number_of(const char *text)
{
    char *end;
    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0' ||
        strpbrk(text, "0123456789") == NULL)
        return NULL;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (*end == '\0' && errno == 0)
        return json_integer(whole);
    double real = strtod(text, &end);
    return *end == '\0' ? json_real(real) : NULL; /* NULL as well if it is not finite */
}

static json_t *value_of(const char *text)
{
    size_t size = strlen(text);
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(text[0] == 't');
    if (size >= 2 && text[0] == '"' && text[size - 1] == '"')
        return json_stringn(text + 1, size - 2);
    json_t *number = number_of(text);
    return number != NULL ? number : json_string(text);
}

bool add_option(json_t *options, const char *word, char *why, size_t why_size)
{
    const char *equals = strchr(word, '=');
    if (equals == NULL || equals == word) {
        snprintf(why, why_size, "\"%.64s\" is no KEY=VALUE", word);
        return false;
    }
    char key[64];
    snprintf(key, sizeof(key), "%.*s", (int)(equals - word), word);
    if (json_object_get(options, key) != NULL) {
        snprintf(why, why_size, "%s: set twice, once is allowed", key);
        return false;
    }
    if (json_object_set_new(options, key, value_of(equals + 1)) == 0)
        return true;
    snprintf(why, why_size, "%s: its value is no UTF-8 text", key);
    return false;
}

static int tell(struct cli *cli, const json_t *result)
{
    const char *name = json_string_value(json_object_get(result, "name"));
    if (cli->json) {
        cli_print_json(cli, result);
        return CLI_DONE;
    }
    human_put(cli->out, name != NULL ? name : "it");
    fputs(" is added, until it is deleted or gnomond ends\n", cli->out);
    return CLI_DONE;
}

int add_run(struct cli *cli)
{
    char why[CLI_WHY_MAX];
    json_t *options = json_object();
    for (char **word = cli->arguments + 2; *word != NULL; word++) {
        if (add_option(options, *word, why, sizeof(why)))
            continue;
        json_decref(options);
        return cli_usage(cli, "add: %s", why);
    }
    json_t *request = json_pack("{sssssssO}", "command", "add", "kind", cli->arguments[0],
                                "address", cli->arguments[1], "options", options);
    json_decref(options);
    if (request == NULL)
        return cli_usage(cli, "add: what is no UTF-8 text cannot be added");
    json_t *result = cli_request(cli, request);
    json_decref(request);
    int status = result != NULL ? tell(cli, result) : CLI_NO;
    json_decref(result);
    return status;
}
