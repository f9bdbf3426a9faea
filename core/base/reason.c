/* SPDX-License-Identifier: Apache-2.0 */
#include <base/reason.h>
#include <string.h>

struct words {
    const char *code;
    const char *text;
};

static const struct words table[GN_REASON_COUNT] = {
    [GN_REASON_OK] = {"ok", "in use"},
    [GN_REASON_STARTING] = {"starting", "nothing has been asked yet"},
    [GN_REASON_RESOLVING] = {"resolving", "the name has no address yet"},
    [GN_REASON_NO_REPLY] = {"no-reply", "requests go out, no reply comes back"},
    [GN_REASON_SEND_FAILED] = {"send-failed", "this machine cannot send to it"},
    [GN_REASON_REFUSED] = {"refused", "the host is there, but no time service answers on it"},
    [GN_REASON_BAD_REPLY] = {"bad-reply", "its replies fail the packet tests"},
    [GN_REASON_UNSYNCHRONISED] = {"unsynchronised", "it says that it has no time itself"},
    [GN_REASON_KISS] = {"kiss-of-death", "it asked us to stop"},
    [GN_REASON_DEVICE] = {"device", "the device cannot be opened or read"},
    [GN_REASON_FEW_SAMPLES] = {"few-samples", "too few samples yet"},
    [GN_REASON_DISTANCE] = {"distance", "its possible error is above the limit"},
    [GN_REASON_JITTER] = {"jitter", "its samples scatter too much"},
    [GN_REASON_DISAGREES] = {"falseticker", "the majority says another time"},
    [GN_REASON_NO_MAJORITY] = {"no-majority", "no majority agrees, it may be right or wrong"},
    [GN_REASON_NOSELECT] = {"noselect", "configured not to be selected"},
    [GN_REASON_NOT_TRUSTED] = {"not-trusted", "trusted sources outvote it"},
    [GN_REASON_NOT_PREFERRED] = {"not-preferred", "a preferred source is in use"},
    [GN_REASON_REQUIRED] = {"required", "waiting for a required source"},
    [GN_REASON_NOT_COMBINED] = {"not-combined", "good, but much worse than the best"},
    [GN_REASON_TIER] = {"tier", "a source of a better tier is in use"},
    [GN_REASON_LOOP] = {"loop", "it takes its time from us"},
    [GN_REASON_WAITING] = {"waiting", "waiting for the other sources to answer"},
    [GN_REASON_SMEARS] = {"smears", "it smears the leap second, so it does not tell UTC"},
    [GN_REASON_RATE] = {"rate", "it wants to be asked less often"},
    [GN_REASON_ORPHAN] = {"orphan", "it has no true time: an orphan's, and not the one to follow"},
    [GN_REASON_DELAY] = {"delay", "it answers, but slower than its limits allow"},
    [GN_REASON_STRATUM] = {"stratum", "its stratum is outside of the limits"},
    [GN_REASON_SECOND_HAND] = {"second-hand", "it follows a source that answers us too"},
    [GN_REASON_ABSENT] = {"absent", "this machine has no such device"},
    [GN_REASON_OFFLINE] = {"offline", "taken offline, so it is not asked"},
    [GN_REASON_DUPLICATE] = {"duplicate", "another source has its address already"},
};

const char *reason_code(enum gn_reason reason)
{
    return (unsigned)reason < GN_REASON_COUNT ? table[reason].code : "unknown";
}

const char *reason_text(enum gn_reason reason)
{
    return (unsigned)reason < GN_REASON_COUNT ? table[reason].text : "for an unknown reason";
}

bool reason_parse(const char *code, enum gn_reason *reason)
{
    for (unsigned i = 0; i < GN_REASON_COUNT; i++) {
        if (strcmp(code, table[i].code) == 0) {
            *reason = (enum gn_reason)i;
            return true;
        }
    }
    return false;
}
