/* SPDX-License-Identifier: Apache-2.0 */
#include "others.h"

const struct gps_others gps_nobody = {.known = false};

void gps_others_ask(struct gn_host *host, struct gn_source *source, gn_local at,
                    struct gps_others *others)
{
    struct gn_source_hint hint = {.size = sizeof hint};
    struct gn_state state = {.size = sizeof state};
    *others = gps_nobody;
    if (gn_state_read(host, &state) < 0 || !state.synchronised ||
        gn_source_hint(host, source, &hint) < 0 || hint.state == GN_SOURCE_SELECTED ||
        hint.state == GN_SOURCE_COMBINED)
        return;
    others->known = true;
    others->utc = gn_state_utc(&state, at);
    others->bound_s = gn_state_error_bound_s(&state, at);
}
