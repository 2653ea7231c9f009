#pragma once

#include "http/server/route.hpp"

/// Tells a client on request what body we received, so that it can see that nothing was lost on the way.
/// No key is involved: it is not a signature. Source: spec/http.md §8. Never logged: it repeats the client's secrets.
namespace cued::http {

/// POST, PATCH or PUT with `X-CueAPI-Verify-Echo: true`: the body must be read even where the route ignores it.
[[nodiscard]] bool wants_echo(const request& in);

/// Adds `body_received` and `body_received_sha256` to a successful JSON object that does not have them yet.
void add_echo(const request& in, response& out);

} // namespace cued::http
