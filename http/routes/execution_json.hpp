#pragma once

#include "domain/json/value.hpp"
#include "persistence/executions.hpp"

/// How executions look on the wire: the thirteen members of spec/executions.md §2 in their order, then those beyond
/// them that clients look for (spec/clients.md §8 #2), the evidence inside `outcome`, and how late it was
/// (docs/policies.md).
namespace cued::http {

/// In lists and in a cue's detail: without what has no size limit of its own.
void write_execution(json::writer& w, const persistence::execution_row& execution);

/// On its own: with `outcome.artifacts` and `outcome.evidence_metadata`.
void write_execution(json::writer& w, const persistence::execution_detail& detail);

/// An instant that may be missing, in Z form.
void write_time_or_null(json::writer& w, const std::optional<instant>& at);

} // namespace cued::http
