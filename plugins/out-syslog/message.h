/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_SYSLOG_MESSAGE_H
#define OUT_SYSLOG_MESSAGE_H

/** An event as one datagram of a system log. Pure: bytes in, bytes out. */

#include <gnomon/event.h>
#include <time.h>

/** Room for any message; text beyond it is cut. A syslogd need not take more than 1024 bytes. */
enum {
    MESSAGE_MAX = 2048,
    MESSAGE_SYSLOG_MAX = 1024,
};

/** Who speaks, the same in every message. */
struct message_origin {
    const char *identifier;
    long pid;
    int facility; /* its number. Spec: RFC 3164 §4.1.1 */
};

/**
 * The native protocol of systemd's journal: a field a line, or, where the value itself has line
 * ends, its length and bytes. Returns the bytes written, ≤ size.
 */
size_t message_journal(const struct message_origin *, const struct gn_event *, char *out,
                       size_t size);

/**
 * The line that a local syslogd reads: no host name, local time. Control characters become
 * blanks, so that nobody forges a second line. Returns the bytes written, without a NUL, ≤ size.
 * Spec: RFC 3164 §4.1.
 */
size_t message_syslog(const struct message_origin *, const struct gn_event *,
                      const struct tm *local_time, char *out, size_t size);

#endif
