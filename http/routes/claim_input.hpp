#pragma once

#include "actors/engine.hpp"
#include "http/validation/readers.hpp"

namespace cued::http {

/// `{"worker_id": …, "wait": …}`, which all claims send; only those that name no execution wait. Problems are noted in
/// `body`. Source: spec/executions.md §6; docs/claims.md.
[[nodiscard]] actors::claim_request read_claim(object_reader& body, const request& in);

} // namespace cued::http
