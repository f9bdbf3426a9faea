/* SPDX-License-Identifier: Apache-2.0 */

/* In the place of control.c, command.c and report.c in a build without the control socket. */

#include <host/command.h>
#include <host/control.h>

int control_open(struct os *os, struct logger *logger, const char *path, mode_t mode,
                 control_handler handler, void *arg, struct control **control)
{
    (void)os, (void)mode, (void)handler, (void)arg;
    *control = NULL;
    logger_log(logger, GN_INFO, NULL, "no control socket %s: this gnomond was built without", path);
    return 0;
}

void control_close(struct control *control)
{
    (void)control;
}

void command_run(struct daemon *daemon, const char *request, gn_command_cb reply, void *reply_arg)
{
    (void)daemon, (void)request;
    reply(reply_arg, "{\"ok\": false, \"error\": \"gnomond was built without commands\"}");
}
